/**
 * The browser's half of Syncward. Nothing here touches the page when it is
 * imported, so that it can be imported in workers and in Node as well.
 *
 * @packageDocumentation
 */
export type { AuthErrorCode, AuthState, AuthStatus, EventWithMetadata, SyncAuth, SyncPayload } from './types.js'

export { socketClass, type SocketConstructor } from './socket/bind.js'
export type { BackoffOptions } from './socket/backoff.js'
export type { Next } from './socket/closes.js'
export type { Session } from './socket/connection.js'
export type { Lost } from './socket/driver.js'
export type { SyncSocketEventMap } from './socket/events.js'
export type { AuthError, AuthOk, AuthWarning } from './socket/messages.js'
export type { SyncSocketOptions } from './socket/options.js'
export { SyncSocket } from './socket/socket.js'

export type { Ack, Reject, Rejection } from './queue/ack.js'
export { QueueError, type QueueErrorCode } from './queue/errors.js'
export type { DeadLetter, QueueEvent, QueueOptions } from './queue/options.js'
export { createQueue, type OfflineQueue, type QueueState } from './queue/queue.js'
