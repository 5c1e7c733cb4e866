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
export type EventWithMetadata<T = Record<string, unknown>> = T & {
  metadata: { userId: string; timestamp: number; connectionId: string }
}

/**
 * - `anonymous`: nobody has logged in
 * - `authenticated`: a token that has not expired
 * - `grace`: it has expired, and the server may still take it for a while
 * - `refreshing`: a newer one is being fetched, by this or another tab
 * - `offline`: the last refresh could not be reached; it is tried again
 * - `signed-out`: the session has ended, for the reason in `error` if not by `signOut`
 */
export type AuthStatus = 'anonymous' | 'authenticated' | 'grace' | 'refreshing' | 'offline' | 'signed-out'

/** One immutable picture of who is logged in, the same in all tabs; a new object after each change. */
export interface AuthState {
  readonly status: AuthStatus
  /** As the server named it (`auth.ok`), else as the token's `sub` says, else null. */
  readonly userId: string | null
  /** The token's `exp` by the server's clock, null where there is none. */
  readonly expiresAt: number | null
  /** Counts logins and logouts; work begun under an older one is not committed. */
  readonly epoch: number
  /** Why the last refresh failed or the session ended. */
  readonly error: AuthErrorCode | 'REFRESH_REFUSED' | 'OFFLINE' | null
}

/** What a client does after a refusal; see the list in codes.ts. */
export type AfterRefusal = 'refresh' | 'login' | 'backoff' | 'stop' | 'sign-out'

/** What the server said in `auth.ok`. */
export interface Accepted {
  userId: string
  /** Null for an anonymous connection. */
  expiresAt: number | null
  serverTime: number
  /** `valid`, `grace` or `anonymous`. */
  status: string
}

/** How to end a session. */
export interface SignOutOptions {
  /**
   * What becomes of events that were not sent yet: kept for this user's next
   * login, or thrown away.
   * @default 'keep'
   */
  pending?: 'keep' | 'discard'
}

/** What sockets, queues and adapters need of `createSyncAuth`. */
export interface SyncAuth {
  readonly state: AuthState
  /** Calls back after each change, in this or another tab; returns the way to stop. */
  subscribe(listener: (state: AuthState) => void): () => void
  /**
   * A token that is good to send now: refreshed first where it is about to
   * expire. null: anonymous or signed out. When no refresh can be reached the
   * older token comes back, for the server's grace to judge. Rejects only with
   * the reason of an aborted `signal`.
   */
  getToken(options?: { forceRefresh?: boolean; signal?: AbortSignal }): Promise<string | null>
  /**
   * The server named the user and its clock: `auth.ok`. `token` is the one that
   * the connection had sent: what is said of another login's is not taken.
   */
  reportAccepted(ok: Accepted, token?: string | null): void
  /**
   * The server refused. Says what a client does next. `token` is the one that
   * the connection had sent: the refusal of an older one ends no newer session.
   */
  reportRefused(code: AuthErrorCode, token?: string | null): AfterRefusal
  /** Somebody logged in: with this token, or with the one that `refresh` fetches. */
  signIn(token?: string): Promise<void>
  /** Ends the session here and in all tabs, at once. Resolves when that is stored. */
  signOut(options?: SignOutOptions): Promise<void>
  /**
   * Called by `signOut`, only in the tab that it was called in, while the
   * session is still there: where a socket sends `auth.logout`. signOut waits
   * for the promise, the end of the session does not. Returns the way to stop.
   */
  onSignOut(listener: (options: SignOutOptions) => void | Promise<void>): () => void
  /** Lets go of timers, listeners and channels; the session goes on in other tabs. */
  close(): void
}
