import assert from 'node:assert/strict'
import { test } from 'node:test'
import { QueueError, type QueueOptions } from '../../src/index.js'
import { FakeClock } from '../socket/fakes.js'
import { Machine, rest } from './world.js'

const pushAll = async (queue: { push(e: { id: string }): Promise<string> }, ...ids: string[]): Promise<void> => {
  await Promise.all(ids.map((id) => queue.push({ id })))
}

/** Runs a test on a machine of its own, with one tab; and closes that. */
function on(name: string, run: (m: Machine, tab: ReturnType<Machine['tab']>) => Promise<void>, options: Partial<QueueOptions> = {}): void {
  test(name, async () => {
    const m = new Machine()
    const tab = m.tab(options)
    try {
      await run(m, tab)
    } finally {
      await tab.queue.close()
    }
  })
}

on('what is pushed offline is sent in order when there is a connection, one by one', async (_, { queue, socket }) => {
  await pushAll(queue, 'e1', 'e2', 'e3')
  await rest()
  assert.deepEqual(socket.sent, [])
  socket.connect()
  await rest()
  assert.deepEqual(socket.sent, ['e1'])
  socket.acks('e1')
  await rest()
  assert.deepEqual(socket.sent, ['e1', 'e2'])
  await pushAll(queue, 'e4') // goes behind
  socket.acks('e2')
  await rest()
  socket.acks('e3')
  await rest()
  socket.acks('e4')
  await rest()
  assert.deepEqual(socket.sent, ['e1', 'e2', 'e3', 'e4'])
  assert.deepEqual(await queue.state(), { userId: 'alice', pending: 0, dead: 0, bytes: 0, status: 'empty' })
})

on('an event gets an id and the time of this machine, and keeps its own metadata', async (m, { queue, socket }) => {
  const id = await queue.push({ text: 'x', metadata: { tab: 7 } })
  assert.match(id, /^[0-9a-f-]{36}$/)
  let frame = ''
  socket.send = (data) => { frame = String(data) }
  socket.connect()
  await rest()
  assert.deepEqual(JSON.parse(frame), { type: 'event', event: { text: 'x', id, metadata: { tab: 7, clientTimestamp: m.clock.now() } } })
})

on('what was not acknowledged is sent again on the next connection, and a late acknowledgement counts once', async (_, { queue, socket }) => {
  await pushAll(queue, 'e1', 'e2')
  socket.connect()
  await rest()
  socket.lose()
  await rest()
  socket.connect()
  await rest()
  assert.deepEqual(socket.sent, ['e1', 'e1'])
  socket.acks('e1', 'e1', 'unknown')
  socket.acks('e1')
  await rest()
  assert.deepEqual(socket.sent, ['e1', 'e1', 'e2'])
})

on('with a wider window several are under way, and all of them are sent again in order', async (_, { queue, socket }) => {
  await pushAll(queue, 'e1', 'e2', 'e3', 'e4')
  socket.connect()
  await rest()
  assert.deepEqual(socket.sent, ['e1', 'e2', 'e3'])
  socket.acks('e2')
  await rest()
  assert.deepEqual(socket.sent, ['e1', 'e2', 'e3', 'e4'])
  socket.lose()
  socket.connect()
  await rest()
  assert.deepEqual(socket.sent.slice(4), ['e1', 'e3', 'e4'])
}, { window: 3 })

test('acknowledgements are ids in the usual places, or where the application says', async () => {
  const cases: [options: Partial<QueueOptions>, message: unknown, has: boolean][] = [
    [{}, { ack: 'e1' }, true], [{}, { ack: ['e0', 'e1'] }, true], [{}, { type: 'ack', ids: ['e1'] }, true],
    [{}, { type: 'event', event: { id: 'e1' } }, true], [{}, { type: 'event', id: 'e1' }, true], [{}, { batch: [{}, { id: 'e1' }] }, true],
    [{}, { type: 'event', text: 'e1' }, false], [{}, ['e1'], false], [{}, { ack: { '*': 'e1' } }, false], [{}, 'e1', false],
    [{ idPath: '/done/*' }, { done: ['e1'] }, true], [{ idPath: '/done/*' }, { ack: 'e1' }, false],
    [{ ack: (m) => m === 7 ? ['e1'] : [] }, 7, true], [{ ack: (m) => m === 7 ? ['e1'] : [] }, { ack: 'e1' }, false],
  ]
  for (const [options, message, has] of cases) {
    const { queue, socket } = new Machine().tab(options)
    await pushAll(queue, 'e1')
    socket.connect()
    await rest()
    socket.says(message)
    await rest()
    assert.equal((await queue.state()).pending, has ? 0 : 1, JSON.stringify(message))
    await queue.close()
  }
})

