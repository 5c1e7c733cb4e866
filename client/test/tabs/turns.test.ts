import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Locks, lockTurns } from '../../src/tabs/locks.js'
import { type FromWorker, parseFromWorker, parseToWorker, type ToWorker } from '../../src/tabs/ports.js'
import { Referee } from '../../src/tabs/referee.js'
import { chanceTurns, lonelyTurns } from '../../src/tabs/turns.js'
import { type Port, WorkerTurns } from '../../src/tabs/worker-turns.js'
import { parseTabMessage } from '../../src/tabs/messages.js'
import { nobody } from '../../src/auth/session.js'
import { World } from '../sim/world.js'

const s = 1000

function player() {
  const heard: FromWorker[] = []
  return { heard, turns: () => heard.flatMap((m) => (m.kind === 'turn' ? [m.id] : [])), send: (message: FromWorker) => { heard.push(message) } }
}

test('the referee gives one turn at a time, in the order in which they were asked for', () => {
  const referee = new Referee(new World().clockOf('worker'))
  const [a, b] = [player(), player()]
  referee.hear(a, { kind: 'take', id: 1, lease: s })
  referee.hear(b, { kind: 'take', id: 1, lease: s })
  referee.hear(a, { kind: 'take', id: 2, lease: s })
  assert.deepEqual([a.turns(), b.turns()], [[1], []])
  referee.hear(b, { kind: 'release', id: 1 }) // gives up waiting
  referee.hear(a, { kind: 'release', id: 7 }) // means nothing
  referee.hear(a, { kind: 'release', id: 1 })
  assert.deepEqual([a.turns(), b.turns()], [[1, 2], []])
})

test('the referee passes the turn on when its holder leaves, or keeps it for longer than it asked for', async () => {
  const world = new World()
  const referee = new Referee(world.clockOf('worker'))
  const [a, b, c] = [player(), player(), player()]
  for (const p of [a, b, c]) referee.hear(p, { kind: 'take', id: 1, lease: 5 * s })
  referee.hear(a, { kind: 'leave' })
  assert.deepEqual(b.turns(), [1])
  await world.pass(5 * s - 1)
  assert.deepEqual(c.turns(), [])
  await world.pass(1)
  assert.deepEqual(c.turns(), [1])
  referee.hear(b, { kind: 'release', id: 1 }) // woke up, and is done: c keeps it
  referee.hear(a, { kind: 'take', id: 2, lease: s })
  assert.deepEqual(a.turns(), [1])
})

test('the referee wakes all tabs at the earliest time that one asked for', async () => {
  const world = new World()
  const referee = new Referee(world.clockOf('worker'))
  const [a, b, gone] = [player(), player(), player()]
  for (const p of [a, b, gone]) referee.hear(p, { kind: 'join', name: 'x' })
  referee.hear(gone, { kind: 'leave' })
  referee.hear(a, { kind: 'wake', at: world.now + 9 * s })
  referee.hear(b, { kind: 'wake', at: world.now + 3 * s })
  await world.pass(3 * s)
  for (const p of [a, b]) assert.deepEqual(p.heard, [{ kind: 'joined' }, { kind: 'wake' }])
  assert.deepEqual(gone.heard, [{ kind: 'joined' }])
})

// A worker that answers what a test lets it answer.
function silentPort() {
  const said: ToWorker[] = []
  const port: Port = { postMessage: (message) => { said.push(message) }, onmessage: null, close() {} }
  return { port, said, answer: (message: FromWorker) => port.onmessage?.({ data: message } as MessageEvent<unknown>) }
}

async function outcome<T>(work: Promise<T>): Promise<T | 'pending'> {
  return Promise.race([work, new Promise<'pending'>((resolve) => setImmediate(() => resolve('pending')))])
}

test('a worker whose script does not load, or that dies later, is done without', async () => {
  const world = new World()
  const { port, said, answer } = silentPort()
  const turns = new WorkerTurns(port, 'x', world.clockOf('tab'), lonelyTurns, () => {})
  const first = turns.take(60 * s, s)
  await world.pass(4 * s)
  assert.equal(await outcome(first), 'pending')
  await world.pass(s)
  assert.equal((await first).sole, true, 'from the other way')

  const later = silentPort()
  const again = new WorkerTurns(later.port, 'x', world.clockOf('tab'), lonelyTurns, () => {})
  later.answer({ kind: 'joined' })
  const second = again.take(60 * s, s)
  await world.pass(2 * s)
  assert.equal((await second).sole, true)
  assert.deepEqual(said.map((m) => m.kind), ['join'])
  answer({ kind: 'joined' })
})

test('a turn of the worker is waited for, but not for ever; what comes too late is given back', async () => {
  const world = new World()
  const { port, said, answer } = silentPort()
  const turns = new WorkerTurns(port, 'x', world.clockOf('tab'), lonelyTurns, () => {})
  answer({ kind: 'joined' })
  const turn = turns.take(10 * s, s)
  await world.pass(0)
  answer({ kind: 'queued', id: 1 })
  await world.pass(9 * s)
  assert.equal(await outcome(turn), 'pending')
  await world.pass(s)
  assert.equal((await turn).sole, false)
  const before = said.length
  answer({ kind: 'turn', id: 1 })
  assert.deepEqual(said.slice(before), [{ kind: 'release', id: 1 }])
})

test('a lock that nobody lets go of is waited for, but not for ever; without locks, no turn is sure', async () => {
  const world = new World()
  const never: Locks = { request: (_n, { signal }) => new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('aborted')))) }
  const turn = lockTurns(never, 'x', world.clockOf('tab')).take(10 * s, s)
  await world.pass(10 * s)
  assert.equal((await turn).sole, false)
  const forbidden: Locks = { request: () => Promise.reject(new Error('SecurityError')) }
  assert.equal((await lockTurns(forbidden, 'x', world.clockOf('tab')).take(10 * s, s)).sole, false)
  const chance = chanceTurns(world.clockOf('tab'), () => 0.5).take(10 * s, s)
  await world.pass(s)
  assert.equal((await chance).sole, false)
})

test('what another version says is not heard', () => {
  for (const bad of [null, 5, 'x', {}, { kind: 'turn' }, { kind: 'turn', id: NaN }, { kind: 'take', id: 1 }, { kind: 'wake', at: Infinity }, { kind: 'join' }]) {
    assert.equal(parseToWorker(bad), null)
    if ((bad as { kind?: unknown } | null)?.kind !== 'wake') assert.equal(parseFromWorker(bad), null)
  }
  for (const bad of [null, {}, { kind: 'hello' }, { kind: 'state', from: 'x' }, { kind: 'state', from: 'x', session: { ...nobody, epoch: 'x' } }, { kind: 'need', from: 'x' }]) {
    assert.equal(parseTabMessage(bad), null)
  }
  const activity = { what: 'nonsense', by: 'x', until: 1, failures: 0 }
  assert.deepEqual(parseTabMessage({ kind: 'state', from: 'x', session: nobody, activity }), { kind: 'state', from: 'x', session: nobody, activity: null })
})
