// One session from its beginning to its end, in one tab or a few.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { RefreshRefused } from '../../src/errors.js'
import type { SyncAuthOptions } from '../../src/auth/options.js'
import type { AuthErrorCode, SyncAuth } from '../../src/types.js'
import { Browser, type Tab, type Way } from '../sim/browser.js'
import { AuthServer, claimsOf, HTTPError, mint } from '../sim/server.js'
import { World } from '../sim/world.js'

const s = 1000
const m = 60 * s

class Scene {
  readonly world = new World(3)
  readonly server = new AuthServer(this.world)
  readonly browser: Browser

  constructor(way: Way = 'worker') {
    this.browser = new Browser(this.world, this.server, way)
  }

  async open(options: SyncAuthOptions = {}): Promise<Tab> {
    const tab = this.browser.open(options)
    await this.world.pass(3 * s)
    return tab
  }

  async result<T>(work: Promise<T>, ms = 3 * s): Promise<T> {
    let done = false
    void work.then(() => { done = true }, () => { done = true })
    await this.world.pass(ms)
    assert.ok(done, `no result within ${ms} ms`)
    return work
  }

  token(auth: SyncAuth, options?: { forceRefresh?: boolean }): Promise<string | null> {
    return this.result(auth.getToken(options))
  }
}

const scene = (way?: Way) => new Scene(way)
const look = ({ auth: { state } }: Tab) => [state.status, state.userId, state.error]
const ok = (world: World, fields = {}) => ({ userId: 'alice', expiresAt: null, serverTime: world.now, status: 'valid', ...fields })

