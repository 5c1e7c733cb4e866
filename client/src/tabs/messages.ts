import { type Activity, parseActivity } from '../auth/activity.js'
import { parseSession } from '../auth/parse-session.js'
import type { Session } from '../auth/session.js'

/** Of the messages below. Other versions use other channels, workers and keys, and do not hear each other. */
export const version = 'syncward-v1'

/** What tabs (and the shared worker) tell each other. */
export type TabMessage =
  /** A tab has come or come back: whoever knows something says it. */
  | { kind: 'hello'; from: string }
  | { kind: 'state'; from: string; session: Session; activity: Activity | null }
  /** A tab that cannot refresh by itself wants a newer token than this one. */
  | { kind: 'need'; from: string; epoch: number; serial: number }

/** Reads a message. Null for what is none of this version. */
export function parseTabMessage(data: unknown): TabMessage | null {
  if (typeof data !== 'object' || data === null) return null
  const { kind, from, session, activity, epoch, serial } = data as Record<string, unknown>
  if (typeof from !== 'string') return null
  if (kind === 'hello') return { kind, from }
  if (kind === 'need' && typeof epoch === 'number' && typeof serial === 'number') return { kind, from, epoch, serial }
  const said = kind === 'state' ? parseSession(session) : null
  return said === null ? null : { kind: 'state', from, session: said, activity: parseActivity(activity) }
}

/** A channel to all others of one name; what one sends it does not hear itself. */
export interface Channel {
  send(message: TabMessage): void
  close(): void
}

/** Opens a channel. */
export type OpenChannel = (hear: (message: TabMessage) => void) => Channel

/** The BroadcastChannel for a name. */
export function broadcast(name: string): OpenChannel {
  return (hear) => {
    const channel = new BroadcastChannel(`${version}:${name}`)
    channel.onmessage = (event: MessageEvent<unknown>) => {
      const message = parseTabMessage(event.data)
      if (message !== null) hear(message)
    }
    return {
      send: (message) => channel.postMessage(message),
      close: () => channel.close(),
    }
  }
}
