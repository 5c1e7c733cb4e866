// The vectors that the Go package makes and answers itself: identity/testdata.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { createVerifier, IdentityError, type Claims, type VerifierOptions } from '../../src/verify/index.js'

interface File {
  keys: Record<string, { alg: string; kid: string; secret?: string; jwks?: { keys: object[] } }>
  vectors: Vector[]
}

interface Vector {
  name: string
  keys: string[]
  options: {
    issuer: string
    audience: string
    prefix?: string
    userIdHeader?: string
    leewaySeconds?: number
    singleUse?: boolean
    checkWebSocketKey?: boolean
    checkPath?: boolean
    keysUnavailable?: boolean
  }
  request: { method: string; target: string; headers: [string, string][] }
  now: number
  times?: number
  want: string
  claims?: Record<string, string | number>
}

// The tests run in client/, whatever folder they were built into.
const file = JSON.parse(readFileSync('../identity/testdata/vectors.json', 'utf8')) as File

function optionsOf({ keys, options: o, now }: Vector): VerifierOptions {
  const secret = keys.flatMap((name) => file.keys[name]?.secret ?? [])
  const jwks = keys.flatMap((name) => file.keys[name]?.jwks?.keys ?? [])
  const trusted = o.keysUnavailable
    ? { jwksUrl: 'http://keys.test/', fetch: () => Promise.reject(new Error('out of reach')) }
    : { secret, ...(jwks.length > 0 ? { jwks: { keys: jwks } } : {}) }
  return {
    issuer: o.issuer, audience: o.audience, ...trusted, now: () => now * 1000,
    ...(o.prefix === undefined ? {} : { headerPrefix: o.prefix }),
    ...(o.userIdHeader === undefined ? {} : { userIdHeader: o.userIdHeader }),
    leewayMs: o.leewaySeconds === undefined ? 5000 : Math.max(0, o.leewaySeconds) * 1000,
    singleUse: o.singleUse ?? false, checkWebSocketKey: o.checkWebSocketKey ?? false, checkPath: o.checkPath ?? false,
  }
}

function wire(c: Claims): Record<string, string | number> {
  return {
    iss: c.issuer, aud: c.audience, sub: c.userId, cid: c.connectionId, iid: c.instanceId, status: c.status,
    mth: c.method, jti: c.id, pth: c.pathHash, iat: c.issuedAt / 1000, exp: c.expiresAt / 1000,
    ...(c.tokenExpiresAt === null ? {} : { uexp: c.tokenExpiresAt / 1000 }),
    ...(c.webSocketKey === null ? {} : { wsk: c.webSocketKey }),
  }
}

async function answer(vector: Vector): Promise<Claims | string> {
  const verifier = createVerifier(optionsOf(vector))
  const { method, target, headers } = vector.request
  const request = { method, url: target, headers }
  for (let i = 1; i < (vector.times ?? 1); i++) await verifier.verify(request)
  return verifier.verify(request).catch((error: unknown) => (error instanceof IdentityError ? error.code : String(error)))
}

test('there are vectors', () => assert.ok(file.vectors.length > 150))

for (const vector of file.vectors) {
  test(vector.name, async () => {
    const got = await answer(vector)
    if (vector.want !== 'ok') return assert.equal(got, vector.want)
    if (typeof got === 'string') return assert.fail(`refused: ${got}`)
    return assert.deepEqual(wire(got), vector.claims)
  })
}
