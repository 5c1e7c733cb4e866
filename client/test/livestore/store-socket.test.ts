import assert from 'node:assert/strict'
import { test } from 'node:test'
import { channel } from '../socket/fakes.js'
import { dialled, payloadOf, settle, stage } from './stage.js'

test('a dial is there at once, CONNECTING, and goes out when there is a token, with it in the payload', async () => {
  const s = stage()
  let resolve = () => {}
  s.auth.gate = new Promise((now) => { resolve = now })
  const { socket, log } = s.dial(dialled({ theme: 'dark', n: [1] }))
  assert.equal(socket.readyState, socket.CONNECTING)
  await settle()
  assert.equal(s.all.length, 0)
  resolve()
  await s.welcome()
  assert.deepEqual(payloadOf(s.ws.url), { theme: 'dark', n: [1], authToken: 'a1' })
  assert.deepEqual(s.ws.protocols, ['syncward.v1'])
  assert.equal(new URL(s.ws.url).searchParams.get('storeId'), 'notes')
  assert.deepEqual(log, ['open'])
  assert.equal(socket.readyState, socket.OPEN)
  assert.deepEqual(s.told, ['connected'])
  assert.ok(!socket.url.includes('a1'), 'the address that it shows holds no token')
})

test('each new connection has the token of its time', async () => {
  const s = stage()
  for (const token of ['a1', 'a2']) {
    s.auth.token = token
    s.dial()
    await s.welcome()
    assert.deepEqual(payloadOf(s.ws.url), { authToken: token })
    s.ws.ends(1006)
  }
})

test('nothing is sent before Syncward has said who this is, and its messages are kept', async () => {
  const s = stage()
  const { socket, log } = s.dial()
  await settle()
  s.ws.protocol = 'syncward.v1'
  s.ws.open()
  await settle()
  assert.deepEqual(log, [])
  assert.throws(() => socket.send('{"_tag":"Ping"}'), { name: 'InvalidStateError' })
  await s.welcome()
  socket.send('{"_tag":"Ping"}')
  s.ws.says({ _tag: 'Pong' })
  s.ws.says({ type: 'auth.warning', channel, code: 'TOKEN_IN_GRACE', expiredAt: 1, graceEndsAt: 2 })
  s.ws.says({ type: 'auth.ok', channel: 'another' })
  assert.deepEqual(s.ws.sent, ['{"_tag":"Ping"}'])
  assert.deepEqual(log, ['open', '{"_tag":"Pong"}', '{"type":"auth.ok","channel":"another"}'])
})

test('a newer token goes up the open socket', async () => {
  const s = stage()
  s.dial()
  await s.welcome()
  s.auth.token = 'a2'
  s.auth.change({ expiresAt: 2 })
  await settle()
  assert.deepEqual(s.ws.frames, [{ type: 'auth.refresh', authToken: 'a2' }])
  assert.equal(s.all.length, 1)
})

test('a dial that was closed is not made', async () => {
  const s = stage()
  let resolve = () => {}
  s.auth.gate = new Promise((now) => { resolve = now })
  const { socket, log } = s.dial()
  await settle()
  socket.close(1000)
  resolve()
  await settle()
  assert.equal(s.all.length, 0)
  assert.deepEqual(log, ['close 1000'])
})

test('a dial that is closed while it is under way is not made once more', async () => {
  const s = stage()
  const { socket, log } = s.dial()
  await settle()
  socket.close(1000)
  s.ws.ends(1006)
  await settle()
  assert.equal(s.all.length, 1)
  assert.deepEqual(log.map((line) => line.split(' ')[0]).at(-1), 'close')
})

test('a server that selects no subprotocol is dialled once more without, and is a plain one', async () => {
  const s = stage()
  const { socket, log } = s.dial()
  await settle()
  s.ws.ends(1006) // as browsers do
  await settle()
  assert.equal(s.all.length, 2)
  assert.deepEqual(s.ws.protocols, [])
  s.ws.open()
  await settle()
  assert.deepEqual(log, ['open'])
  s.auth.token = 'a2'
  s.auth.change({ expiresAt: 2 })
  await settle()
  socket.send('x')
  assert.deepEqual(s.ws.sent, ['x'])
})

test('a server that is not there is dialled twice, and then LiveStore decides', async () => {
  const s = stage()
  const { log } = s.dial()
  await settle()
  s.ws.ends(1006)
  s.ws.ends(1006)
  await settle()
  assert.equal(s.all.length, 2)
  assert.deepEqual(log, ['error', 'close 1006'])
})

