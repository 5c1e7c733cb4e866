// node tabs.mjs WORLD SIDECAR CHROMIUM: tabs of page.html in headless Chromium.
import { equal, run } from '../demo/harness.mjs'
import { empty, opened, push, worldAt } from './tab.mjs'

const [world, sidecar, executablePath] = process.argv.slice(2)

const { control, stored, tab } = worldAt(world, sidecar)

const cases = {
  'events outlive the tab that they were pushed in': async (newContext) => {
    const context = await newContext()
    const one = await tab(context, 'alice')
    await opened(one)
    await control('mute', { mute: true }) // what is sent from now on is not known to have come
    await push(one, ['e1', 'e2', 'e3'])
    await one.close()
    await control('mute', { mute: false })
    const two = await tab(context, 'alice')
    await empty(two)
    equal([...new Set((await stored()).map((e) => `${e.id} ${e.user}`))], ['e1 alice', 'e2 alice', 'e3 alice'], 'stored')
  },

  'of five tabs one sends, and another takes over when it is closed': async (newContext) => {
    const context = await newContext()
    const tabs = []
    for (let i = 0; i < 5; i++) tabs.push(await tab(context, 'alice'))
    for (const page of tabs) await opened(page)
    await Promise.all(tabs.map((page, i) => push(page, Array.from({ length: 4 }, (_, n) => `t${i}-${n}`))))
    await tabs[0].close()
    await empty(tabs[1])
    const all = (await stored()).map((e) => e.id)
    equal(new Set(all).size, 20, 'events')
    for (let i = 0; i < 5; i++) equal([...new Set(all)].filter((id) => id.startsWith(`t${i}`)), [0, 1, 2, 3].map((n) => `t${i}-${n}`), 'the order of a tab')
    equal(all.length <= 21, true, `at most the one under way is repeated: ${all.length} stored`)
  },
}

await run({ url: world, executablePath, cases, before: () => control('reset') })