on('an event that the server rejects becomes a dead letter, and the next one has its turn', async (m, { queue, socket }) => {
  await pushAll(queue, 'e1', 'e2')
  socket.connect()
  await rest()
  socket.says({ type: 'error', id: 'e1', message: 'too late' })
  await rest()
  assert.deepEqual(m.rejected, ['e1 too late'])
  assert.deepEqual(socket.sent, ['e1', 'e2'])
  socket.acks('e2')
  await rest()
  const [dead] = await queue.deadLetters()
  assert.deepEqual([dead?.id, dead?.reason, dead?.event['id']], ['e1', 'too late', 'e1'])
  assert.equal(await queue.retry(['e1', 'e2']), 1)
  await rest()
  assert.deepEqual(socket.sent, ['e1', 'e2', 'e1'])
  socket.says({ type: 'nack', ack: ['e1'] })
  await rest()
  assert.equal(await queue.forget(['e1']), 1)
  assert.deepEqual(await queue.state(), { userId: 'alice', pending: 0, dead: 0, bytes: 0, status: 'empty' })
})

on('an event that is never acknowledged costs the connection, and after five times it is a dead letter', async (m, { queue, socket }) => {
  await pushAll(queue, 'e1', 'e2')
  for (let i = 1; i <= 5; i++) {
    socket.connect()
    await m.advance(29_000)
    assert.deepEqual(socket.asked, Array<string>(i - 1).fill('distrust NO_ACK'))
    await m.advance(1000)
  }
  assert.deepEqual(m.rejected, ['e1 NO_ACK'])
  socket.connect()
  await rest()
  assert.deepEqual(socket.sent, ['e1', 'e1', 'e1', 'e1', 'e1', 'e2'])
})

on('an event that costs the connection becomes a dead letter; lost connections are no fault of its own', async (m, { queue, socket }) => {
  await pushAll(queue, 'e1', 'e2')
  for (let i = 0; i < 20; i++) {
    socket.connect()
    await rest()
    socket.lose({ code: i % 2 === 0 ? 1006 : 1011 })
    await rest()
  }
  assert.deepEqual(m.rejected, [])
  for (let i = 0; i < 5; i++) {
    socket.connect()
    await rest()
    socket.lose({ code: 1009, refusal: 'MESSAGE_TOO_BIG', next: 'stop', delayMs: null })
    assert.equal(socket.asked.length, i, 'not at once')
    await m.advance(60_000)
    assert.equal(socket.asked.length, i + 1)
  }
  assert.deepEqual(m.rejected, ['e1 MESSAGE_TOO_BIG'])
  socket.connect()
  await rest()
  assert.equal(socket.sent.at(-1), 'e2')
  socket.acks('e2')
  await rest()
  socket.lose({ code: 1009, next: 'stop', delayMs: null })
  await m.advance(60_000)
  assert.equal(socket.asked.length, 5, 'nothing was under way')
})

on('without acknowledgements an event is forgotten when it was sent, which loses it with the connection', async (_, { queue, socket }) => {
  await pushAll(queue, 'e1', 'e2')
  socket.connect()
  await rest()
  assert.deepEqual(socket.sent, ['e1', 'e2'])
  socket.lose()
  socket.connect()
  await rest()
  assert.deepEqual(socket.sent, ['e1', 'e2'])
}, { ack: 'sent' })

on('a full queue says so, and keeps what it has', async (_, { queue, socket }) => {
  await pushAll(queue, 'e1', 'e2')
  await assert.rejects(queue.push({ id: 'e3' }), (e) => e instanceof QueueError && e.code === 'QUEUE_FULL')
  socket.connect()
  await rest()
  socket.acks('e1')
  await rest()
  await queue.push({ id: 'e4' })
  await assert.rejects(queue.push({ id: 'e5' }), { code: 'QUEUE_FULL' })
}, { maxEvents: 2 })

on('bytes are counted as they go out', async (_, { queue }) => {
  await queue.push({ id: 'e1', text: 'x'.repeat(40) })
  const { bytes } = await queue.state()
  assert.ok(bytes > 80 && bytes < 120, String(bytes))
  await assert.rejects(queue.push({ id: 'e2', text: '☕'.repeat(20) }), { code: 'QUEUE_FULL' })
}, { maxBytes: 200 })

on('what is no event is refused', async (_, { queue }) => {
  const circle: Record<string, unknown> = {}
  circle['self'] = circle
  for (const bad of [null, [], 'x', { id: 7 }, { id: '' }, circle]) {
    await assert.rejects(queue.push(bad as never), { code: 'EVENT_INVALID' })
  }
})

