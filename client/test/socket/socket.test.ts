import assert from 'node:assert/strict'
import { test } from 'node:test'
import { socketClass, SyncSocket } from '../../src/index.js'
import { FakeAuth, FakeWebSocket, channel, ok, settle, stage } from './fakes.js'

const error = (code: string, change = {}) => ({ type: 'auth.error', channel, code, message: 'x', retryable: true, retryAfterMs: 0, ...change })

test('the first frame carries the token and asks for Syncward\'s messages; the socket opens when the server has said who it is', async () => {
  const s = stage()
  assert.equal(s.socket.readyState, s.socket.CONNECTING)
  await settle()
  assert.equal(s.ws.url, 'ws://sync.test/')
  assert.deepEqual(s.ws.protocols, []) // a browser refuses a server that selects none of those offered
  s.ws.open()
  assert.deepEqual(s.ws.frames, [{ type: 'init', instanceId: 'i1', authToken: 'a1', authProtocol: 1 }])
  assert.equal(s.socket.session, null)
  assert.throws(() => s.socket.send('x'), { name: 'InvalidStateError' })
  s.ws.says(ok())
  assert.deepEqual(s.log, ['auth.ok alice', 'session', 'open'])
  assert.deepEqual(s.socket.session, { mode: 'auth', userId: 'alice', connectionId: 'k1', anonymous: false })
  s.socket.send('x')
  assert.equal(s.ws.sent[1], 'x')
  assert.equal(s.socket.readyState, s.socket.OPEN)
})

test('without an auth.ok it is a plain socket: at once when the server speaks first, else after three seconds', async () => {
  for (const speaks of [true, false]) {
    const s = stage()
    await settle()
    s.ws.open()
    if (speaks) s.ws.says('hello')
    await s.clock.advance(2999)
    assert.deepEqual(s.log, speaks ? ['session', 'open', 'message hello'] : [])
    await s.clock.advance(1)
    assert.deepEqual(s.log, speaks ? ['session', 'open', 'message hello'] : ['session', 'open'])
    assert.equal(s.socket.session?.mode, 'plain')
    s.auth.token = 'a2'
    s.auth.change({ expiresAt: 2 })
    await s.auth.signOut()
    assert.equal(s.ws.sent.length, 1, 'no auth.* may be sent in plain mode')
  }
})

test('what the server closes with decides what follows', async () => {
  const cases: [close: [number, string], answer: ReturnType<FakeAuth['reportRefused']>, said: Record<string, unknown> | null, want: string, dialsAfter: number | null][] = [
    [[1006, ''], 'stop', null, 'lost 1006  -> backoff 500', 500],
    [[1012, 'DRAINING'], 'backoff', error('DRAINING', { retryAfterMs: 5000 }), 'lost 1012 DRAINING -> backoff 5500', 5500],
    [[1012, 'DRAINING'], 'backoff', null, 'lost 1012 DRAINING -> backoff 500', 500],
    [[4429, 'RATE_LIMITED'], 'backoff', error('RATE_LIMITED', { retryAfterMs: 7000 }), 'lost 4429 RATE_LIMITED -> backoff 7500', 7500],
    [[1006, ''], 'stop', error('RATE_LIMITED', { retryAfterMs: 7000 }), 'lost 1006  -> backoff 500', 500], // another matter
    [[1013, 'AUTH_UNAVAILABLE'], 'backoff', null, 'lost 1013 AUTH_UNAVAILABLE -> backoff 500', 500],
    [[4401, 'TOKEN_EXPIRED'], 'refresh', null, 'lost 4401 TOKEN_EXPIRED -> refresh 500', 500],
    [[4401, 'TOKEN_INVALID'], 'login', null, 'lost 4401 TOKEN_INVALID -> login null', null],
    [[4403, 'SESSION_REVOKED'], 'sign-out', null, 'lost 4403 SESSION_REVOKED -> sign-out null', null],
    [[4403, 'FORBIDDEN'], 'stop', null, 'close 4403 FORBIDDEN', null],
    [[4400, 'BAD_FRAME'], 'stop', null, 'close 4400 BAD_FRAME', null],
    [[1000, ''], 'stop', null, 'lost 1000  -> backoff 500', 500],
  ]
  for (const [[code, reason], answer, said, want, after] of cases) {
    const s = stage()
    s.auth.answer = answer
    s.auth.next = 'a2'
    const ws = await s.welcome()
    if (said !== null) ws.says(said)
    s.log.length = 0
    ws.ends(code, reason)
    await settle()
    assert.deepEqual(s.log, [want])
    if (after !== null) {
      await s.clock.advance(after - 1)
      assert.equal(s.all.length, 1, want)
    }
    await s.clock.advance(after === null ? 3_600_000 : 1)
    assert.equal(s.all.length, after === null ? 1 : 2, want)
    if (after !== null) s.ws.open()
    if (answer === 'refresh' && after !== null) assert.equal(s.ws.frames[0]?.['authToken'], 'a2', 'a new token is sent')
    assert.equal(s.socket.readyState, want.startsWith('close') ? 3 : 0)
  }
})