describe('a session', () => {
  test('is anonymous where nobody is logged in, and the application is asked once', async () => {
    const at = scene()
    const a = await at.open()
    const b = await at.open()
    assert.deepEqual([look(a), look(b)], [['anonymous', null, null], ['anonymous', null, null]])
    assert.equal(await at.token(b.auth), null)
    assert.equal(at.server.asked, 1)
  })

  test('begins with a refresh, and with signIn', async () => {
    const at = scene()
    at.server.login('alice')
    const tab = await at.open()
    assert.deepEqual(look(tab), ['authenticated', 'alice', null])
    const other = scene()
    const late = await other.open()
    await other.result(late.auth.signIn(other.server.login('bob')))
    assert.deepEqual(look(late), ['authenticated', 'bob', null])
  })

  test('begins with signIn() once the application has logged somebody in, and says why where it does not', async () => {
    const at = scene()
    const tab = await at.open()
    await assert.rejects(at.result(tab.auth.signIn()), HTTPError)
    at.server.login('carol')
    await at.result(tab.auth.signIn())
    assert.deepEqual(look(tab), ['authenticated', 'carol', null])
  })

  test('is not ended by a network that is gone: it is offline, tries again, and comes back', async () => {
    const at = scene()
    at.server.login('alice')
    const tab = await at.open()
    const held = await at.token(tab.auth)
    at.server.reachable = false
    await at.world.pass(30 * m)
    assert.deepEqual(look(tab), ['offline', 'alice', 'OFFLINE'])
    assert.equal(await at.token(tab.auth), held, 'the older token, for the server to judge')
    at.server.reachable = true
    await at.world.pass(2 * m)
    assert.deepEqual(look(tab), ['authenticated', 'alice', null])
  })

  test('tries a forced refresh that failed again, though its token is good', async () => {
    const at = scene()
    at.server.login('alice')
    const tab = await at.open()
    at.server.reachable = false
    await at.token(tab.auth, { forceRefresh: true })
    assert.equal(look(tab)[0], 'offline')
    at.server.reachable = true
    await at.world.pass(m)
    assert.equal(look(tab)[0], 'authenticated')
  })

  test('that begins by signIn() while the page still asks is begun all the same', async () => {
    const at = scene()
    const tabs = [at.browser.open(), at.browser.open()]
    await at.world.pass(150)
    at.server.login('bob')
    await at.result(tabs[1]?.auth.signIn() as Promise<void>, 10 * s)
    assert.deepEqual(tabs.map(look), [['authenticated', 'bob', null], ['authenticated', 'bob', null]])
  })

  test('backs off while the network is gone, and the browser\'s word that it is back ends the wait', async () => {
    const at = scene()
    at.server.login('alice')
    let attempts = 0
    const refresh = at.server.refreshFor('tab1')
    const tab = await at.open({ refresh: (c) => { attempts++; return refresh(c) }, backoff: { cap: 30 * m, base: 30 * m } })
    at.server.reachable = false
    await at.world.pass(20 * m)
    const before = attempts
    assert.ok(before > 1 && before < 8, `${before} attempts`)
    at.server.reachable = true
    tab.wake(true)
    await at.world.pass(s)
    assert.equal(tab.auth.state.status, 'authenticated')
  })

  test('takes an application that throws nonsense, or never answers, for a network that is gone', async () => {
    for (const refresh of [() => Promise.reject(new Error('bug')), () => { throw new TypeError('bug') }, () => new Promise<string>(() => {}), () => Promise.resolve(undefined as unknown as string)]) {
      const at = scene()
      const errors: unknown[] = []
      const tab = await at.open({ refresh, onRefreshError: (e) => errors.push(e) })
      await at.world.pass(m)
      await at.result(tab.auth.signIn(at.server.login('alice')))
      await at.world.pass(20 * m)
      assert.deepEqual(look(tab), ['offline', 'alice', 'OFFLINE'])
      assert.ok(errors.length > 0)
    }
  })

  test('is ended by a refused refresh, in all tabs', async () => {
    for (const error of [new RefreshRefused(), new HTTPError(403)]) {
      const at = scene()
      const tab = await at.open({ refresh: () => Promise.reject(error) })
      const other = await at.open()
      await at.result(tab.auth.signIn(at.server.login('alice')))
      at.server.logout()
      await at.world.pass(10 * m)
      assert.deepEqual([look(tab), look(other)], [['signed-out', null, 'REFRESH_REFUSED'], ['signed-out', null, 'REFRESH_REFUSED']])
      assert.equal(await at.token(other.auth), null)
    }
  })

  test('is in grace once its token has expired, until a newer one is there', async () => {
    const at = scene()
    const tab = await at.open({ refresh: undefined as unknown as NonNullable<SyncAuthOptions['refresh']> })
    await at.result(tab.auth.signIn(at.server.login('alice')))
    await at.world.pass(9 * m)
    assert.equal(tab.auth.state.status, 'authenticated')
    await at.world.pass(2 * m)
    assert.equal(tab.auth.state.status, 'grace')
  })

  test('has another epoch where the refresh brings a token of another user', async () => {
    const at = scene()
    at.server.login('alice')
    const tab = await at.open()
    const { epoch } = tab.auth.state
    at.server.login('bob')
    await at.world.pass(9 * m)
    assert.deepEqual([look(tab), tab.auth.state.epoch], [['authenticated', 'bob', null], epoch + 1])
  })

  test('of a stored token goes on after a reload without a refresh, and of an unstored one with one refresh', async () => {
    for (const stored of [true, false]) {
      const at = scene()
      at.browser.keepsToken = stored
      at.server.login('alice')
      at.browser.kill(await at.open())
      assert.equal(at.browser.stored?.includes('signature'), stored)
      const before = at.server.asked
      at.server.reachable = false
      const again = await at.open()
      assert.equal(again.auth.state.userId, 'alice', 'known offline')
      at.server.reachable = true
      await at.world.pass(m)
      assert.equal(look(again)[0], 'authenticated')
      assert.ok(at.server.asked - before <= 1) // the worker may have remembered it
    }
  })

  test('hands a follower without refresh the tokens of a tab that has one', async () => {
    const at = scene()
    at.server.login('alice')
    const tab = await at.open()
    const follower = at.browser.open({ refresh: undefined as unknown as NonNullable<SyncAuthOptions['refresh']> })
    const first = await at.token(follower.auth)
    assert.equal(first, await at.token(tab.auth))
    const forced = await at.token(follower.auth, { forceRefresh: true })
    assert.notEqual(forced, first)
    assert.equal(forced, await at.token(tab.auth))
  })

  test('can be had without storage at all', async () => {
    const at = scene()
    at.browser.storageWorks = false
    at.server.login('alice')
    const tab = await at.open()
    const other = await at.open()
    assert.deepEqual([look(tab), look(other)], [['authenticated', 'alice', null], ['authenticated', 'alice', null]])
    await at.result(tab.auth.signOut())
    assert.equal(await at.token(other.auth), null)
  })
})

