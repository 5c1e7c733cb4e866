import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Alarm } from '../../src/alarm.js'
import { isExpiring, localExpiry, refreshDue } from '../../src/auth/schedule.js'
import { nobody, type Session } from '../../src/auth/session.js'
import { readToken } from '../../src/auth/token.js'
import { fullJitter } from '../../src/backoff.js'
import { classifyFailure, RefreshRefused } from '../../src/errors.js'
import { mint } from '../sim/server.js'
import { World } from '../sim/world.js'

const s = 1000
const m = 60 * s

// A session whose token was issued after 100 minutes, received at `at`, and lives for `life`, in ms.
function received(life: number, { at = 100 * m, clock = null as Session['clock'] } = {}): Session {
  const iat = 100 * m
  const token = readToken(mint({ sub: 'a', iat: iat / s, exp: (iat + life) / s }), 1, 'x', at)
  return { ...nobody, epoch: 1, token, clock }
}

for (const [what, session, due, expiry] of [
  ['a fifth of its life ahead', received(10 * m), 108 * m, 110 * m],
  ['five minutes ahead at most', received(600 * m), 695 * m, 700 * m],
  ['by the iat where this machine is an hour ahead', received(10 * m, { at: 160 * m }), 168 * m, 170 * m],
  ['by the iat where this machine is an hour behind', received(10 * m, { at: 40 * m }), 48 * m, 50 * m],
  ['by the clock of auth.ok, if it has spoken', received(10 * m, { at: 160 * m, clock: { offset: -61 * m, at: 0 } }), 169 * m, 171 * m],
  ['not before half of what is left, when it is old on arrival', received(10 * m, { at: 109 * m, clock: { offset: 0, at: 0 } }), 109.5 * m, 110 * m],
  ['half a minute later, when it has expired on arrival', received(10 * m, { at: 120 * m, clock: { offset: 0, at: 0 } }), 120.5 * m, 110 * m],
] as const) {
  test(`a token is refreshed ${what}`, () => {
    assert.equal(refreshDue(session, null), due)
    assert.equal(localExpiry(session), expiry)
  })
}

test('refreshAhead counts, but a token that is shorter is not fetched without end', () => {
  assert.equal(refreshDue(received(10 * m), 1 * m), 109 * m)
  assert.equal(refreshDue(received(10 * m), 60 * m), 105 * m)
})

test('a token without exp is never due', () => {
  const session = { ...nobody, epoch: 1, token: readToken('opaque', 1, 'x', 5) }
  assert.deepEqual([refreshDue(session, null), isExpiring(session, 1e15)], [null, false])
})

test('an opaque token has what the application says of it', () => {
  const token = readToken({ token: 'opaque', expiresAt: 77, userId: 'u' }, 1, 'x', 5)
  assert.deepEqual([token.subject, token.expiresAt, token.issuedAt], ['u', 77, null])
  for (const bad of ['', { token: '' }, {}, 5, undefined]) assert.throws(() => readToken(bad as string, 1, 'x', 5), TypeError)
})

test('claims with letters of any script are read', () => {
  assert.equal(readToken(mint({ sub: 'Zoë 😀' }), 1, 'x', 5).subject, 'Zoë 😀')
})

test('an alarm rings at its time, an hour or forty days away, and never sets a timer for longer than an hour', async () => {
  for (const wait of [3_600_000, 40 * 24 * 3_600_000]) {
    const world = new World()
    const clock = world.clockOf('me')
    let longest = 0
    let rang = 0
    const alarm = new Alarm({ ...clock, after: (ms, run) => { longest = Math.max(longest, ms); return clock.after(ms, run) } }, () => { rang = world.now })
    const at = world.now + wait
    alarm.set(at)
    await world.pass(wait - 1)
    assert.equal(rang, 0)
    await world.pass(1)
    assert.equal(rang, at)
    assert.ok(longest <= 3_600_000)
  }
})

test('the wait between attempts is drawn from 0 to a limit that doubles up to its cap', () => {
  const limits = { base: 1000, cap: 60_000 }
  const top = (failures: number) => fullJitter(failures, limits, () => 0.999999)
  assert.deepEqual([1, 2, 3, 4, 7, 100, 5000].map(top), [999, 1999, 3999, 7999, 59_999, 59_999, 59_999])
  assert.equal(fullJitter(50, limits, () => 0), 0)
})

test('only a refusal ends a session', () => {
  for (const refused of [new RefreshRefused(), { status: 401 }, { status: 403 }, { response: { status: 401 } }, new Response(null, { status: 403 })]) {
    assert.equal(classifyFailure(refused), 'refused')
  }
  for (const other of [new TypeError('Failed to fetch'), { status: 500 }, { status: 503 }, { status: 404 }, { status: 429 }, { status: 0 }, { status: '401' },
    null, undefined, 'no', new Response(null, { status: 502 }), new Error('401')]) {
    assert.equal(classifyFailure(other), 'unavailable')
  }
})
