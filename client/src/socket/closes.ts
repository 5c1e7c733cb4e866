import type { AuthErrorCode } from '../types.js'

/**
 * What follows a close:
 * - `refresh`: get a new token, then connect again
 * - `login`: wait until somebody logs in
 * - `backoff`: connect again later, with the same token
 * - `stop`: the same attempt would end the same way; the socket is closed
 * - `sign-out`: the session is over
 */
export type Next = 'refresh' | 'login' | 'backoff' | 'stop' | 'sign-out'

/**
 * By Syncward's word, which is the close reason. Those that `ask` concern the
 * token or its user: there `SyncAuth.reportRefused` decides, since it knows what
 * was tried already, and `next` is what to expect of it at first.
 */
export const refusals: Readonly<Record<AuthErrorCode, { next: Next; ask: boolean }>> = {
  AUTH_REQUIRED: { next: 'refresh', ask: true },
  TOKEN_INVALID: { next: 'refresh', ask: true }, // one forced refresh, then log in
  TOKEN_EXPIRED: { next: 'refresh', ask: true }, // past grace
  USER_NOT_FOUND: { next: 'sign-out', ask: true },
  SESSION_REVOKED: { next: 'sign-out', ask: true },
  FORBIDDEN: { next: 'stop', ask: false }, // this user may not open this instance; that is no fault of the token
  RATE_LIMITED: { next: 'backoff', ask: false }, // says nothing of the token: the same one again
  BAD_FRAME: { next: 'stop', ask: false },
  MESSAGE_TOO_BIG: { next: 'stop', ask: false },
  AUTH_UNAVAILABLE: { next: 'backoff', ask: false }, // keeps the token
  UPSTREAM_UNAVAILABLE: { next: 'backoff', ask: false },
  DRAINING: { next: 'backoff', ask: false }, // after the given delay
}

/** By number, where the reason is no word of Syncward's: other servers, and what lies between. */
export const closes: Readonly<Record<number, Next>> = {
  // RFC 6455 and the registry of close codes.
  1000: 'backoff', // normal: the server ended what the application wants open
  1001: 'backoff', // going away
  1002: 'stop', // protocol error: the next connection would speak the same
  1003: 'stop', // it cannot take this kind of data
  1005: 'backoff', // a close without a code
  1006: 'backoff', // no close at all: network, or a refusal in HTTP that a browser hides
  1007: 'stop', // data that is not what it says
  1008: 'refresh', // policy violation: what servers without codes of their own say to a token they dislike
  1009: 'stop', // a message too big
  1010: 'stop', // an extension is missing
  1011: 'backoff', // the server failed
  1012: 'backoff', // restart
  1013: 'backoff', // try again later
  1014: 'backoff', // bad gateway
  1015: 'backoff', // TLS failed
  // IANA: what HTTP calls 401, 403, 408.
  3000: 'refresh',
  3003: 'stop',
  3008: 'backoff',
  // After the HTTP statuses; graphql-transport-ws uses the same range.
  4400: 'stop',
  4401: 'refresh',
  4403: 'stop',
  4406: 'stop', // graphql-transport-ws: subprotocol not acceptable
  4408: 'backoff', // the first frame came too late
  4409: 'stop', // graphql-transport-ws: that subscription exists
  4429: 'backoff',
  4500: 'backoff',
  4504: 'backoff',
}

/** The numbers of a first frame that came too late: that is no fault of the token. */
const late = [4408, 3008]

/** What a close says. */
export interface Verdict {
  /** Syncward's word, where it was one. */
  refusal: AuthErrorCode | null
  next: Next
  /** `SyncAuth.reportRefused` has the last word. */
  ask: boolean
}

function isRefusal(reason: string): reason is AuthErrorCode {
  return Object.hasOwn(refusals, reason)
}

/** Reads a close: the reason first, since the number only picks what a client does. */
export function afterClose(code: number, reason: string): Verdict {
  if (!isRefusal(reason)) return { refusal: null, next: closes[code] ?? 'backoff', ask: false }
  if (reason === 'AUTH_REQUIRED' && late.includes(code)) return { refusal: reason, next: 'backoff', ask: false }
  return { refusal: reason, ...refusals[reason] }
}
