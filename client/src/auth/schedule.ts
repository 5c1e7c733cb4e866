import type { Session, SessionToken } from './session.js'

// How long after an answer that was no use (expired on arrival) the next refresh is.
const afterUseless = 30_000
const longestAhead = 300_000

/**
 * The server's clock less this machine's, in ms: as `auth.ok` said, else as if
 * the newest token had been issued when it arrived. It may have been older, and
 * the true difference greater; the server's first answer mends that.
 */
export function clockOffset({ clock, token }: Session): number {
  if (clock !== null) return clock.offset
  return token === null || token.issuedAt === null ? 0 : token.issuedAt - token.receivedAt
}

/** When the token expires, by this machine's clock; null: never, or there is none. */
export function localExpiry(session: Session): number | null {
  const expiresAt = session.token?.expiresAt ?? null
  return expiresAt === null ? null : expiresAt - clockOffset(session)
}

function lifetime(token: SessionToken, expiry: number): number {
  return token.issuedAt !== null && token.expiresAt !== null ? token.expiresAt - token.issuedAt : expiry - token.receivedAt
}

/**
 * When to refresh, by this machine's clock: `ahead` ms before the token expires
 * (by default a fifth of its lifetime, five minutes at most), but not before
 * half of what was left of it on arrival has passed: a token that is shorter
 * than `ahead` must not be fetched without end. Null: never.
 */
export function refreshDue(session: Session, ahead: number | null): number | null {
  const { token } = session
  const expiry = localExpiry(session)
  if (token === null || expiry === null) return null
  const left = expiry - token.receivedAt
  const margin = ahead ?? Math.min(longestAhead, lifetime(token, expiry) / 5)
  return Math.max(expiry - margin, token.receivedAt + (left > 0 ? left / 2 : afterUseless))
}

/** Whether the token is as good as expired: not worth sending if a newer one can be had first. */
export function isExpiring(session: Session, now: number): boolean {
  const { token } = session
  const expiry = localExpiry(session)
  if (token === null || expiry === null) return false
  return now >= expiry - Math.min(10_000, Math.max(lifetime(token, expiry), 0) / 10)
}
