/**
 * The browser's half of Syncward. Nothing here touches the page when it is
 * imported, so that it can be imported in workers and in Node as well.
 *
 * @packageDocumentation
 */
export { createSyncAuth } from './create-sync-auth.js'
export { RefreshRefused } from './errors.js'
export type { RefreshContext, RefreshReason, SyncAuthOptions } from './auth/options.js'
export type { RefreshResult } from './auth/token.js'
export type { AuthStorage } from './storage/types.js'
export type {
  Accepted, AfterRefusal, AuthErrorCode, AuthState, AuthStatus, EventWithMetadata, SignOutOptions, SyncAuth, SyncPayload,
} from './types.js'

export { socketClass, type SocketConstructor } from './socket/bind.js'
export type { Session } from './socket/connection.js'
export type { Lost } from './socket/driver.js'
export type { SyncSocketEventMap } from './socket/events.js'
export type { AuthError, AuthOk, AuthWarning } from './socket/messages.js'
export type { ReconnectOptions, SocketAddress, SyncSocketOptions } from './socket/options.js'
export { SyncSocket } from './socket/socket.js'

export type { Ack, Reject, Rejection } from './queue/ack.js'
export { QueueError, type QueueErrorCode } from './queue/errors.js'
export type { DeadLetter, QueueEvent, QueueOptions } from './queue/options.js'
export { createQueue, type OfflineQueue, type QueueState } from './queue/queue.js'
