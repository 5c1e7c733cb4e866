import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createVerifier, type VerifierOptions } from '../../src/verify/index.js'
import { good, jwks, otherJwks, scope, Source } from './world.js'

/** A verifier over a source; `at` moves its clock, on from the good request's time. */
function stage(options: Partial<VerifierOptions> = {}) {
  const source = new Source()
  const clock = { at: 0 }
  const verifier = createVerifier({
    ...scope, jwksUrl: 'http://keys.test/', fetch: source.fetch, leewayMs: 1e12, now: () => good.now + clock.at, ...options,
  })
  const ask = () => verifier.verify(good).then(({ userId }) => userId, ({ code }: { code: string }) => code)
  return { source, clock, ask }
}

test('keys are fetched once, and again when they are old', async () => {
  const { source, clock, ask } = stage()
  for (const at of [0, 1, 299_999]) {
    clock.at = at
    assert.equal(await ask(), 'user-1')
  }
  assert.equal(source.fetches, 1)
  clock.at = 300_000
  assert.equal(await ask(), 'user-1')
  assert.equal(source.fetches, 2)
})

test('requests that come together share one fetch', async () => {
  const { source, ask } = stage()
  let open = () => {}
  source.gate = new Promise((resolve) => { open = resolve })
  const asked = Array.from({ length: 20 }, ask)
  setTimeout(() => open(), 50)
  assert.deepEqual(new Set(await Promise.all(asked)), new Set(['user-1']))
  assert.equal(source.fetches, 1)
})

test('a key that is not there yet is looked up, and no more often than the cool-down allows', async () => {
  const { source, clock, ask } = stage()
  source.body = otherJwks
  assert.equal(await ask(), 'unknown_key')
  for (let i = 0; i < 50; i++) assert.equal(await ask(), 'unavailable')
  assert.equal(source.fetches, 1)
  source.body = jwks
  clock.at = 5000
  assert.equal(await ask(), 'user-1')
  assert.equal(source.fetches, 2)
})

test('keys outlive a source that fails, for a while', async () => {
  const { source, clock, ask } = stage()
  assert.equal(await ask(), 'user-1')
  source.status = 503
  for (const [at, want] of [[300_000, 'user-1'], [3_599_999, 'user-1'], [3_600_000, 'unavailable']] as const) {
    clock.at = at
    assert.equal(await ask(), want, `after ${at} ms`)
  }
  source.status = 200
  clock.at += 5000
  assert.equal(await ask(), 'user-1')
})

test('a source that does not answer is given up', async () => {
  const { source, ask } = stage({ jwksTimeoutMs: 20, now: Date.now, leewayMs: 1e12 })
  source.gate = new Promise(() => {})
  assert.deepEqual(await Promise.all([ask(), ask()]), ['unavailable', 'unavailable'])
})

for (const [what, body] of Object.entries({
  'a document that is too large': jwks.replace('{', `{"x":"${'x'.repeat(65_536)}",`),
  'a name twice': jwks.replace('{', '{"keys":[],'),
  'a symmetric key': '{"keys":[{"kty":"oct","k":"AAAA"}]}',
  'a private key': jwks.replace('"kty"', '"d":"AAAA","kty"'),
  'two keys of one kid': jwks.replace('[', `[${jwks.slice(jwks.indexOf('[') + 1, jwks.lastIndexOf(']'))},`),
  'no key at all': '{"keys":[]}',
  'a point that is on no curve': otherJwks.replace(/"y":"[^"]*"/, `"y":"${'A'.repeat(43)}"`),
  'a web page': '<html></html>',
})) {
  test(`${what} is no JWK set: what was had before stays`, async () => {
    const { source, clock, ask } = stage()
    assert.equal(await ask(), 'user-1')
    source.body = body
    clock.at = 300_000
    assert.equal(await ask(), 'user-1')
    clock.at = 305_000 // it did not count as a fetch: it is tried again
    assert.equal(await ask(), 'user-1')
    assert.equal(source.fetches, 3)
  })
}

test('a body without an end is given up', async () => {
  let pulled = 0
  const endless = () => new ReadableStream<Uint8Array>({
    pull: (to) => { pulled += 1024; to.enqueue(new Uint8Array(1024).fill(32)) },
  })
  const { ask } = stage({ fetch: () => Promise.resolve(new Response(endless())) })
  assert.equal(await ask(), 'unavailable')
  assert.ok(pulled < 80_000, `${pulled} bytes were read`)
})

test('a given set that cannot be used refuses everything', async () => {
  const verifier = createVerifier({ ...scope, jwks: '{"keys":[]}' })
  await assert.rejects(verifier.verify(good), { code: 'not_configured' })
})
