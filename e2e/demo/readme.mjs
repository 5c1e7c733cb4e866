// node readme.mjs URL CHROMIUM: what client/README.md says of its application, in
// two tabs of it at URL.
import { equal, run, until } from './harness.mjs'

const [url, executablePath] = process.argv.slice(2)

const cases = {
  'the tab of the README works': async (newContext) => {
    const context = await newContext()
    const tabs = [await context.newPage(), await context.newPage()]
    const said = (page) => page.locator('#said li').allTextContents()
    const saysOf = async (page, type) => (await said(page)).filter((text) => text.includes(`"${type}"`)).length
    const who = (page) => page.locator('#who').textContent()
    const all = (what, ok) => until(what, async () => (await Promise.all(tabs.map(ok))).every(Boolean))
    for (const page of tabs) await page.goto('/')

    await all('both are connected', async (page) => /^authenticated me until /.test(await who(page)) && await page.locator('#send').isEnabled())
    await all('ready in both', async (page) => await saysOf(page, 'ready') === 1)
    await tabs[0].locator('#send').click()
    await all('the event is in both', async (page) => await saysOf(page, 'event') === 1)
    await until('the ack is in one', async () => await saysOf(tabs[0], 'ack') === 1)

    const before = await who(tabs[0])
    await all('a newer token', async (page) => /^authenticated me until /.test(await who(page)) && await who(page) !== before)
    for (const page of tabs) equal(await saysOf(page, 'ready'), 1, 'connections, after the token was renewed')

    await tabs[0].locator('#out').click()
    await all('both are signed out', async (page) => (await who(page)).startsWith('signed-out') && await page.locator('#send').isDisabled())
    await tabs[1].reload()
    await until('a reload says so too', async () => (await who(tabs[1])).startsWith('signed-out'))
    await tabs[0].locator('#in').click()
    await all('both are back', async (page) => /^authenticated me/.test(await who(page)) && await page.locator('#send').isEnabled())
  },
}

await run({ url, executablePath, cases, before: () => {}, expected: { 'the tab of the README works': /favicon|404/ } })