on('a user\'s events are sent as that user alone', async (m, { queue, socket }) => {
  await pushAll(queue, 'a1')
  await m.auth.signIn('b1', 'bob')
  await pushAll(queue, 'b1')
  socket.connect('bob')
  await rest()
  socket.acks('b1')
  await rest()
  assert.deepEqual(socket.sent, ['b1'])
  socket.lose()
  socket.connect(null) // plain: as the login says
  await rest()
  assert.deepEqual(socket.sent, ['b1'])
  await m.auth.signIn('a2', 'alice')
  socket.lose()
  socket.connect('alice')
  await rest()
  assert.deepEqual(socket.sent, ['b1', 'a1'])
})

on('that the user changes while the database is asked changes what is sent', async (m, { queue, socket }) => {
  await pushAll(queue, 'a1')
  socket.connect('alice')
  socket.lose()
  socket.connect('bob')
  await rest()
  assert.deepEqual(socket.sent, [])
  socket.lose()
  socket.connect(null)
  m.auth.change({ userId: 'bob' }) // within the claim
  await rest()
  assert.deepEqual(socket.sent, [])
})

on('the server\'s word counts more than the login\'s: an event of an anonymous connection is nobody\'s', async (m, { queue, socket }) => {
  socket.connect('anonymous', true)
  await pushAll(queue, 'n1')
  await rest()
  assert.deepEqual(socket.sent, ['n1'])
  socket.lose()
  socket.connect('alice')
  await rest()
  assert.deepEqual(socket.sent, ['n1'], 'nobody\'s events are not taken for Alice\'s')
  await pushAll(queue, 'a1')
  await rest()
  assert.equal(await queue.adopt(), 1)
  socket.acks('a1')
  await rest()
  assert.deepEqual(socket.sent, ['n1', 'a1', 'n1'])
  assert.equal((await queue.state()).pending, 1)
  assert.equal(m.auth.state.userId, 'alice')
})

on('where nobody logs in the application says who it is', async (m, { queue, socket }) => {
  m.auth.change({ status: 'anonymous', userId: null })
  user = 'carol'
  await pushAll(queue, 'c1')
  user = 'dave'
  socket.connect(null)
  await rest()
  assert.deepEqual(socket.sent, [])
  user = 'carol'
  socket.lose()
  socket.connect(null)
  await rest()
  assert.deepEqual(socket.sent, ['c1'])
}, { userId: () => user })
let user = ''

on('signing out keeps what is pending for the same user, or discards it in all instances', async (m, { queue, socket }) => {
  const other = m.tab({ instanceId: 'i2' })
  await pushAll(queue, 'e1')
  await pushAll(other.queue, 'o1')
  await m.auth.signOut({ pending: 'keep' })
  assert.equal(m.auth.state.status, 'signed-out')
  assert.deepEqual(await queue.state().then(({ userId, pending, status }) => [userId, pending, status]), ['alice', 1, 'login'])
  await m.auth.signIn('a2', 'alice')
  assert.equal((await queue.state()).pending, 1)
  await m.auth.signIn('b1', 'bob')
  await pushAll(queue, 'b1')
  await m.auth.signIn('a2', 'alice')
  await m.auth.signOut({ pending: 'discard' })
  await m.auth.signIn('a3', 'alice')
  socket.connect('alice')
  other.socket.connect('alice')
  await rest()
  assert.deepEqual([...socket.sent, ...other.socket.sent], [])
  assert.equal((await other.queue.state()).bytes, 0)
  socket.lose()
  socket.connect('bob')
  await rest()
  assert.deepEqual(socket.sent, ['b1'])
  await other.queue.close()
})

on('the application is told when events wait for a login', async (_, { queue, socket }) => {
  const seen: string[] = []
  queue.subscribe(({ status, pending }) => seen.push(`${status} ${pending}`))
  socket.connect()
  await pushAll(queue, 'e1')
  await rest()
  assert.equal(seen.at(-1), 'sending 1')
  socket.lose({ code: 4401, refusal: 'TOKEN_EXPIRED', next: 'login', delayMs: null })
  await rest()
  assert.equal(seen.at(-1), 'login 1')
  socket.connect()
  await rest()
  socket.acks('e1')
  await rest()
  assert.equal(seen.at(-1), 'empty 0')
})

