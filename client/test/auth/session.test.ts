import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeSession, parseSession } from '../../src/auth/parse-session.js'
import { encodeSession, endOf, merge, nobody, type Session, type SessionToken, withoutValue } from '../../src/auth/session.js'
import { randomFrom } from '../sim/world.js'

const token = (fields: Partial<SessionToken> = {}): SessionToken => ({
  value: 't', serial: 1, id: 'a', subject: 'alice', issuedAt: 1000, expiresAt: 2000, receivedAt: 1000, ...fields,
})
const session = (fields: Partial<Session> = {}): Session => ({ ...nobody, epoch: 1, login: 'l', token: token(), ...fields })

test('a later epoch wins, and of a login and a logout at one moment the logout', () => {
  const older = session({ token: token({ serial: 9 }) })
  assert.equal(merge(older, session({ epoch: 2 })).epoch, 2)
  assert.equal(merge(session({ epoch: 2 }), older).epoch, 2)
  const out = endOf(nobody, 'SIGNED_OUT', 'a')
  for (const [a, b] of [[out, session({ login: 'z' })], [session({ login: 'z' }), out]] as const) assert.equal(merge(a, b).ended, 'SIGNED_OUT')
})

test('a token of a greater serial wins, even if its iat is older', () => {
  const a = session({ token: token({ serial: 2, issuedAt: 500, value: 'forced' }) })
  for (const m of [merge(a, session()), merge(session(), a)]) assert.equal(m.token?.value, 'forced')
})

test('within one login nothing that either knows is lost', () => {
  const stored = withoutValue(session({ named: 'alice@server' }))
  const live = session({ clock: { offset: 5, at: 7 } })
  const want = session({ named: 'alice@server', clock: { offset: 5, at: 7 } })
  for (const m of [merge(stored, live), merge(live, stored)]) assert.equal(encodeSession(m), encodeSession(want))
})

test('sessions join in any order and any grouping to the same', () => {
  const random = randomFrom(7)
  const one = <T>(...of: T[]): T => of[Math.floor(random() * of.length)] as T
  const any = (): Session => {
    const ended = one(null, null, 'SIGNED_OUT', 'SESSION_REVOKED') as Session['ended']
    const tokens = [null, token({ serial: one(1, 2), id: one('a', 'b'), value: one(null, 'x'), receivedAt: one(1, 2), issuedAt: one(null, 5) })]
    // What one id names is one token, wherever it is told of.
    const t = one(...tokens)
    const same = t && { ...t, value: t.value && `${t.serial}${t.id}`, receivedAt: t.id === 'a' ? 1 : 2, issuedAt: t.id === 'a' ? null : 5 }
    return { ...nobody, epoch: one(1, 2), login: one('k', 'l'), ended, token: ended === null ? same : null, named: one(null, 'u', 'v'),
      clock: one(null, { offset: one(1, 2), at: one(1, 2) }) }
  }
  for (let i = 0; i < 20_000; i++) {
    const [a, b, c] = [any(), any(), any()]
    assert.equal(encodeSession(merge(a, b)), encodeSession(merge(b, a)))
    assert.equal(encodeSession(merge(merge(a, b), c)), encodeSession(merge(a, merge(b, c))))
    assert.equal(merge(a, a), a)
    const ab = merge(a, b)
    assert.equal(merge(ab, b), ab)
  }
})

test('what is no session of this version is as if nothing was said', () => {
  const good = session()
  assert.deepEqual(decodeSession(encodeSession(good)), good)
  for (const bad of [null, 1, 'x', [], {}, { ...good, epoch: -1 }, { ...good, epoch: 1.5 }, { ...good, login: 1 }, { ...good, ended: 'NO' },
    { ...good, token: { ...token(), serial: 'x' } }, { ...good, token: { ...token(), value: 5 } }, { ...good, clock: { offset: 'x', at: 1 } },
    { ...good, ended: 'SIGNED_OUT' }, { ...good, named: {} }]) {
    assert.equal(parseSession(bad), null, JSON.stringify(bad))
  }
  for (const text of [null, '', '{', '{"epoch":1}']) assert.equal(decodeSession(text), null)
})
