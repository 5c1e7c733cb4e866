// How the page looks: on every width, light and dark, to those who listen.
import { until, equal } from './harness.mjs'
import { Panel, newName, seen, visit, switchTo } from './page.mjs'

const widths = [320, 360, 375, 390, 600, 768, 900, 1100, 1280, 1600, 1920]
const device = { phone: { width: 390, height: 844 }, desktop: { width: 1440, height: 900 } }
const narrow = { width: 320, height: 640 }

// busy fills the page with the longest things it can show.
async function busy(panel) {
  await panel.send('w'.repeat(200))
  await panel.send('Nobody expects a whole sentence in a demo, but here is one.')
  await panel.authService(false)
  await panel.press('Break my token')
  await panel.refused(4401, 'TOKEN_INVALID')
}

// faint returns the texts whose contrast with their ground is under 4.5:1.
const faint = () => {
  const parse = (color) => color.match(/[\d.]+/g).map(Number)
  const luminance = ([r, g, b]) => [r, g, b].map((v) => v / 255).map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0)
  const ground = (e) => {
    for (; e; e = e.parentElement) {
      const color = parse(getComputedStyle(e).backgroundColor)
      if (color[3] !== 0) return color
    }
    return [255, 255, 255]
  }
  const bad = []
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const e = node.parentElement
    if (!node.data.trim() || !e.checkVisibility() || e.closest('.hide, script, template')) continue
    const [a, b] = [parse(getComputedStyle(e).color), ground(e)].map(luminance)
    const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05)
    if (contrast < 4.5) bad.push(`${contrast.toFixed(2)}: ${node.data.trim().slice(0, 40)}`)
  }
  return bad
}

// unnamed returns the controls that a screen reader could not name.
const unnamed = () => [...document.querySelectorAll('button, input, meter, [role=region], [tabindex]')]
  .filter((e) => e.checkVisibility())
  .filter((e) => !(e.getAttribute('aria-label') || e.labels?.[0]?.textContent.trim() || (e.tagName === 'BUTTON' && e.textContent.trim())))
  .map((e) => e.outerHTML.slice(0, 80))

export const looks = (shots) => ({
  'no width scrolls sideways': async (newContext) => {
    const panel = await visit(await newContext(), newName('a-name-of-many-letters'))
    await switchTo(panel.page, 'off')
    await panel.press('Reconnect') // the token as it arrives is the longest word there is
    await panel.happened(/nobody’s name/)
    await switchTo(panel.page, 'enforce')
    await busy(panel)
    for (const width of widths) {
      await panel.page.setViewportSize({ width, height: 800 })
      const over = await panel.page.evaluate(() => [...document.querySelectorAll('body *')]
        .filter((e) => e.checkVisibility() && !e.closest('.hide') && e.getBoundingClientRect().right > innerWidth + 0.5).map((e) => e.outerHTML.slice(0, 60)))
      equal(over, [], `what sticks out at ${width} px`)
      equal(await panel.page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), true, `no sideways scroll at ${width} px`)
    }
  },

  'every control has a name and every text its contrast, light and dark': async (newContext) => {
    for (const colorScheme of ['light', 'dark']) {
      const panel = await visit(await newContext({ colorScheme }), newName('xue'))
      await busy(panel)
      for (const mode of ['observe', 'off', 'enforce']) {
        await switchTo(panel.page, mode)
        equal(await panel.page.evaluate(faint), [], `faint texts, ${colorScheme}, ${mode}`)
      }
      equal(await panel.page.evaluate(unnamed), [], 'controls without a name')
    }
  },

  'a press of a button moves no button': async (newContext) => {
    for (const viewport of [narrow, ...Object.values(device)]) {
      const panel = await visit(await newContext({ viewport }), newName('yan'))
      const places = () => panel.root.locator('.buttons button, .line button').evaluateAll((all) => all.map((e) => {
        const { x, y } = e.getBoundingClientRect()
        return [x, y + scrollY].map(Math.round)
      }))
      const before = await places()
      for (const name of ['Break my token', 'Try without one', 'Expire past grace', 'Expire my token', 'Refresh']) {
        await panel.press(name)
        await until('something has happened', async () => (await panel.history())[0].n > panel.mark)
        equal(await places(), before, `places after ${name}`)
      }
    }
  },

  'pictures of it are taken': async (newContext) => {
    for (const [name, viewport] of Object.entries(device)) {
      for (const colorScheme of ['light', 'dark']) {
        const context = await newContext({ viewport, colorScheme, deviceScaleFactor: 2, isMobile: name === 'phone', hasTouch: name === 'phone' })
        const page = await context.newPage()
        await page.goto('/')
        await until('the clients', async () => (await page.getByText('connected', { exact: true }).count()) === (name === 'phone' ? 1 : 2))
        const [first, last] = ['first', 'last'].map((which) => new Panel(page, page.locator('.client')[which]()))
        await first.send('Shall we ship it on Friday?')
        if (name !== 'phone') await last.send('After the review, yes.')
        await last.sees('alice', 'Shall we ship it on Friday?')
        await seen(page, 'alice', (c) => c.state === 'open' && c.frames.length > 1)
        await last.authService(false)
        await last.press('Break my token')
        await last.refused(4401, 'TOKEN_INVALID')
        await seen(page, await last.at('who').textContent(), (c) => c.state === 'closed')
        await page.mouse.move(0, 0)
        await page.screenshot({ path: `${shots}/${name}-${colorScheme}.png`, fullPage: name === 'phone' })
      }
    }
  },
})
