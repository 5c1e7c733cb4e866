// The vectors that the Go package makes and answers itself, and what this one
// says to them. Nothing here is Node's: pages run it too.
import { createVerifier, IdentityError, type Claims, type VerifierOptions } from '../../src/verify/index.js'

/** identity/testdata/vectors.json, or mutants in its form. */
export interface File {
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

function optionsOf({ keys }: File, { keys: names, options: o, now }: Vector): VerifierOptions {
  const secret = names.flatMap((name) => keys[name]?.secret ?? [])
  const jwks = names.flatMap((name) => keys[name]?.jwks?.keys ?? [])
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

async function answer(file: File, vector: Vector): Promise<Claims | string> {
  const verifier = createVerifier(optionsOf(file, vector))
  const { method, target, headers } = vector.request
  const request = { method, url: target, headers }
  for (let i = 1; i < (vector.times ?? 1); i++) await verifier.verify(request)
  return verifier.verify(request).catch((error: unknown) => (error instanceof IdentityError ? error.code : String(error)))
}

/** What this verifier says to a vector: the claims, in the order of their names, or the refusal's word. */
export async function saysTo(file: File, vector: Vector): Promise<string> {
  const got = await answer(file, vector)
  return typeof got === 'string' ? got : inOrder(wire(got))
}

/** What the Go package says to it. */
export function goSaysTo({ want, claims = {} }: Vector): string {
  return want === 'ok' ? inOrder(claims) : want
}

const inOrder = (claims: Record<string, string | number>) => JSON.stringify(Object.entries(claims).sort(([a], [b]) => (a < b ? -1 : 1)))

/** The vectors to which the two say different things. */
export async function differences(file: File): Promise<string[]> {
  const all: string[] = []
  for (const vector of file.vectors) {
    const [is, want] = [await saysTo(file, vector), goSaysTo(vector)]
    if (is !== want) all.push(`${vector.name}: ${is}, and Go says ${want}`)
  }
  return all
}
