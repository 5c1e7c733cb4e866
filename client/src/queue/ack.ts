import { segments } from '../socket/firstframe.js'
import { isObject } from '../socket/messages.js'

/** Says which events a message of the server acknowledges. It gets JSON parsed, anything else as it came. */
export type Ack = (message: unknown) => readonly string[]

/** An event that the server does not take. */
export interface Rejection {
  id: string
  reason: string
}

/** Says which events a message of the server rejects for good. */
export type Reject = (message: unknown) => readonly Rejection[]

/** Where ids stand by default: acknowledgements, then echoes in the server's usual forms. */
export const defaultIdPath: readonly string[] = ['/ack', '/ack/*', '/ids/*', '/id', '/event/id', '/events/*/id', '/batch/*/id']

/** Acknowledges what carries an id at one of the paths: JSON Pointers in which `*` is each element of a list. */
export function ackByPath(paths: readonly string[]): Ack {
  const split = paths.map(segments)
  return (message) => (isRefusal(message) ? [] : split.flatMap((path) => find(message, path)))
}

/** Rejects what an error carries: a message of type `error`, `reject`, `rejected` or `nack` with an id at one of the paths. */
export function rejectByPath(paths: readonly string[]): Reject {
  const split = paths.map(segments)
  return (message) => {
    if (!isRefusal(message)) return []
    const reason = [message['reason'], message['message'], message['code'], message['type']].find((r) => typeof r === 'string')
    return split.flatMap((path) => find(message, path)).map((id) => ({ id, reason: String(reason) }))
  }
}

function isRefusal(message: unknown): message is Record<string, unknown> {
  return isObject(message) && typeof message['type'] === 'string' && ['error', 'reject', 'rejected', 'nack'].includes(message['type'])
}

/** The strings at a path. */
function find(value: unknown, path: readonly string[]): string[] {
  const [name, ...rest] = path
  if (name === undefined) return typeof value === 'string' ? [value] : []
  if (name === '*') return Array.isArray(value) ? value.flatMap((element) => find(element, rest)) : []
  return isObject(value) && Object.hasOwn(value, name) ? find(value[name], rest) : []
}

/** A message of the server as `Ack` and `Reject` get it. */
export function parse(data: unknown): unknown {
  if (typeof data !== 'string') return data
  try {
    return JSON.parse(data)
  } catch {
    return data
  }
}