test('the server is never called in a loop, however it closes', async () => {
  const ends: [code: number, reason: string][] = [[1006, ''], [1012, 'DRAINING'], [4401, 'TOKEN_EXPIRED'], [4401, 'AUTH_REQUIRED'], [1008, ''], [4401, ''], [1013, 'AUTH_UNAVAILABLE']]
  for (const [code, reason] of ends) {
    for (const greeted of [true, false]) {
      const s = stage()
      s.clock.chance = 0 // the worst luck
      s.auth.next = 'a2'
      await settle()
      const began = s.clock.now()
      for (let i = 0; i < 50; i++) {
        s.ws.open()
        if (greeted) s.ws.says(ok())
        s.ws.ends(code, reason)
        await s.clock.advance(99)
        assert.equal(s.all.length, i + 1, `${code} ${reason}`)
        await s.clock.advance(1)
      }
      assert.ok(s.clock.now() - began >= 5000)
      s.clock.chance = 0.999
      s.ws.ends(code, reason)
      assert.match(s.log.at(-1) ?? '', /29\d\d\d$/, 'a connection that falls at once is no success')
      s.socket.close()
    }
  }
})

test('a connection that has stood makes the next delay a first one again', async () => {
  const s = stage()
  for (let i = 0; i < 6; i++) {
    await settle()
    s.ws.ends(1006)
    await s.clock.advance(30_000)
  }
  const ws = await s.welcome()
  await s.clock.advance(5000)
  ws.ends(1006)
  assert.deepEqual(s.log, ['lost 1006  -> backoff 500'])
})

test('a server without words gets one new token, and then time', async () => {
  const s = stage()
  await s.welcome()
  for (let i = 0; i < 4; i++) {
    s.ws.ends(1008)
    await s.clock.advance(15_000)
  }
  assert.deepEqual(s.auth.log.filter((l) => !l.startsWith('accepted')), ['token', 'forced', 'token', 'token', 'token'])
})

test('when the network is back it connects at once, but not before the server allows', async () => {
  for (const [retryAfterMs, want] of [[0, 100], [5000, 5000]] as const) {
    const s = stage()
    s.clock.chance = 0.99
    const ws = await s.welcome()
    ws.says(error('DRAINING', { retryAfterMs }))
    ws.ends(1012, 'DRAINING')
    const listeners = online
    for (const go of listeners) go()
    await s.clock.advance(want - 1)
    for (const go of listeners) go() // more of it changes nothing
    assert.equal(s.all.length, 1)
    await s.clock.advance(1)
    assert.equal(s.all.length, 2)
    s.socket.close()
  }
})

// Node has no window: the socket finds these on globalThis.
const online = new Set<() => void>()
Object.assign(globalThis, {
  addEventListener: (type: string, f: () => void) => { if (type === 'online') online.add(f) },
  removeEventListener: (_: string, f: () => void) => online.delete(f),
})

test('a newer token goes up the open socket, no more often than every five seconds', async () => {
  const s = stage()
  const ws = await s.welcome()
  const renew = async (token: string) => {
    s.auth.token = token
    s.auth.change({ expiresAt: (s.auth.state.expiresAt ?? 0) + 1 })
    await settle()
  }
  await renew('a2')
  await renew('a3')
  await renew('a4')
  assert.deepEqual(ws.frames.slice(1), [{ type: 'auth.refresh', authToken: 'a2' }])
  await s.clock.advance(5199)
  assert.equal(ws.sent.length, 2)
  await s.clock.advance(1)
  assert.deepEqual(ws.frames.slice(2), [{ type: 'auth.refresh', authToken: 'a4' }])
  s.auth.change({ error: 'OFFLINE' }) // no token: nothing to send
  await s.clock.advance(60_000)
  assert.equal(ws.sent.length, 3)
  assert.equal(s.all.length, 1)
})

