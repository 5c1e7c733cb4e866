import assert from 'node:assert/strict'
import { afterEach, test } from 'node:test'
import { isDialOf, withToken } from '../../src/livestore/address.js'
import { installWebSocket } from '../../src/livestore/install.js'
import { serverStoreId, storeIdFor } from '../../src/livestore/store-id.js'
import { FakeWebSocket } from '../socket/fakes.js'
import { dialled, payloadOf } from './stage.js'

const before = globalThis.WebSocket
afterEach(() => { globalThis.WebSocket = before })

function install() {
  const native = class extends FakeWebSocket {
    static readonly OPEN = 1
  } as unknown as typeof WebSocket
  globalThis.WebSocket = native
  const ours = new EventTarget() as WebSocket
  const undo = installWebSocket((url) => (String(url).includes('transport=ws') ? ours : null))
  return { native, ours, undo }
}

test("LiveStore's own dials get our socket, which counts as a WebSocket", () => {
  const { ours } = install()
  const socket = new WebSocket(dialled())
  assert.equal(socket, ours)
  assert.ok(socket instanceof WebSocket)
})

test('all others get what was there, with their protocols', () => {
  const { native } = install()
  const socket = new WebSocket('ws://other.test/', ['graphql-transport-ws']) as unknown as FakeWebSocket
  assert.ok(socket instanceof native && socket instanceof WebSocket)
  assert.deepEqual(socket.protocols, ['graphql-transport-ws'])
  assert.equal(WebSocket.OPEN, 1)
  assert.ok(!({} instanceof WebSocket))
})

test('a subclass of it is a subclass of what was there', () => {
  const { native } = install()
  class Theirs extends WebSocket { theirs = true }
  const socket = new Theirs(dialled())
  assert.ok(socket instanceof native && socket instanceof Theirs && socket.theirs)
})

test('the way back restores what was there, and leaves alone what came later', () => {
  const { native, undo } = install()
  undo()
  assert.equal(globalThis.WebSocket, native)
  const second = install()
  const later = globalThis.WebSocket = class extends WebSocket {}
  second.undo()
  assert.equal(globalThis.WebSocket, later)
})

test("only the dials of the backend's own store and transport are taken", () => {
  const base = new URL('wss://sync.test/sync')
  const takes = (url: string) => isDialOf(base, 'notes', new URL(url))
  assert.ok(takes('wss://sync.test/sync?storeId=notes&transport=ws'))
  for (const url of [
    'wss://sync.test/sync?storeId=notes&transport=do-rpc', 'wss://sync.test/sync?storeId=notes', 'wss://sync.test/sync?storeId=other&transport=ws',
    'wss://sync.test/other?storeId=notes&transport=ws', 'wss://evil.test/sync?storeId=notes&transport=ws', 'ws://sync.test/sync?storeId=notes&transport=ws',
  ]) assert.ok(!takes(url), url)
})

test('the token goes into the payload, whatever is there', () => {
  const nasty = 'a+b/c=%2B%"\u00e9'
  for (const payload of [undefined, null, {}, 'text', { authToken: 'old', deep: { n: 1 } }]) {
    const kept = typeof payload === 'object' && payload !== null ? payload : {}
    assert.deepEqual(payloadOf(withToken(dialled(payload), nasty, ['authToken'])), { ...kept, authToken: nasty })
  }
  assert.deepEqual(payloadOf(withToken(dialled({ auth: { kind: 'jwt' } }), 't', ['auth', 'token'])), { auth: { kind: 'jwt', token: 't' } })
  assert.equal(withToken(dialled(), null, ['authToken']), dialled())
})

test('a payload that cannot be read is replaced', () => {
  assert.deepEqual(payloadOf(withToken('ws://sync.test/?storeId=notes&payload=%25', 't', ['authToken'])), { authToken: 't' })
})

test("a user's copy of a store has an id that LiveStore takes, and the server's is got back", async () => {
  const ids = await Promise.all(['alice', 'Alice', 'bob@example.com', 'é'].map((user) => storeIdFor('my-notes', user)))
  assert.equal(new Set(ids.map((id) => id.toLowerCase().replaceAll(/[^a-z0-9]/g, '_'))).size, ids.length)
  for (const id of ids) {
    assert.match(id, /^[A-Za-z0-9_-]+$/)
    assert.equal(serverStoreId(id), 'my-notes')
  }
  assert.equal(ids[0], 'my-notes--u2bd806c97f0e00af1a1fc3328fa763a9', 'for ever: what users have on their devices is found by it')
  assert.equal(serverStoreId('my-notes'), 'my-notes')
})