test('a refused token is reported, and the next dial has another', async () => {
  const s = stage()
  const { log } = s.dial()
  await settle()
  s.auth.next = 'a2'
  s.ws.protocol = 'syncward.v1'
  s.ws.open()
  s.ws.says({ type: 'auth.error', code: 'TOKEN_EXPIRED', message: '', retryable: true, retryAfterMs: 0 })
  s.ws.ends(4401, 'TOKEN_EXPIRED')
  await settle()
  assert.deepEqual(log, ['close 4401 TOKEN_EXPIRED'])
  assert.ok(s.auth.log.includes('refused TOKEN_EXPIRED with a1'))
  s.dial()
  await settle()
  assert.deepEqual(payloadOf(s.ws.url), { authToken: 'a2' })
})

test('a log-out in a tab ends the connection and tells the server first', async () => {
  const s = stage()
  const { log } = s.dial()
  await s.welcome()
  s.auth.change({ status: 'signed-out', userId: null, epoch: 2, error: null })
  assert.deepEqual(s.ws.frames, [{ type: 'auth.logout' }])
  assert.notEqual(s.ws.closedWith, null)
  await settle()
  assert.deepEqual(log, ['open', 'close 1012 USER_CHANGED'])
})

test('a session that the server ended is not ended once more', async () => {
  const s = stage()
  s.dial()
  await s.welcome()
  s.auth.change({ status: 'signed-out', userId: null, epoch: 2, error: 'SESSION_REVOKED' })
  assert.deepEqual(s.ws.sent, [])
})

test('while nobody is logged in nothing is dialled', async () => {
  const s = stage()
  s.auth.token = null
  for (const change of [{ status: 'anonymous' as const }, { status: 'signed-out' as const }]) {
    s.auth.change({ userId: null, ...change })
    const { log } = s.dial()
    await settle()
    assert.equal(s.all.length, 0)
    assert.equal(log.at(-1)?.startsWith('close'), true)
  }
})

test('without a log-in a store connects as nobody where it is told to', async () => {
  const s = stage({ waits: false })
  s.auth.token = null
  s.auth.change({ status: 'anonymous', userId: null })
  const { log } = s.dial()
  await s.welcome({ status: 'anonymous', userId: 'anonymous', expiresAt: null, graceEndsAt: null })
  assert.equal(payloadOf(s.ws.url), null)
  assert.deepEqual(log, ['open'])
})

/** A store of alice's, and bob logged in. */
async function leftover() {
  const s = stage()
  s.dial()
  await s.welcome()
  await s.auth.signIn('b1')
  await settle()
  return s
}

test("another user's store is not opened, and is not dialled again under that log-in", async (t) => {
  const said = t.mock.method(console, 'error', () => {})
  const s = await leftover()
  const { log, socket } = s.dial()
  await s.welcome({ userId: 'bob' })
  assert.deepEqual(log, [])
  assert.deepEqual(s.ws.sent, [])
  assert.deepEqual(s.ws.closedWith, { code: 4403, reason: 'FORBIDDEN' })
  assert.equal(socket.readyState, socket.CLOSING)
  const dials = s.all.length
  s.dial()
  await settle()
  assert.equal(s.all.length, dials)
  assert.deepEqual(s.told.slice(1), ['disconnected USER_CHANGED', 'refused'])
  assert.equal(said.mock.callCount(), 1)
  assert.match(String(said.mock.calls[0]?.arguments[0]), /belongs to another user/)
})

test('when its own user comes back the store is opened again', async (t) => {
  t.mock.method(console, 'error', () => {})
  const s = await leftover()
  s.dial()
  await s.welcome({ userId: 'bob' })
  await s.auth.signIn('a2', 'alice')
  const { log } = s.dial()
  await s.welcome()
  assert.deepEqual(log, ['open'])
})

test("another user's store is not opened to a server without Syncward either", async (t) => {
  t.mock.method(console, 'error', () => {})
  const s = await leftover()
  const { log } = s.dial()
  await settle()
  s.ws.ends(1006)
  await settle()
  s.ws.open()
  await settle()
  assert.deepEqual(log, [])
  assert.notEqual(s.ws.closedWith, null)
})

test('a store that was only ever dialled in vain is its user’s', async (t) => {
  t.mock.method(console, 'error', () => {})
  const s = stage()
  s.dial()
  await settle()
  s.ws.ends(1006)
  s.ws.ends(1006)
  await s.auth.signIn('b1')
  const { log } = s.dial()
  await s.welcome({ userId: 'bob' })
  assert.deepEqual(log, [])
})

test('a store whose owner cannot be known is not dialled', async () => {
  const s = stage()
  s.store.owner.claim = () => Promise.reject(new Error('no storage'))
  const { log } = s.dial()
  await settle()
  assert.equal(s.all.length, 0)
  assert.deepEqual(log, ['error', 'close 1006'])
})

