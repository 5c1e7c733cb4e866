import { isObject } from '../socket/messages.js'
import { version } from '../tabs/messages.js'

/**
 * - `connected`: what is written is synced
 * - `disconnected`: LiveStore tries again by itself, after 30 s at most
 * - `refused`: the store is another user's; nothing is tried before somebody else logs in
 */
export type StoreState = 'connected' | 'disconnected' | 'refused'

/** How a store stands, which LiveStore itself tells nobody. */
export interface StoreStatus {
  readonly storeId: string
  readonly state: StoreState
  /** Who is logged in. */
  readonly userId: string | null
  /** The close reason: one of Syncward's words, if it has one; for `refused` a sentence. */
  readonly reason: string
  /** The close code, null where there is none. */
  readonly code: number | null
}

/** Takes what is to be told. */
export type Tell = (status: StoreStatus) => void

type Message = { kind: 'hello' } | { kind: 'status'; status: StoreStatus }

const states: readonly unknown[] = ['connected', 'disconnected', 'refused']

function parse(data: unknown): Message | null {
  if (!isObject(data)) return null
  if (data['kind'] === 'hello') return { kind: 'hello' }
  const status = data['status']
  const right = data['kind'] === 'status' && isObject(status)
    && typeof status['storeId'] === 'string' && states.includes(status['state']) && typeof status['reason'] === 'string'
  return right ? { kind: 'status', status: status as unknown as StoreStatus } : null
}

function open(name: string, hear: (message: Message, channel: BroadcastChannel) => void): BroadcastChannel {
  const channel = new BroadcastChannel(`${version}:${name}:stores`)
  channel.onmessage = (event: MessageEvent<unknown>) => {
    const message = parse(event.data)
    if (message !== null) hear(message, channel)
  }
  return channel
}

/** Tells all tabs of `name`, those too that ask later. */
export function broadcastStatus(name: string): Tell {
  const last = new Map<string, StoreStatus>()
  const say = (status: StoreStatus) => channel.postMessage({ kind: 'status', status } satisfies Message)
  const channel = open(name, ({ kind }) => { if (kind === 'hello') last.forEach(say) })
  return (status) => {
    last.set(status.storeId, status)
    say(status)
  }
}

/**
 * Calls back with how a store stands, now and after each change; `storeId` is what
 * was given to LiveStore. Returns the way to stop.
 */
export function watchStore(storeId: string, listener: (status: StoreStatus) => void, { name = 'default' }: { name?: string } = {}): () => void {
  const channel = open(name, (message) => {
    if (message.kind === 'status' && message.status.storeId === storeId) listener(message.status)
  })
  channel.postMessage({ kind: 'hello' } satisfies Message)
  return () => channel.close()
}
