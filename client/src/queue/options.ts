import { realClock, type Clock } from '../clock.js'
import type { SyncSocket } from '../socket/socket.js'
import type { SyncAuth } from '../types.js'
import { ackByPath, defaultIdPath, rejectByPath, type Ack, type Reject } from './ack.js'
import type { DeadEntry } from './database.js'
import type { Caps } from './store.js'

/** An event as the queue takes it: a JSON object; its `id` and `metadata.clientTimestamp` are put in. */
export type QueueEvent = Record<string, unknown>

/** What the queue needs of a socket. */
export type QueueSocket = Pick<SyncSocket, 'addEventListener' | 'removeEventListener' | 'send' | 'session' | 'distrust' | 'reconnect'>

/** An event that the server did not take. */
export interface DeadLetter {
  id: string
  event: QueueEvent
  reason: string
  /** Milliseconds since the epoch. */
  diedAt: number
}

/** What a queue is told. */
export interface QueueOptions {
  socket: QueueSocket
  auth: SyncAuth
  /** The instance that the socket is connected to. */
  instanceId: string
  /**
   * Who uses the application, where `auth` does not know it: with servers that
   * never say `auth.ok`. null is nobody.
   *
   * @default () => null
   */
  userId?: () => string | null
  /**
   * The message that carries an event.
   *
   * @default (event) => JSON.stringify({ type: 'event', event })
   */
  encode?: (event: QueueEvent) => string
  /**
   * How the server says that it has an event. `'sent'` asks for nothing: an event
   * is forgotten when it was handed to the socket, and whatever was under way when
   * a connection is lost is lost as well.
   *
   * @default an id that was sent, at `idPath` of a message
   */
  ack?: Ack | 'sent'
  /**
   * Where ids stand in messages of the server: JSON Pointers, `*` for each element.
   *
   * @default ['/ack', '/ack/*', '/ids/*', '/id', '/event/id', '/events/*\/id', '/batch/*\/id']
   */
  idPath?: string | readonly string[]
  /**
   * How the server says that it does not take an event.
   *
   * @default a message of type error, reject, rejected or nack with an id at `idPath`
   */
  reject?: Reject
  /**
   * Is told of each event that became a dead letter.
   *
   * @default nothing
   */
  onReject?: (letter: DeadLetter) => void
  /**
   * Events under way at a time. With more than 1 a server that refuses one and
   * takes the next breaks the order.
   *
   * @default 1
   */
  window?: number
  /**
   * Events that a user's queue for an instance holds, dead letters included.
   *
   * @default 10000
   */
  maxEvents?: number
  /**
   * Bytes of the same.
   *
   * @default 16777216
   */
  maxBytes?: number
  /**
   * How long an acknowledgement is awaited, in milliseconds. Then the connection
   * counts as dead, and the event is sent again on the next.
   *
   * @default 30000
   */
  ackTimeoutMs?: number
  /**
   * After how many failures that may be the event's own fault it becomes a dead
   * letter: no acknowledgement on a connection that stood, or a close with 1003,
   * 1007, 1009, BAD_FRAME or MESSAGE_TOO_BIG. A lost connection is none.
   *
   * @default 5
   */
  maxFailures?: number
  /**
   * How long a tab that has stopped still counts as the one that sends, in milliseconds.
   *
   * @default 10000
   */
  leaseMs?: number
  /**
   * Whether the browser is asked not to throw the queue away when it is short of room.
   *
   * @default true
   */
  persist?: boolean
  /**
   * The name of the database.
   *
   * @default 'syncward-queue'
   */
  database?: string
  /**
   * Where the database is.
   *
   * @default globalThis.indexedDB
   */
  indexedDB?: IDBFactory
  /**
   * For tests.
   *
   * @default the machine's
   */
  clock?: Clock
}

/** The options with their defaults in place. */
export interface QueueSettings {
  socket: QueueSocket
  auth: SyncAuth
  instanceId: string
  userId: () => string | null
  encode: (event: QueueEvent) => string
  ack: Ack | 'sent'
  reject: Reject
  onReject: (letter: DeadLetter) => void
  window: number
  caps: Caps
  ackTimeoutMs: number
  maxFailures: number
  leaseMs: number
  persist: boolean
  database: string
  factory: () => IDBFactory | undefined
  clock: Clock
}

/** Puts the defaults in place. */
export function queueSettings(o: QueueOptions): QueueSettings {
  const paths = o.idPath === undefined ? defaultIdPath : typeof o.idPath === 'string' ? [o.idPath] : o.idPath
  return {
    socket: o.socket,
    auth: o.auth,
    instanceId: o.instanceId,
    userId: o.userId ?? (() => null),
    encode: o.encode ?? ((event) => JSON.stringify({ type: 'event', event })),
    ack: o.ack ?? ackByPath(paths),
    reject: o.reject ?? rejectByPath(paths),
    onReject: o.onReject ?? (() => {}),
    window: Math.max(1, Math.floor(o.window ?? 1)),
    caps: { events: o.maxEvents ?? 10_000, bytes: o.maxBytes ?? 16 * 2 ** 20 },
    ackTimeoutMs: o.ackTimeoutMs ?? 30_000,
    maxFailures: o.maxFailures ?? 5,
    leaseMs: o.leaseMs ?? 10_000,
    persist: o.persist ?? true,
    database: o.database ?? 'syncward-queue',
    factory: () => o.indexedDB ?? globalThis.indexedDB,
    clock: o.clock ?? realClock,
  }
}

/** A dead letter as the application sees it. */
export function letter({ id, json, reason, diedAt }: DeadEntry): DeadLetter {
  return { id, event: JSON.parse(json) as QueueEvent, reason, diedAt }
}
