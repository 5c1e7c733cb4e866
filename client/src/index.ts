/**
 * The browser's half of Syncward. Nothing here touches the page when it is
 * imported, so that it can be imported in workers and in Node as well.
 *
 * @packageDocumentation
 */
export type {
  Accepted, AfterRefusal, AuthErrorCode, AuthState, AuthStatus, EventWithMetadata, SignOutOptions, SyncAuth, SyncPayload,
} from './types.js'
