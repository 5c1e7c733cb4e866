import type { AuthErrorCode } from '../types.js'

/** `auth.ok`: who this connection is. Times are milliseconds since the epoch. */
export interface AuthOk {
  type: 'auth.ok'
  channel: string
  userId: string
  connectionId: string
  status: 'valid' | 'grace' | 'anonymous'
  expiresAt: number | null
  graceEndsAt: number | null
  serverTime: number
  /** The server runs in development mode, and says so. */
  warning?: string
}

/** `auth.warning`: the token has expired, and is still accepted for a while. */
export interface AuthWarning {
  type: 'auth.warning'
  channel: string
  code: string
  expiredAt: number
  graceEndsAt: number
}

/** `auth.error`: a refusal, of the connection or of a refresh alone. */
export interface AuthError {
  type: 'auth.error'
  channel?: string
  code: AuthErrorCode
  message: string
  retryable: boolean
  retryAfterMs: number
}

/** Any message of the form that Syncward's have; what it holds is not yet known. */
export interface AuthMessage {
  type: string
  channel?: unknown
  [field: string]: unknown
}

/** 128 bits in base64url. */
const channelLength = 22

/** Reads a message as one of Syncward's form; null: it is the application's. */
export function readAuthMessage(data: unknown): AuthMessage | null {
  // Most messages are not: looked at before they are parsed.
  if (typeof data !== 'string' || !data.includes('auth.') || data.charCodeAt(0) !== 0x7b) return null
  try {
    const message: unknown = JSON.parse(data)
    return isObject(message) && typeof message['type'] === 'string' && message['type'].startsWith('auth.')
      ? { ...message, type: message['type'] }
      : null
  } catch {
    return null
  }
}

/** Whether a message is an `auth.ok` in full. */
export function isOk(message: AuthMessage): message is AuthMessage & AuthOk {
  const { type, channel, userId, connectionId, status, expiresAt, graceEndsAt, serverTime } = message
  return type === 'auth.ok'
    && typeof channel === 'string' && channel.length >= channelLength
    && typeof userId === 'string' && userId !== ''
    && typeof connectionId === 'string'
    && (status === 'valid' || status === 'grace' || status === 'anonymous')
    && isTime(expiresAt) && isTime(graceEndsAt) && typeof serverTime === 'number'
}

/** Whether a message is an `auth.warning` in full. */
export function isWarning(message: AuthMessage): message is AuthMessage & AuthWarning {
  return message.type === 'auth.warning' && typeof message['code'] === 'string'
    && typeof message['expiredAt'] === 'number' && typeof message['graceEndsAt'] === 'number'
}

/** Whether a message is an `auth.error` in full. */
export function isError(message: AuthMessage): message is AuthMessage & AuthError {
  return message.type === 'auth.error' && typeof message['code'] === 'string'
    && typeof message['message'] === 'string' && typeof message['retryAfterMs'] === 'number'
}

function isTime(value: unknown): boolean {
  return value === null || typeof value === 'number'
}

/** A JSON object: neither null nor a list. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