test('a warning makes it ask for a new token', async () => {
  const s = stage()
  const ws = await s.welcome({ status: 'grace' })
  s.auth.next = 'a2'
  ws.says({ type: 'auth.warning', channel, code: 'TOKEN_IN_GRACE', expiredAt: 1, graceEndsAt: 2 })
  await settle()
  assert.deepEqual(ws.frames.slice(1), [{ type: 'auth.refresh', authToken: 'a2' }])
  assert.deepEqual(s.log, ['auth.warning TOKEN_IN_GRACE'])
})

test('a refused refresh is answered by what it was refused for', async () => {
  const cases: [code: string, retryAfterMs: number, wait: number, want: string | null][] = [
    ['RATE_LIMITED', 4000, 5200, 'a2'],
    ['AUTH_UNAVAILABLE', 6000, 6000, 'a2'],
    ['TOKEN_INVALID', 0, 5200, 'a3'],
    ['FORBIDDEN', 0, 60_000, null],
  ]
  for (const [code, retryAfterMs, wait, want] of cases) {
    const s = stage()
    const ws = await s.welcome()
    s.auth.token = 'a2'
    s.auth.next = 'a3'
    s.auth.change({ expiresAt: 2 })
    await settle()
    ws.says(error(code, { retryAfterMs }))
    await s.clock.advance(wait - 1)
    assert.equal(ws.sent.length, 2, code)
    await s.clock.advance(1)
    assert.deepEqual(ws.frames.slice(2), want === null ? [] : [{ type: 'auth.refresh', authToken: want }], code)
    assert.equal(s.log[0], `auth.error ${code}`)
  }
})

test('a refusal that a close belongs to is told to the login once', async () => {
  const s = stage()
  const ws = await s.welcome()
  s.auth.token = 'a2'
  s.auth.change({ expiresAt: 2 })
  await settle()
  ws.says(error('TOKEN_EXPIRED'))
  ws.ends(4401, 'TOKEN_EXPIRED')
  await s.clock.advance(60_000)
  assert.deepEqual(s.auth.log.filter((l) => l.startsWith('refused')), ['refused TOKEN_EXPIRED with a2'])
})

test('a log-out is told to the server, and nothing is dialled until somebody logs in', async () => {
  const s = stage()
  const ws = await s.welcome()
  await s.auth.signOut()
  assert.deepEqual(ws.frames.slice(1), [{ type: 'auth.logout' }])
  assert.equal(ws.closedWith?.code, 1000)
  assert.deepEqual(s.log, ['lost 1012 USER_CHANGED -> login null'])
  await s.clock.advance(3_600_000)
  assert.equal(s.all.length, 1)
  await s.auth.signIn('b1')
  await settle()
  s.ws.open()
  assert.equal(s.ws.frames[0]?.['authToken'], 'b1')
})

test('a session that ended by itself is not logged out everywhere', async () => {
  const s = stage()
  const ws = await s.welcome()
  s.auth.change({ status: 'signed-out', userId: null, epoch: 2, error: 'REFRESH_REFUSED' })
  assert.equal(ws.sent.length, 1)
  assert.equal(ws.closedWith?.code, 1000)
})

test('another user gets another connection, and nothing of the one before', async () => {
  const s = stage()
  const alices = await s.welcome()
  await s.auth.signIn('b1')
  assert.equal(s.socket.session, null)
  assert.throws(() => s.socket.send('for bob'), { name: 'InvalidStateError' })
  alices.says('for alice') // was on its way
  await settle()
  assert.deepEqual(s.log, ['lost 1012 USER_CHANGED -> backoff 0'])
  s.ws.open()
  assert.deepEqual(s.ws.frames, [{ type: 'init', instanceId: 'i1', authToken: 'b1', authProtocol: 1 }])
  s.ws.says(ok({ userId: 'bob' }))
  s.socket.send('from bob')
  assert.equal(alices.sent.length, 1)
  assert.equal(s.ws.sent[1], 'from bob')
})

