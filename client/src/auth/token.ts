import type { SessionToken } from './session.js'

/** What `refresh` may answer; null: nobody is logged in. */
export type RefreshResult = string | null | {
  token: string
  /** For tokens that are no JWT. Milliseconds since the epoch. */
  expiresAt?: number
  /** For tokens that are no JWT, or whose user is in another claim than `sub`. */
  userId?: string
}

type Claims = Readonly<Record<string, unknown>>

// The claims are read to know when to refresh and whom to greet, never to
// trust: it is the server that verifies.
function claimsOf(token: string): Claims {
  try {
    const part = token.split('.')[1] ?? ''
    const bytes = Uint8Array.from(atob(part.replaceAll('-', '+').replaceAll('_', '/')), (c) => c.charCodeAt(0))
    const claims: unknown = JSON.parse(new TextDecoder().decode(bytes))
    return typeof claims === 'object' && claims !== null ? claims as Claims : {}
  } catch {
    return {} // an opaque token
  }
}

const milliseconds = (seconds: unknown) => (typeof seconds === 'number' && Number.isFinite(seconds) ? seconds * 1000 : null)

/**
 * What is known of a token that was just received. Throws a TypeError for what
 * is no token; it never holds what it was.
 */
export function readToken(answer: Exclude<RefreshResult, null>, serial: number, id: string, now: number): SessionToken {
  const { token, expiresAt, userId } = typeof answer === 'string' ? { token: answer } as Exclude<RefreshResult, null | string> : answer
  if (typeof token !== 'string' || token === '') throw new TypeError('refresh answered neither a token nor null')
  const claims = claimsOf(token)
  return {
    value: token,
    serial,
    id,
    subject: userId ?? (typeof claims['sub'] === 'string' ? claims['sub'] : null),
    issuedAt: milliseconds(claims['iat']),
    expiresAt: expiresAt ?? milliseconds(claims['exp']),
    receivedAt: now,
  }
}
