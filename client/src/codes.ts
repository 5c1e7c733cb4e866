import type { AfterRefusal, AuthErrorCode } from './types.js'

/**
 * What a client does after each refusal. This is the whole list; the reason
 * decides, whatever number the close frame has.
 */
const afterCode: Readonly<Record<AuthErrorCode, AfterRefusal>> = {
  // No token was sent, or not in time: fetch one, connect again.
  AUTH_REQUIRED: 'refresh',
  // One forced refresh; if its token is refused too, log in (createSyncAuth counts).
  TOKEN_INVALID: 'refresh',
  // Past its grace: fetch a newer one, connect again.
  TOKEN_EXPIRED: 'refresh',
  // The user is gone, or was logged out elsewhere: over, in all tabs.
  USER_NOT_FOUND: 'sign-out',
  SESSION_REVOKED: 'sign-out',
  // Trying again would be refused again.
  FORBIDDEN: 'stop',
  BAD_FRAME: 'stop',
  MESSAGE_TOO_BIG: 'stop',
  // Nothing is wrong with the token: keep it, and come back later.
  RATE_LIMITED: 'backoff',
  AUTH_UNAVAILABLE: 'backoff',
  UPSTREAM_UNAVAILABLE: 'backoff',
  DRAINING: 'backoff',
}

/** What a client does after the refusal `code`. */
export function afterRefusal(code: AuthErrorCode): AfterRefusal {
  return afterCode[code]
}

/** Whether a close reason is one of Syncward's codes. */
export function isAuthErrorCode(word: unknown): word is AuthErrorCode {
  return typeof word === 'string' && Object.hasOwn(afterCode, word)
}
