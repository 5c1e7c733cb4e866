import type { AuthState, AuthStatus } from '../types.js'
import type { Activity } from './activity.js'
import { localExpiry } from './schedule.js'
import type { Session } from './session.js'

/** The state before anything is known, and on a server that renders a page. */
export const unknownState: AuthState = Object.freeze({ status: 'anonymous', userId: null, expiresAt: null, epoch: 0, error: null })

// A refresh that failed stays `offline` while it is tried again: a page that
// flickers with each attempt tells nobody anything.
function statusOf(session: Session, activity: Activity | null, now: number): AuthStatus {
  if (session.ended !== null && activity?.what !== 'refreshing') return 'signed-out'
  if (activity !== null && activity.what !== 'refused' && activity.failures > 0) return 'offline'
  if (activity !== null && activity.what === 'refreshing' && activity.until > now) return 'refreshing'
  if (session.ended !== null) return 'signed-out'
  if (session.token === null) return 'anonymous'
  const expiry = localExpiry(session)
  return expiry !== null && now >= expiry ? 'grace' : 'authenticated'
}

/** What an application sees of a session. */
export function stateOf(session: Session, activity: Activity | null, now: number): AuthState {
  const status = statusOf(session, activity, now)
  const ended = session.ended === 'SIGNED_OUT' ? null : session.ended
  return Object.freeze({
    status,
    userId: session.named ?? session.token?.subject ?? null,
    expiresAt: session.token?.expiresAt ?? null,
    epoch: session.epoch,
    error: ended ?? (status === 'offline' ? 'OFFLINE' : null),
  })
}

/** Whether two states say the same. */
export function sameState(a: AuthState, b: AuthState): boolean {
  return a.status === b.status && a.userId === b.userId && a.expiresAt === b.expiresAt && a.epoch === b.epoch && a.error === b.error
}
