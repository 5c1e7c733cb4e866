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
