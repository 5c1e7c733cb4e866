import type { SyncPayload } from '../types.js'
import { isObject } from './messages.js'

/** How a first frame is completed. */
export interface FirstFrame {
  /** null: nobody is logged in; nothing is put in. */
  token: string | null
  /** JSON Pointer of the token. */
  tokenField: string
  /** Ask for Syncward's messages by `authProtocol`. */
  optIn: boolean
}

/** The first frame that the socket sends by itself. */
export function writeFirstFrame(init: SyncPayload, how: FirstFrame): string {
  return JSON.stringify(complete(init, how))
}

/**
 * The first frame of an application that sends its own: with the token in it if
 * it is a JSON object, else as it is. Written anew, so that a number may change
 * its form, as it would in any `JSON.stringify`.
 */
export function completeFirstFrame(text: string, how: FirstFrame): string {
  let message: unknown
  try {
    message = JSON.parse(text)
  } catch {
    return text
  }
  return isObject(message) ? JSON.stringify(complete(message, how)) : text
}

function complete(message: Record<string, unknown>, how: FirstFrame): Record<string, unknown> {
  const out = how.token === null ? { ...message } : put(message, segments(how.tokenField), how.token)
  if (how.optIn) out['authProtocol'] = 1
  return out
}

/** A copy of an object with a value at a path; objects on the way are made. */
export function put(object: Record<string, unknown>, path: readonly string[], value: string): Record<string, unknown> {
  const [name, ...rest] = path
  if (name === undefined) return { ...object }
  const child = Object.hasOwn(object, name) ? object[name] : undefined
  return { ...object, [name]: rest.length === 0 ? value : put(isObject(child) ? child : {}, rest, value) }
}

/** The segments of a JSON Pointer (RFC 6901 §3 and §4). */
export function segments(pointer: string): string[] {
  if (!pointer.startsWith('/')) throw new TypeError(`${JSON.stringify(pointer)} is no JSON Pointer: it begins with a slash`)
  return pointer.slice(1).split('/').map((s) => s.replaceAll('~1', '/').replaceAll('~0', '~'))
}