test('a token that arrives for the last user is not used', async () => {
  const s = stage()
  let open = (): void => {}
  s.auth.gate = new Promise((resolve) => { open = resolve })
  await settle()
  s.auth.gate = Promise.resolve()
  await s.auth.signIn('b1')
  open()
  await settle()
  assert.equal(s.all.length, 1)
  s.ws.open()
  assert.equal(s.ws.frames[0]?.['authToken'], 'b1')
})

test('that the server has another name for the user than the token changes nothing', async () => {
  const s = stage()
  await s.welcome({ userId: 'alice@example.com' })
  await s.clock.advance(60_000)
  assert.equal(s.all.length, 1)
  assert.equal(s.auth.state.userId, 'alice@example.com')
  assert.equal(s.socket.session?.userId, 'alice@example.com')
})

test('one connection is one user\'s: a later auth.ok for another one ends it', async () => {
  const s = stage()
  const ws = await s.welcome()
  ws.says(ok({ userId: 'bob' }))
  assert.equal(ws.closedWith?.code, 1000)
  assert.deepEqual(s.log, ['lost 1006 USER_MISMATCH -> backoff 500'])
  assert.deepEqual(s.auth.log.filter((l) => l.startsWith('accepted bob')), [])
})

test('it never connects as nobody while somebody is logged in', async () => {
  const s = stage()
  s.auth.token = null
  await s.clock.advance(600_000)
  assert.equal(s.all.length, 0)
  s.auth.token = 'a1'
  await s.clock.advance(30_000)
  assert.equal(s.all.length, 1)
})

test('without a login it connects without a token, or waits', async () => {
  for (const anonymous of ['connect', 'wait'] as const) {
    const s = stage({ anonymous })
    s.auth.token = null
    s.auth.change({ status: 'anonymous', userId: null })
    await s.clock.advance(10_000)
    assert.equal(s.all.length, anonymous === 'connect' ? 1 : 0)
    if (anonymous === 'wait') continue
    s.ws.open()
    assert.deepEqual(s.ws.frames, [{ type: 'init', instanceId: 'i1', authProtocol: 1 }])
    s.auth.answer = 'refresh'
    s.ws.ends(4401, 'AUTH_REQUIRED') // no token will ever come of itself
    await s.clock.advance(600_000)
    assert.equal(s.all.length, 1)
    await s.auth.signIn('b1')
    await settle()
    assert.equal(s.all.length, 2)
  }
})

test('what was admitted while Syncward was off comes back with the same token when it is on again', async () => {
  const s = stage()
  await settle()
  s.ws.open()
  s.ws.says('hello')
  s.ws.ends(4401, 'AUTH_REQUIRED')
  assert.deepEqual(s.auth.log, ['token'])
  await s.clock.advance(1000)
  assert.deepEqual(s.auth.log, ['token', 'token'])
})

test('close is final, at every moment', async () => {
  const moments: [name: string, reach: (s: ReturnType<typeof stage>) => Promise<void>][] = [
    ['before it dials', async () => {}],
    ['while it dials', async () => { await settle() }],
    ['while it awaits auth.ok', async (s) => { await settle(); s.ws.open() }],
    ['open', async (s) => { await s.welcome() }],
    ['between two attempts', async (s) => { await s.welcome(); s.ws.ends(1006) }],
    ['logged out', async (s) => { await s.welcome(); await s.auth.signOut() }],
  ]
  for (const [name, reach] of moments) {
    const s = stage()
    await reach(s)
    const had = s.all.length
    s.log.length = 0
    s.socket.close(4000, 'enough')
    assert.ok(s.socket.readyState >= 2, name)
    if (had > 0 && s.ws.readyState === 2) s.ws.ends(4000, 'enough')
    await s.clock.advance(3_600_000)
    assert.deepEqual(s.log, ['close 4000 enough'], name)
    assert.equal(s.all.length, had, name)
    await s.auth.signIn('b1')
    await s.clock.advance(3_600_000)
    assert.equal(s.all.length, had, name)
    s.socket.send('nothing')
  }
  assert.throws(() => stage().socket.close(1001), { name: 'InvalidAccessError' })
  assert.throws(() => stage().socket.close(1000, 'x'.repeat(124)), { name: 'SyntaxError' })
})