describe('a logout', () => {
  test('is known at once here, and in all tabs within 200 ms', async () => {
    const at = scene()
    at.server.login('alice')
    const tabs = [await at.open(), await at.open(), await at.open()]
    void tabs[0]?.auth.signOut()
    assert.equal(tabs[0]?.auth.state.status, 'signed-out')
    await at.world.pass(200)
    for (const tab of tabs) assert.deepEqual(look(tab), ['signed-out', null, null])
  })

  test('is not undone by a refresh that was in flight', async () => {
    for (const wait of [0, 20, 60, 100, 140, 200, 300]) {
      const at = scene()
      at.server.login('alice')
      const [a, b] = [await at.open(), await at.open()]
      void a.auth.getToken({ forceRefresh: true })
      await at.world.pass(wait)
      const seen: string[] = []
      void b.auth.signOut()
      b.auth.subscribe(({ status }) => seen.push(status))
      await at.world.pass(m)
      assert.deepEqual([look(a), look(b)], [['signed-out', null, null], ['signed-out', null, null]])
      assert.deepEqual(seen, [])
      assert.equal(at.browser.stored?.includes('alice'), false)
    }
  })

  test('that a tab slept through gives it no old token, nor shows it one, with a refresh of its own in flight', async () => {
    for (const marks of [true, false]) {
      const at = scene()
      at.browser.marks = marks
      at.server.login('alice')
      const [a, b] = [await at.open(), await at.open()]
      const seen: string[] = []
      void b.auth.getToken({ forceRefresh: true })
      while (at.server.asked < 2) await at.world.pass(1)
      at.world.freeze(b.name)
      await at.world.pass(s) // the answer is there when it wakes, ahead of all else
      await at.result(a.auth.signOut())
      await at.world.pass(m)
      b.auth.subscribe(({ status }) => seen.push(status))
      at.world.thaw(b.name)
      const token = b.auth.getToken() // before it has heard a word
      assert.equal(await at.result(token), null)
      assert.ok(!seen.includes('authenticated'), seen.join())
    }
  })

  test('runs its listeners while the session is still there, in this tab alone, and waits for them', async () => {
    const at = scene()
    at.server.login('alice')
    const [a, b] = [await at.open(), await at.open()]
    const calls: unknown[] = []
    a.auth.onSignOut(async (options) => {
      calls.push([a.auth.state.status, options])
      await new Promise<void>((resolve) => at.world.after('tab1', 50, resolve))
      calls.push('done')
    })
    b.auth.onSignOut(() => { calls.push('b') })
    await at.result(a.auth.signOut({ pending: 'discard' }))
    assert.deepEqual(calls, [['authenticated', { pending: 'discard' }], 'done'])
  })

  test('right behind a login, before that is done, wins', async () => {
    for (const form of ['with a token', 'without']) {
      const at = scene()
      const { auth, ...tab } = await at.open()
      const token = at.server.login('bob')
      const login = auth.signIn(form === 'with a token' ? token : undefined)
      void auth.signOut()
      await assert.rejects(at.result(login), /signed out/)
      assert.deepEqual(look({ auth, ...tab }), ['signed-out', null, null])
    }
  })

  test('and a login at one moment in two tabs leave both with the same', async () => {
    for (let ms = 0; ms < 40; ms += 2) {
      const at = scene()
      at.server.login('alice')
      const [a, b] = [await at.open(), await at.open()]
      void a.auth.signIn(at.server.login('bob'))
      await at.world.pass(ms)
      void b.auth.signOut()
      await at.world.pass(5 * s)
      assert.deepEqual(look(a), look(b))
      assert.notEqual(a.auth.state.userId, 'alice')
    }
  })

  test('stays where the tab that made it dies at once, and nobody else had heard of it', async () => {
    const at = scene('locks')
    at.browser.keepsToken = true
    at.server.login('alice')
    const tab = await at.open()
    void tab.auth.signOut()
    at.browser.kill(tab)
    const again = await at.open()
    assert.deepEqual([look(again), await at.token(again.auth)], [['signed-out', null, null], null])
  })
})

