import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Browser, type Way } from '../sim/browser.js'
import { AuthServer, claimsOf } from '../sim/server.js'
import { World } from '../sim/world.js'

const minutes = 60_000

function setUp(way: Way, seed = 1) {
  const world = new World(seed)
  const server = new AuthServer(world)
  return { world, server, browser: new Browser(world, server, way) }
}

for (const way of ['worker', 'locks'] as const) {
  describe(`tabs that take turns by ${way}`, () => {
    for (let seed = 1; seed <= 10; seed++) {
      test(`five tabs that open at once fetch one token, and one each time it expires (${seed})`, async () => {
        const { world, server, browser } = setUp(way, seed)
        server.login('alice')
        const before = server.granted
        const tabs = [1, 2, 3, 4, 5].map(() => browser.open())
        await world.pass(5_000)
        assert.equal(server.granted - before, 1)
        for (const tab of tabs) assert.deepEqual([tab.auth.state.status, tab.auth.state.userId], ['authenticated', 'alice'])
        await world.pass(9 * minutes)
        assert.equal(server.granted - before, 2)
        assert.equal(server.asked, 2)
        const tokens = new Set()
        for (const tab of tabs) void tab.auth.getToken().then((t) => tokens.add(t))
        await world.pass(1_000)
        assert.equal(tokens.size, 1)
        assert.equal(claimsOf([...tokens][0] as string)['n'], server.granted)
      })
    }
  })
}

for (const way of ['worker', 'locks', 'chance'] as const) {
  test(`tabs that are hidden for eight hours stay logged in, though their timers ring once a minute: ${way}`, async () => {
    const { world, server, browser } = setUp(way)
    server.login('alice')
    const tabs = [browser.open(), browser.open()]
    await world.pass(5_000)
    const before = server.asked
    const seen = new Set<string>()
    tabs.forEach((tab) => { world.hide(tab.name); tab.auth.subscribe(({ status }) => seen.add(status)) })
    await world.pass(480 * minutes)
    // With ten minutes' lifetime a refresh is due after eight. Without turns there is more to wait for.
    const wanted = ['authenticated', ...(way === 'chance' ? ['grace'] : []), 'refreshing']
    assert.deepEqual([...seen].sort(), wanted)
    // Whoever has the turn loses it while a timer is held back: then two refresh, and nobody is signed out by that.
    const asked = server.asked - before
    assert.ok(asked >= 43 && asked <= 3 * 48, `${asked} refreshes`)
    for (const { name, wake } of tabs) { world.show(name); wake() }
    await world.pass(1_000)
    for (const tab of tabs) assert.deepEqual([tab.auth.state.status, tab.auth.state.userId], ['authenticated', 'alice'])
  })

  test(`a hidden tab learns of a logout in another at once: ${way}`, async () => {
    const { world, server, browser } = setUp(way)
    server.login('alice')
    const [shown, hidden] = [browser.open(), browser.open()]
    await world.pass(5_000)
    world.hide(hidden.name)
    await world.pass(10 * minutes)
    void shown.auth.signOut()
    await world.pass(200)
    assert.equal(hidden.auth.state.status, 'signed-out')
  })
}

test('a page that comes back from the history is woken by the worker again', async () => {
  const { world, server, browser } = setUp('worker')
  server.lifetime = 150 // due after two minutes
  server.login('alice')
  const tab = browser.open()
  await world.pass(5_000)
  tab.leave()
  await world.pass(1_000)
  tab.wake()
  await world.pass(1_000)
  world.hide(tab.name)
  const before = server.asked
  await world.pass(3 * minutes)
  assert.equal(server.asked - before, 1, 'by its own timers, which ring once a minute, it would be a minute later')
})

describe('tabs that have no way to take turns', () => {
  for (let seed = 1; seed <= 10; seed++) {
    test(`may fetch more than one token, but end with the same one, and signed in (${seed})`, async () => {
      const { world, server, browser } = setUp('chance', seed)
      server.login('alice')
      const tabs = [1, 2, 3, 4, 5].map(() => browser.open())
      await world.pass(9 * minutes)
      for (const tab of tabs) assert.deepEqual([tab.auth.state.status, tab.auth.state.epoch], ['authenticated', tabs[0]?.auth.state.epoch])
      const tokens = new Set()
      for (const tab of tabs) void tab.auth.getToken().then((t) => tokens.add(t))
      await world.pass(1_000)
      assert.equal(tokens.size, 1)
    })
  }
})