test('a library can make its own connections with it', async () => {
  FakeWebSocket.dialled = []
  const auth = new FakeAuth()
  const Socket = socketClass({ auth, tokenField: '/payload/authToken', WebSocket: FakeWebSocket as unknown as typeof WebSocket })
  const socket: WebSocket = new Socket('https://sync.test/graphql', 'graphql-transport-ws')
  const log: string[] = []
  socket.onopen = () => { log.push('open'); socket.send('{"type":"connection_init"}') }
  socket.onmessage = ({ data }) => log.push(String(data))
  socket.onclose = ({ code, reason }) => log.push(`${code} ${reason}`)
  socket.onerror = () => log.push('error')
  await settle()
  const ws = FakeWebSocket.dialled[0] as FakeWebSocket
  assert.equal(ws.url, 'wss://sync.test/graphql')
  assert.deepEqual(ws.protocols, ['graphql-transport-ws'])
  ws.open()
  assert.deepEqual(ws.frames, [{ type: 'connection_init', payload: { authToken: 'a1' }, authProtocol: 1 }])
  ws.says(ok())
  ws.says('{"type":"connection_ack"}')
  ws.ends(4403, 'TOKEN_EXPIRED')
  await settle()
  assert.deepEqual(log, ['open', '{"type":"connection_ack"}', '4403 TOKEN_EXPIRED'])
  assert.deepEqual(auth.log.slice(-2), ['refused TOKEN_EXPIRED with a1', 'token'], 'the next one finds a new token')
  assert.equal(socket.readyState, socket.CLOSED)
  assert.equal(FakeWebSocket.dialled.length, 1)
  assert.equal(socket instanceof EventTarget && 'OPEN' in Socket, true)
})

test('syncward.v1 is offered on request, and is nothing that the application has chosen', async () => {
  const s = stage({ optIn: 'subprotocol', protocols: ['a.v1'] })
  await settle()
  assert.deepEqual(s.ws.protocols, ['a.v1', 'syncward.v1'])
  s.ws.protocol = 'syncward.v1'
  assert.equal(s.socket.protocol, '')
  s.ws.open()
  assert.deepEqual(s.ws.frames, [{ type: 'init', instanceId: 'i1', authToken: 'a1' }])
})

test('a dial that gets no answer is given up', async () => {
  const s = stage()
  await s.clock.advance(20_000)
  assert.deepEqual(s.log, ['lost 1006 TIMEOUT -> backoff 500'])
})

test('URLs that no WebSocket takes are refused at once', () => {
  const auth = new FakeAuth()
  const make = (url: string) => (): SyncSocket => new SyncSocketClass(url, auth)
  for (const url of ['ftp://x', 'nonsense', 'ws://x/#f']) assert.throws(make(url), { name: 'SyntaxError' })
})

class SyncSocketClass extends socketClass({ auth: new FakeAuth() }) {
  constructor(url: string, _: FakeAuth) { super(url) }
}

test('a login is told by its epoch, where tokens name nobody', async () => {
  const s = stage()
  s.auth.change({ userId: null })
  const ws = await s.welcome({ status: 'anonymous', userId: 'anonymous' })
  s.auth.token = 'b1'
  s.auth.change({ epoch: 2 })
  await settle()
  assert.equal(ws.closedWith?.code, 1000)
  s.ws.open()
  assert.equal(s.ws.frames[0]?.['authToken'], 'b1')
})

test('an error that answers no refresh is told to the application alone', async () => {
  const s = stage()
  const ws = await s.welcome()
  ws.says(error('TOKEN_INVALID'))
  await s.clock.advance(60_000)
  assert.deepEqual(s.auth.log.filter((l) => l.startsWith('refused')), [])
  assert.deepEqual(s.log, ['auth.error TOKEN_INVALID'])
})

test('where there is no WebSocket, as in Node 20, it says so at once; one that is given is used', async (t) => {
  const auth = new FakeAuth()
  const there = Object.getOwnPropertyDescriptor(globalThis, 'WebSocket')
  t.after(() => { if (there !== undefined) Object.defineProperty(globalThis, 'WebSocket', there) })
  Reflect.deleteProperty(globalThis, 'WebSocket')
  assert.throws(() => new SyncSocket('ws://sync.test/', { auth, instanceId: 'i1' }), { name: 'TypeError', message: /WebSocket/ })
  assert.throws(() => new (socketClass({ auth }))('ws://sync.test/'), { name: 'TypeError', message: /WebSocket/ })
  const s = stage()
  assert.deepEqual((await s.welcome()).frames, [{ type: 'init', instanceId: 'i1', authToken: 'a1', authProtocol: 1 }])
})