describe('what the server says', () => {
  const refusals: [AuthErrorCode, string, string][] = [
    ['AUTH_REQUIRED', 'refresh', 'authenticated'], ['TOKEN_EXPIRED', 'refresh', 'authenticated'], ['TOKEN_INVALID', 'refresh', 'authenticated'],
    ['USER_NOT_FOUND', 'sign-out', 'signed-out'], ['SESSION_REVOKED', 'sign-out', 'signed-out'],
    ['FORBIDDEN', 'stop', 'authenticated'], ['BAD_FRAME', 'stop', 'authenticated'], ['MESSAGE_TOO_BIG', 'stop', 'authenticated'],
    ['RATE_LIMITED', 'backoff', 'authenticated'], ['AUTH_UNAVAILABLE', 'backoff', 'authenticated'],
    ['UPSTREAM_UNAVAILABLE', 'backoff', 'authenticated'], ['DRAINING', 'backoff', 'authenticated'],
  ]
  for (const [code, next, status] of refusals) {
    test(`${code}: ${next}`, async () => {
      const at = scene()
      at.server.login('alice')
      const [a, b] = [await at.open(), await at.open()]
      const token = await at.token(a.auth)
      assert.equal(a.auth.reportRefused(code, token), next)
      const wanted = at.server.granted
      await at.world.pass(5 * s)
      const ended = status === 'signed-out' ? code : null
      assert.deepEqual([a.auth.state.status, b.auth.state.status, b.auth.state.error], [status, status, ended])
      assert.equal(at.server.granted - wanted, next === 'refresh' ? 1 : 0)
    })
  }

  test('TOKEN_INVALID twice in a row: log in; with an acceptance between: another refresh', async () => {
    const at = scene()
    at.server.login('alice')
    const { auth } = await at.open()
    assert.equal(auth.reportRefused('TOKEN_INVALID', await at.token(auth)), 'refresh')
    auth.reportAccepted(ok(at.world), await at.token(auth))
    assert.equal(auth.reportRefused('TOKEN_INVALID', await at.token(auth)), 'refresh')
    assert.equal(auth.reportRefused('TOKEN_INVALID', await at.token(auth)), 'login')
    assert.deepEqual([auth.state.status, auth.state.error], ['signed-out', 'TOKEN_INVALID'])
  })

  test('a refusal of an older token, or of another login\'s, ends no newer session', async () => {
    const at = scene()
    at.server.login('alice')
    const { auth } = await at.open()
    const first = await at.token(auth)
    await at.result(auth.signOut())
    await at.result(auth.signIn(at.server.login('bob')))
    const own = await at.token(auth)
    const newer = await at.token(auth, { forceRefresh: true })
    for (const token of [first, own, 'never handed out']) assert.equal(auth.reportRefused('SESSION_REVOKED', token), 'refresh')
    assert.equal(auth.state.userId, 'bob')
    auth.reportAccepted(ok(at.world), first)
    assert.equal(auth.state.userId, 'bob', 'the name that an older login\'s connection was given')
    assert.equal(auth.reportRefused('SESSION_REVOKED', newer), 'sign-out')
  })

  test('the name and the clock of auth.ok count, in all tabs', async () => {
    const at = scene()
    at.server.login('alice')
    const [a, b] = [await at.open(), await at.open()]
    a.auth.reportAccepted(ok(at.world, { userId: 'user-77', serverTime: at.world.now + 5 * m }), await at.token(a.auth))
    const before = at.server.granted
    await at.world.pass(4 * m)
    assert.equal(b.auth.state.userId, 'user-77')
    assert.equal(at.server.granted - before, 1, 'refreshed by the server\'s clock')
  })

  test('an anonymous admission names nobody', async () => {
    const at = scene()
    at.server.login('alice')
    const { auth } = await at.open()
    auth.reportAccepted(ok(at.world, { userId: 'anonymous', status: 'anonymous' }), await at.token(auth))
    assert.equal(auth.state.userId, 'alice')
  })

  test('an admission in grace has the token refreshed', async () => {
    const at = scene()
    at.server.login('alice')
    const { auth } = await at.open()
    const token = await at.token(auth)
    auth.reportAccepted(ok(at.world, { status: 'grace' }), token)
    await at.world.pass(5 * s)
    assert.notEqual(await at.token(auth), token)
  })
})

describe('getToken', () => {
  test('fetches a token that expires in a moment before it hands it out', async () => {
    const at = scene()
    at.server.login('alice')
    const tab = await at.open()
    at.world.freeze(tab.name) // a laptop's lid
    await at.world.pass(11 * m)
    at.world.thaw(tab.name)
    const token = await at.token(tab.auth)
    assert.ok(Number(claimsOf(token ?? '')['exp']) * 1000 > at.world.now)
  })

  test('can be aborted, and rejects with nothing else', async () => {
    const at = scene()
    at.server.reachable = false
    at.server.latency = () => 5 * s
    const { auth } = await at.open()
    const abort = new AbortController()
    const token = auth.getToken({ signal: abort.signal })
    abort.abort(new Error('enough'))
    await assert.rejects(at.result(token), /enough/)
    await assert.rejects(auth.getToken({ signal: abort.signal }), /enough/)
  })

  test('answers null after close, and nothing goes on', async () => {
    const at = scene()
    at.server.login('alice')
    const { auth } = await at.open()
    auth.close()
    await at.world.pass(30 * m)
    assert.equal(at.server.asked, 1)
    assert.equal(await at.token(auth), null)
  })

  test('has one refresh for all who ask at once', async () => {
    const at = scene()
    at.server.login('alice')
    const { auth } = await at.open()
    const before = at.server.asked
    const tokens = await at.result(Promise.all([1, 2, 3, 4].map(() => auth.getToken({ forceRefresh: true }))))
    assert.equal(new Set(tokens).size, 1)
    assert.equal(at.server.asked - before, 1)
  })
})

test('no error and no state holds a token', async () => {
  const at = scene()
  const secret = mint({ sub: 'alice', secret: 'hidden' })
  const errors: unknown[] = []
  const { auth } = await at.open({ refresh: () => Promise.resolve({ token: 5, hint: secret } as unknown as string), onRefreshError: (e) => errors.push(String(e)) })
  await at.result(auth.signIn(secret))
  await at.token(auth, { forceRefresh: true })
  assert.ok(errors.length > 0)
  assert.ok(!JSON.stringify([errors, auth.state]).includes(secret))
})
