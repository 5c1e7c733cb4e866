/**
 * The words that the parts of this package share. Times are milliseconds since
 * the epoch unless a name says otherwise.
 */

/** What the server refuses with; the close reason is this word and nothing else. */
export type AuthErrorCode =
  | 'AUTH_REQUIRED'
  | 'TOKEN_INVALID'
  | 'TOKEN_EXPIRED'
  | 'USER_NOT_FOUND'
  | 'SESSION_REVOKED'
  | 'FORBIDDEN'
  | 'RATE_LIMITED'
  | 'BAD_FRAME'
  | 'MESSAGE_TOO_BIG'
  | 'AUTH_UNAVAILABLE'
  | 'UPSTREAM_UNAVAILABLE'
  | 'DRAINING'

/** The first sync frame of the `json` protocol. */
export interface SyncPayload {
  instanceId: string
  authToken?: string
  [field: string]: unknown
}

/** An event as the server hands it out with `ATTRIBUTION=inject`. */
export type EventWithMetadata<T extends object = Record<string, unknown>> = T & {
  metadata: { userId: string; timestamp: number; connectionId: string }
}

export type AuthStatus = 'anonymous' | 'authenticated' | 'grace' | 'refreshing' | 'offline' | 'signed-out'

/** One immutable picture of who is logged in, the same in all tabs. */
export interface AuthState {
  status: AuthStatus
  /** As the server named it (`auth.ok`), else as the token's `sub` says, else null. */
  userId: string | null
  /** The token's `exp`, null where there is none. */
  expiresAt: number | null
  /** Counts logins and logouts; work begun under an older one is not committed. */
  epoch: number
  /** Why the last refresh failed or the session ended. */
  error: AuthErrorCode | 'REFRESH_REFUSED' | 'OFFLINE' | null
}

/** What sockets, queues and adapters need of `createSyncAuth`. */
export interface SyncAuth {
  readonly state: AuthState
  /** Calls back after each change, in this or another tab; returns the way to stop. */
  subscribe(listener: (state: AuthState) => void): () => void
  /**
   * A token that is good to send now: refreshed first where it is about to
   * expire. null: anonymous or signed out. When no refresh can be reached the
   * older token comes back, for the server's grace to judge.
   */
  getToken(options?: { forceRefresh?: boolean; signal?: AbortSignal }): Promise<string | null>
  /** The server named the user and its clock: `auth.ok`. */
  reportAccepted(ok: { userId: string; expiresAt: number | null; serverTime: number; status: string }): void
  /** The server refused. Says what a client does next. */
  reportRefused(code: AuthErrorCode): 'refresh' | 'login' | 'backoff' | 'stop' | 'sign-out'
  signIn(token: string): Promise<void>
  /** Ends the session here and in all tabs; sockets send `auth.logout` first. */
  signOut(): Promise<void>
  close(): void
}
