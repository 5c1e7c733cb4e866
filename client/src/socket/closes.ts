import { afterRefusal, isAuthErrorCode } from '../codes.js'
import type { AfterRefusal, AuthErrorCode } from '../types.js'

/**
 * What follows a close: `refresh` and connect again, wait for a `login`, connect
 * again after a `backoff` with the same token, or `stop`, since the same attempt
 * would end the same way. Syncward's words are in codes.ts. This is the list
 * of the numbers, for closes whose reason is none of those words: by other
 * servers, and by what lies between.
 */
export const closes: Readonly<Record<number, AfterRefusal>> = {
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
  /** What to do, as far as the close alone tells. */
  next: AfterRefusal
  /** It concerns the token that was sent: `SyncAuth` has the last word, and knows what was tried already. */
  ask: boolean
}

/** Reads a close: the reason first, since the number only picks what a client does. */
export function afterClose(code: number, reason: string): Verdict {
  if (!isAuthErrorCode(reason)) return { refusal: null, next: closes[code] ?? 'backoff', ask: false }
  if (reason === 'AUTH_REQUIRED' && late.includes(code)) return { refusal: reason, next: 'backoff', ask: false }
  return { refusal: reason, next: afterRefusal(reason), ask: true }
}
