import type { AuthErrorCode } from '../types.js'

/** Why a session is over. */
export type EndReason = AuthErrorCode | 'REFRESH_REFUSED' | 'SIGNED_OUT'

/** One token of a login. */
export interface SessionToken {
  /** The token itself; null in a storage that is not to hold it. */
  readonly value: string | null
  /** Counts the tokens of one login. */
  readonly serial: number
  /** Random: tells two tokens apart that two tabs fetched at once. */
  readonly id: string
  readonly subject: string | null
  readonly issuedAt: number | null
  readonly expiresAt: number | null
  /** By this machine's clock, which all its tabs share. */
  readonly receivedAt: number
}

/**
 * What all tabs agree on. Sessions are joined (`merge`), never overwritten: in
 * whatever order tabs, the worker and the storage hear of them, all end with
 * the same one. That, not a lock, is what keeps a logout from being undone.
 */
export interface Session {
  /** Counts logins and logouts. */
  readonly epoch: number
  /** Random: orders two logins that got one epoch in two tabs. */
  readonly login: string
  readonly ended: EndReason | null
  readonly token: SessionToken | null
  /** The user, as the server named it in `auth.ok`. */
  readonly named: string | null
  /** The server's clock less this machine's, and when that was learnt. */
  readonly clock: { readonly offset: number; readonly at: number } | null
}

/** Nobody has logged in yet. */
export const nobody: Session = { epoch: 0, login: '', ended: null, token: null, named: null, clock: null }

/** Orders two values of one kind; nulls come first. */
function order(a: number | string | null, b: number | string | null): number {
  if (a === b) return 0
  if (a === null) return -1
  if (b === null) return 1
  return a < b ? -1 : 1
}

function firstDifference(...orders: number[]): number {
  return orders.find((o) => o !== 0) ?? 0
}

// At one epoch the ended one counts: of a logout and a login at the same
// moment, the logout wins.
function orderLogins(a: Session, b: Session): number {
  return firstDifference(
    order(a.epoch, b.epoch), order(Number(a.ended !== null), Number(b.ended !== null)), order(a.login, b.login), order(a.ended, b.ended))
}

// The serial comes first: an auth server behind its own clock may well answer a
// forced refresh with an older `iat`.
function orderTokens(a: SessionToken, b: SessionToken): number {
  return firstDifference(order(a.serial, b.serial), order(a.issuedAt, b.issuedAt), order(a.receivedAt, b.receivedAt), order(a.id, b.id))
}

function mergeTokens(a: SessionToken | null, b: SessionToken | null): SessionToken | null {
  if (a === null || b === null) return a ?? b
  const o = orderTokens(a, b)
  if (o !== 0) return o > 0 ? a : b
  return { ...a, value: a.value ?? b.value, expiresAt: a.expiresAt ?? b.expiresAt }
}

function mergeClocks(a: Session['clock'], b: Session['clock']): Session['clock'] {
  if (a === null || b === null) return a ?? b
  return firstDifference(order(a.at, b.at), order(a.offset, b.offset)) >= 0 ? a : b
}

/**
 * The newer of two sessions: the later login or logout, and within one login
 * all that either knows. Commutative, associative and idempotent; returns `a`
 * itself where b adds nothing.
 */
export function merge(a: Session, b: Session): Session {
  const o = orderLogins(a, b)
  if (o !== 0) return o > 0 ? a : b
  const joined = {
    ...a,
    token: mergeTokens(a.token, b.token),
    named: order(a.named, b.named) >= 0 ? a.named : b.named,
    clock: mergeClocks(a.clock, b.clock),
  }
  return sameSession(a, joined) ? a : joined
}

/** Whether two sessions say the same. */
export function sameSession(a: Session, b: Session): boolean {
  return a === b || encodeSession(a) === encodeSession(b)
}

/** A session as text, with its fields in one order whoever wrote it. */
export function encodeSession({ epoch, login, ended, token, named, clock }: Session): string {
  return JSON.stringify({ epoch, login, ended, token: token && orderedToken(token), named, clock: clock && { offset: clock.offset, at: clock.at } })
}

function orderedToken({ value, serial, id, subject, issuedAt, expiresAt, receivedAt }: SessionToken): SessionToken {
  return { value, serial, id, subject, issuedAt, expiresAt, receivedAt }
}

/** The session without the token itself, for a storage that is not to hold it. */
export function withoutValue(session: Session): Session {
  return session.token === null ? session : { ...session, token: { ...session.token, value: null } }
}

/** The end of a session. */
export function endOf(session: Session, reason: EndReason, login: string): Session {
  return { ...nobody, epoch: session.epoch + 1, login, ended: reason, clock: session.clock }
}
