import assert from 'node:assert/strict'
import { createServer, get } from 'node:http'
import { test } from 'node:test'
import { storeIdFor } from '../../src/livestore/index.js'
import { createVerifier, IdentityError } from '../../src/verify/index.js'
import { good, jwks, scope } from './world.js'

const verifier = createVerifier({ ...scope, jwks, now: () => good.now })
const lower = good.headers.map(([name, value]): [string, string] => [name.toLowerCase(), value])

test('headers may come in the shape of any server', async () => {
  for (const [shape, request] of Object.entries({
    'a Request': new Request(`http://upstream.test${good.url}`, { headers: good.headers }),
    'pairs': good,
    'a Map, as LiveStore has it, and nothing else': { headers: new Map(lower) },
    'an object, as Node has it': { ...good, headers: Object.fromEntries(lower) },
    'an object of lists': { ...good, headers: Object.fromEntries(lower.map(([name, value]) => [name, [value]])) },
    'something with forEach alone': { headers: { forEach: (each: (v: string, n: string) => void) => lower.forEach(([n, v]) => each(v, n)) } },
  })) {
    assert.equal((await verifier.verify(request)).userId, 'user-1', shape)
  }
})

test("Node's own request is verified, its path byte for byte", async () => {
  const strict = createVerifier({ ...scope, jwks, now: () => good.now, checkPath: true })
  const server = createServer((request, response) => {
    strict.verify(request).then(({ userId }) => response.end(userId), (error: Error) => response.end(error.message))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : 0
  const ask = (path: string) => new Promise<string>((resolve, reject) => {
    get({ port, host: '127.0.0.1', path, headers: Object.fromEntries(good.headers) }, (answer) => {
      answer.setEncoding('utf8').once('data', resolve)
    }).once('error', reject)
  })
  try {
    assert.equal(await ask(good.url), 'user-1')
    assert.equal(await ask(good.url.replace('%7C', '%7c')), 'identity: path')
  } finally {
    server.close()
  }
})

test('an assertion is used once, and its id is forgotten only when it is dead', async () => {
  let now = good.now
  const once = createVerifier({ ...scope, jwks, singleUse: true, leewayMs: 5000, now: () => now })
  await once.verify(good)
  for (now of [good.now, good.now + 30_000, good.now + 64_999]) {
    await assert.rejects(once.verify(good), { code: 'replayed' })
  }
  now = good.now + 65_000
  await assert.rejects(once.verify(good), { code: 'expired' })
})

test('an id outlives the generation of the memory that it fell into', async () => {
  let now = good.now - 60_000
  const once = createVerifier({ ...scope, jwks, singleUse: true, leewayMs: 5000, now: () => now })
  now = good.now
  await once.verify(good)
  now = good.now + 15_000 // the generation is older than any assertion lives
  await assert.rejects(once.verify(good), { code: 'replayed' })
})

test('a memory that is full refuses what it could not remember', async () => {
  const full = createVerifier({ ...scope, jwks, singleUse: true, singleUseLimit: 0, now: () => good.now })
  await assert.rejects(full.verify(good), { code: 'unavailable' })
})

test('a request that is refused for something else uses nothing up', async () => {
  const once = createVerifier({ ...scope, jwks, singleUse: true, now: () => good.now })
  await assert.rejects(once.verify({ ...good, method: 'POST' }), { code: 'method' })
  assert.equal((await once.verify(good)).userId, 'user-1')
})

test('a secret that is none is told at once, without its text', () => {
  const pem = `-----BEGIN PRIVATE KEY-----\n${'A'.repeat(64)}`
  for (const secret of ['short', pem, new Uint8Array(31)]) {
    assert.throws(() => createVerifier({ ...scope, secret }), (error: Error) => error instanceof TypeError && !error.message.includes('AAAA'))
  }
})

test('a refusal holds its word and nothing of the request', async () => {
  const headers = good.headers.map(([name, value]): [string, string] => [name, name === 'X-Sync-Assertion' ? `${value}A` : value])
  const error: unknown = await verifier.verify({ headers }).catch((e: unknown) => e)
  assert.ok(error instanceof IdentityError)
  assert.match(error.message, /^identity: [a-z_]+$/)
})

test('a page without WebCrypto is told so, and not that keys or requests are at fault', async (t) => {
  t.mock.getter(crypto, 'subtle', () => undefined)
  const missing = { name: 'TypeError', message: /WebCrypto is missing/ }
  assert.throws(() => createVerifier({ ...scope, jwks }), missing)
  await assert.rejects(storeIdFor('notes', 'alice'), missing)
})
