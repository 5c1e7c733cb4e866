import { JwksUrl } from './jwks-url.js'
import type { Names } from './headers.js'
import { importJwks, importSecret, type VerifyKey } from './keys.js'

/** What a verifier trusts, and how strictly it looks. Keys of several sources are trusted together. */
export interface VerifierOptions {
  /** What `iss` must be: Syncward's `IDENTITY_ISSUER`, which is `syncward` where nothing else was said. */
  issuer: string
  /** What `aud` must be: Syncward's `IDENTITY_AUDIENCE`, which is `sync-upstream` where nothing else was said. */
  audience: string
  /**
   * Where the public keys are: `/.well-known/jwks.json` of Syncward's `ADMIN_ADDR`.
   *
   * @default none
   */
  jwksUrl?: string | URL
  /**
   * Public keys: a JWK set, as text or read.
   *
   * @default none
   */
  jwks?: string | { readonly keys: readonly object[] }
  /**
   * The HMAC secret that Syncward has as `IDENTITY_KEY`, at least 32 bytes;
   * several while it is changed.
   *
   * @default none
   */
  secret?: string | Uint8Array | readonly (string | Uint8Array)[]
  /**
   * Clock skew allowed for `iat` and `exp`, in milliseconds.
   *
   * @default 5000
   */
  leewayMs?: number
  /**
   * Refuses an assertion that this verifier has seen. Its memory is this process's
   * (in Workers: this isolate's), and does not reach across replicas.
   *
   * @default false
   */
  singleUse?: boolean
  /**
   * How many used assertions are remembered; beyond it all are refused until old
   * ones fall out.
   *
   * @default 262144
   */
  singleUseLimit?: number
  /**
   * Compares `wsk` with the request's `Sec-WebSocket-Key`. Only where every hop
   * from Syncward to here keeps that; wrangler does not.
   *
   * @default false
   */
  checkWebSocketKey?: boolean
  /**
   * Compares `pth` with the request's path and query. Only where every hop keeps
   * them byte for byte; wrangler does not.
   *
   * @default false
   */
  checkPath?: boolean
  /**
   * Syncward's `IDENTITY_HEADER_PREFIX`.
   *
   * @default 'X-Sync-'
   */
  headerPrefix?: string
  /**
   * Syncward's `USER_ID_HEADER`.
   *
   * @default the prefix and `User-Id`
   */
  userIdHeader?: string
  /**
   * How long keys from `jwksUrl` are used before they are fetched again, in ms.
   *
   * @default 300000
   */
  jwksMaxAgeMs?: number
  /**
   * How long they are used while they cannot be fetched again, in ms.
   *
   * @default 3600000
   */
  jwksMaxStaleMs?: number
  /**
   * The shortest time between two fetches, whatever key ids are sent, in ms.
   *
   * @default 5000
   */
  jwksCoolDownMs?: number
  /**
   * How long a fetch may take, in ms.
   *
   * @default 3000
   */
  jwksTimeoutMs?: number
  /**
   * What fetches them: a service binding's, say.
   *
   * @default globalThis.fetch
   */
  fetch?: typeof fetch
  /**
   * The time in milliseconds, for tests.
   *
   * @default Date.now
   */
  now?: () => number
}

/** The options with their defaults in place. */
export interface Settings {
  issuer: string
  audience: string
  names: Names
  leewayMs: number
  singleUse: boolean
  singleUseLimit: number
  checkWebSocketKey: boolean
  checkPath: boolean
  now: () => number
  /** Null: none was given. */
  keys: ((kid: string) => Promise<readonly VerifyKey[]>) | null
}

/** Puts the defaults in place. Throws a TypeError for a secret that is none; it never holds what it was. */
export function settings(options: VerifierOptions): Settings {
  const prefix = options.headerPrefix ?? 'X-Sync-'
  return {
    issuer: options.issuer,
    audience: options.audience,
    names: { prefix, userId: options.userIdHeader ?? `${prefix}User-Id` },
    leewayMs: options.leewayMs ?? 5000,
    singleUse: options.singleUse ?? false,
    singleUseLimit: options.singleUseLimit ?? 262_144,
    checkWebSocketKey: options.checkWebSocketKey ?? false,
    checkPath: options.checkPath ?? false,
    now: options.now ?? Date.now,
    keys: sourceOf(options),
  }
}

function sourceOf(options: VerifierOptions): Settings['keys'] {
  const secrets = [options.secret ?? []].flat().map(secretBytes)
  const { jwks } = options
  const document = typeof jwks === 'object' ? JSON.stringify(jwks) : jwks
  const url = options.jwksUrl === undefined ? null : new JwksUrl(fetching(options, String(options.jwksUrl)))
  if (secrets.length === 0 && document === undefined && url === null) return null
  let given: readonly VerifyKey[] | null = null
  const load = async () => [
    ...(await Promise.all(secrets.map(importSecret))), ...(document === undefined ? [] : await importJwks(document)),
  ]
  return async (kid) => {
    given ??= await load()
    if (url === null || given.some((key) => key.kid === kid)) return given
    return [...given, ...await url.get(kid)]
  }
}

function fetching(options: VerifierOptions, url: string) {
  return {
    url,
    fetch: options.fetch ?? ((input, init) => globalThis.fetch(input, init)),
    now: options.now ?? Date.now,
    timeoutMs: options.jwksTimeoutMs ?? 3000,
    maxAgeMs: options.jwksMaxAgeMs ?? 300_000,
    maxStaleMs: options.jwksMaxStaleMs ?? 3_600_000,
    coolDownMs: options.jwksCoolDownMs ?? 5000,
  }
}

function secretBytes(secret: string | Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = typeof secret === 'string' ? new TextEncoder().encode(secret) : Uint8Array.from(secret)
  if (bytes.length < 32) throw new TypeError('secret: shorter than 32 bytes')
  if (new TextDecoder().decode(bytes.subarray(0, 11)) === '-----BEGIN ') throw new TypeError('secret: a PEM file; a verifier gets the public key, as jwks or jwksUrl')
  return bytes as Uint8Array<ArrayBuffer>
}
