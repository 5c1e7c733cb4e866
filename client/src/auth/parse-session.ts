import { type EndReason, type Session, type SessionToken } from './session.js'
import { isAuthErrorCode } from '../codes.js'

type Fields = Record<string, unknown>

const isObject = (x: unknown): x is Fields => typeof x === 'object' && x !== null && !Array.isArray(x)
const isTime = (x: unknown): x is number => typeof x === 'number' && Number.isFinite(x)
const isCount = (x: unknown): x is number => Number.isSafeInteger(x) && (x as number) >= 0
const isText = (x: unknown): x is string => typeof x === 'string'
const orNull = <T>(is: (x: unknown) => x is T) => (x: unknown): x is T | null => x === null || is(x)
const isReason = (x: unknown): x is EndReason => x === 'REFRESH_REFUSED' || x === 'SIGNED_OUT' || isAuthErrorCode(x)

function isToken(x: unknown): x is SessionToken {
  return isObject(x) && orNull(isText)(x['value']) && isCount(x['serial']) && isText(x['id']) && orNull(isText)(x['subject']) &&
    orNull(isTime)(x['issuedAt']) && orNull(isTime)(x['expiresAt']) && isTime(x['receivedAt'])
}

function isClock(x: unknown): x is NonNullable<Session['clock']> {
  return isObject(x) && isTime(x['offset']) && isTime(x['at'])
}

function isSession(x: unknown): x is Session {
  return isObject(x) && isCount(x['epoch']) && isText(x['login']) && orNull(isReason)(x['ended']) && orNull(isToken)(x['token']) &&
    orNull(isText)(x['named']) && orNull(isClock)(x['clock'])
}

/**
 * Reads what another tab or the storage says. Null for what is no session of
 * this version, an ended one with a token included: it is as if nothing was said.
 */
export function parseSession(said: unknown): Session | null {
  return isSession(said) && (said.ended === null || said.token === null) ? said : null
}

/** As parseSession, from text. */
export function decodeSession(text: string | null): Session | null {
  if (text === null) return null
  try {
    return parseSession(JSON.parse(text))
  } catch {
    return null // not ours, or torn: as if there were none
  }
}