test('one tab sends; another takes over when it goes, or has stopped', async () => {
  const m = new Machine()
  const [a, b] = [m.tab(), m.tab()]
  a.socket.connect()
  b.socket.connect()
  await pushAll(b.queue, 'e1', 'e2', 'e3')
  await rest()
  const first = a.socket.sent.length > 0 ? a : b
  const second = first === a ? b : a
  assert.deepEqual([first.socket.sent, second.socket.sent], [['e1'], []])
  await m.advance(30_000 - 1000) // it goes on renewing
  assert.deepEqual(second.socket.sent, [])
  first.socket.acks('e1')
  await rest()
  first.socket.lose() // no connection, no lease
  await rest()
  await m.advance(4000)
  assert.deepEqual(second.socket.sent, ['e2'])
  second.socket.acks('e2')
  await rest()
  assert.deepEqual(second.socket.sent, ['e2', 'e3'])
  await first.queue.close()
  await second.queue.close()
  await assert.rejects(first.queue.push({ id: 'x' }), { code: 'QUEUE_CLOSED' })
})

test('a tab whose time is a little behind leaves the lease to the one that has it', async () => {
  const m = new Machine()
  const behind = new FakeClock()
  await m.advance(50)
  const [one, two] = [m.tab(), m.tab({ clock: behind })]
  one.socket.connect()
  await pushAll(one.queue, 'e1')
  await rest()
  two.socket.connect()
  await rest()
  assert.deepEqual([one.socket.sent, two.socket.sent], [['e1'], []])
  await one.queue.close()
  await two.queue.close()
})

test('a tab that does not send learns all the same when the queue is empty', async () => {
  const m = new Machine()
  const [one, two] = [m.tab(), m.tab()]
  const told: number[] = []
  two.queue.subscribe(({ pending }) => told.push(pending))
  one.socket.connect()
  await pushAll(one.queue, 'e1', 'e2')
  await rest()
  assert.equal(told.at(-1), 2)
  one.socket.acks('e1')
  await rest()
  one.socket.acks('e2')
  await rest()
  assert.equal(told.at(-1), 0)
  await one.queue.close()
  await two.queue.close()
})

test('a page that is not from a secure context has no crypto.randomUUID, and a queue', async (t) => {
  t.mock.method(crypto, 'randomUUID', () => { throw new TypeError('not here') })
  const { queue } = new Machine().tab()
  assert.match(await queue.push({}), /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/)
  await queue.close()
})

test('a tab that dies without a word loses its lease after a while', async () => {
  const m = new Machine()
  const dead = m.tab()
  dead.socket.connect()
  await pushAll(dead.queue, 'e1')
  await rest()
  dead.socket.session = null // no event: it does nothing any more
  const b = m.tab()
  b.socket.connect()
  await rest()
  assert.deepEqual(b.socket.sent, [])
  await m.advance(14_000)
  assert.deepEqual(b.socket.sent, ['e1'])
  await b.queue.close()
  await dead.queue.close()
})

test('without IndexedDB it says so', async () => {
  const m = new Machine()
  m.indexedDB = { open: () => { throw new DOMException('no', 'SecurityError') } } as unknown as Machine['indexedDB']
  const { queue } = m.tab()
  await assert.rejects(queue.push({}), { code: 'QUEUE_UNAVAILABLE' })
  await queue.close()
})

test('while a page does not know yet who is logged in, events wait for that, in their order', async () => {
  const m = new Machine()
  m.auth.change({ status: 'anonymous', userId: null, epoch: 0 })
  let known = (): void => {}
  m.auth.gate = new Promise((resolve) => { known = resolve })
  const { queue, socket } = m.tab()
  const pushed = pushAll(queue, 'e1', 'e2')
  await rest()
  m.auth.change({ status: 'authenticated', userId: 'alice', epoch: 1 })
  known()
  await pushed
  await queue.push({ id: 'e3' })
  socket.connect('alice')
  await rest()
  for (const id of ['e1', 'e2', 'e3']) { socket.acks(id); await rest() }
  assert.deepEqual(socket.sent, ['e1', 'e2', 'e3'])
  await queue.close()
})

test('nor for ever', async () => {
  const m = new Machine()
  m.auth.change({ status: 'anonymous', userId: null, epoch: 0 })
  m.auth.gate = new Promise(() => {})
  m.auth.getToken = ({ signal }: { signal?: AbortSignal } = {}) => new Promise((_, fail) => signal?.addEventListener('abort', () => fail(new Error('aborted'))))
  const { queue } = m.tab()
  const pushed = pushAll(queue, 'e1')
  await m.advance(5000)
  await pushed
  assert.equal((await queue.state()).userId, null)
  assert.equal((await queue.state()).pending, 1)
  await queue.close()
})
