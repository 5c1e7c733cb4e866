import { subtle } from '../subtle.js'
import { type Claims, parseClaims } from './claims.js'
import { IdentityError } from './errors.js'
import { type HeadersLike, Sightings } from './headers.js'
import { isSignedBy, keyFor, type VerifyKey } from './keys.js'
import { type Settings, settings, type VerifierOptions } from './options.js'
import { ReplayCache } from './replay.js'
import { encode } from './strict.js'
import { parseToken } from './token.js'

/** A request as it came: a `Request`, Node's `IncomingMessage`, or the headers that a framework hands on. */
export interface IncomingRequest {
  headers: HeadersLike
  /**
   * @default 'GET', as every upgrade is
   */
  method?: string | undefined
  /**
   * Absolute, or path and query; for `checkPath` alone.
   *
   * @default none
   */
  url?: string | undefined
}

/** Checks the name tags of requests. */
export interface Verifier {
  /**
   * What the request's assertion says, if all of it is right; else rejects with
   * an IdentityError. Once for each connection, when it is made: an assertion
   * lives 60 s. Whether `anonymous` may write is for the caller to say.
   */
  verify(request: IncomingRequest): Promise<Claims>
}

/**
 * ```ts
 * const verifier = createVerifier({ issuer: 'syncward', audience: 'sync-upstream', jwksUrl: 'http://127.0.0.1:9090/.well-known/jwks.json' })
 * const { userId, status } = await verifier.verify(request)
 * ```
 *
 * Throws a TypeError where there is no WebCrypto (a page that is no secure
 * context), and for a secret that is none.
 */
export function createVerifier(options: VerifierOptions): Verifier {
  subtle() // missing: told now, and not as if keys or requests were at fault
  const s = settings(options)
  const used = s.singleUse ? new ReplayCache(s.singleUseLimit, s.leewayMs, s.now) : null
  return { verify: (request) => verify(s, used, request) }
}

async function verify(s: Settings, used: ReplayCache | null, request: IncomingRequest): Promise<Claims> {
  if (!s.issuer || !s.audience || s.keys === null) throw new IdentityError('not_configured')
  const seen = new Sightings(request.headers, s.names)
  const claims = await readSigned(s, seen.assertion())
  checkScope(s, claims)
  await checkRequest(s, claims, seen, request)
  used?.use(claims.id) // last: only a request that is otherwise good uses it up
  return claims
}

/** Believes nothing of the token but its kid, and that only to find the key: the algorithm is then the key's. */
async function readSigned(s: Settings, assertion: string): Promise<Claims> {
  const token = parseToken(assertion)
  const key = keyFor(await keysOf(s, token.kid), token)
  if (!await isSignedBy(key, token)) throw new IdentityError('signature')
  return parseClaims(token.claims)
}

async function keysOf(s: Settings, kid: string): Promise<readonly VerifyKey[]> {
  try {
    return await s.keys?.(kid) ?? []
  } catch (error) {
    // What was given cannot be read; no request can mend that.
    throw error instanceof IdentityError ? error : new IdentityError('not_configured')
  }
}

/** Whether the assertion is meant for here and now. */
function checkScope(s: Settings, claims: Claims): void {
  const now = s.now()
  if (claims.issuer !== s.issuer) throw new IdentityError('issuer')
  if (claims.audience !== s.audience) throw new IdentityError('audience')
  if (claims.issuedAt > now + s.leewayMs) throw new IdentityError('not_yet_valid')
  if (now >= claims.expiresAt + s.leewayMs) throw new IdentityError('expired')
}

/** Whether the assertion was made for this request. */
async function checkRequest(s: Settings, claims: Claims, seen: Sightings, request: IncomingRequest): Promise<void> {
  if (claims.method !== (request.method ?? 'GET')) throw new IdentityError('method')
  seen.agree(claims)
  if (s.checkWebSocketKey && !seen.hasSocketKey(claims.webSocketKey)) throw new IdentityError('websocket_key')
  if (s.checkPath && await hashOf(request.url) !== claims.pathHash) throw new IdentityError('path')
}

/** Of path and query, cut out of the URL as they are written: parsing it would write them anew. */
async function hashOf(url = ''): Promise<string> {
  const path = url.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i, '')
  return encode(new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(path.startsWith('?') ? `/${path}` : path))))
}
