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
