import type { Backoff } from '../backoff.js'
import type { AuthStorage } from '../storage/types.js'
import type { RefreshResult } from './token.js'

/** Why a token is fetched. */
export type RefreshReason =
  /** Nothing is known yet: the page has loaded. */
  | 'start'
  /** The token expires soon, or has. */
  | 'expiring'
  /** The server refused it, or the application asked for another. */
  | 'forced'
  /** `signIn()` was called without a token. */
  | 'sign-in'

/** What `refresh` is called with. */
export interface RefreshContext {
  readonly reason: RefreshReason
  /** The token until now, if there is one at hand. */
  readonly token: string | null
  /** Aborts after `refreshTimeout`, and when the session is closed. Give it to fetch. */
  readonly signal: AbortSignal
}

/** What createSyncAuth takes. */
export interface SyncAuthOptions {
  /**
   * Fetches a token: the newest, or the first. Called in one tab at a time.
   * Answers null where nobody is logged in. Throws RefreshRefused (or anything
   * with a `status` of 401 or 403, a Response included) to end the session; all
   * else that it throws is taken for a network failure and tried again.
   *
   * Without it, tokens come from the tabs of the same name that have one: for workers.
   */
  refresh?: (context: RefreshContext) => Promise<RefreshResult>
  /**
   * Sessions of one name and origin are one session, in all tabs.
   * @default 'default'
   */
  name?: string
  /**
   * Where the token is kept between page loads. `memory`: nowhere, it lives in
   * the open tabs alone; a reload fetches one. Who is logged in (not the token)
   * is remembered in IndexedDB even then. `localStorage` and `indexedDB` keep
   * the token itself, for any script of this origin to read.
   * @default 'memory'
   */
  storage?: 'memory' | 'localStorage' | 'indexedDB' | AuthStorage
  /**
   * How long before its expiry a token is refreshed, in ms.
   * @default a fifth of the token's lifetime, five minutes at most
   */
  refreshAhead?: number
  /**
   * How long `refresh` may take, in ms, before another tab tries.
   * @default 15000
   */
  refreshTimeout?: number
  /**
   * Between attempts that could not be reached: anything from 0 to a limit that
   * begins at `base` ms and doubles up to `cap` ms.
   * @default { base: 1000, cap: 60000 }
   */
  backoff?: Partial<Backoff>
  /**
   * Whether all tabs are one. Without, this one is alone.
   * @default true in pages and workers, false elsewhere (a Node process serves many users)
   */
  tabs?: boolean
  /**
   * Whether a SharedWorker coordinates the tabs; else they take turns by Web
   * Locks. A function makes the worker from the entry `@syncward/client/shared-worker`,
   * for bundlers that do not know `new URL(…, import.meta.url)`.
   * @default true
   */
  sharedWorker?: boolean | (() => SharedWorker)
  /**
   * Is told of everything that `refresh` threw.
   * @default nothing is done
   */
  onRefreshError?: (error: unknown) => void
}

/** The options with their defaults. */
export interface Settings {
  readonly refresh: SyncAuthOptions['refresh'] | null
  readonly ahead: number | null
  readonly timeout: number
  readonly backoff: Backoff
  readonly onRefreshError: (error: unknown) => void
}

/** Puts the defaults in. */
export function settingsOf(options: SyncAuthOptions): Settings {
  return {
    refresh: options.refresh ?? null,
    ahead: options.refreshAhead ?? null,
    timeout: options.refreshTimeout ?? 15_000,
    backoff: { base: options.backoff?.base ?? 1_000, cap: options.backoff?.cap ?? 60_000 },
    onRefreshError: options.onRefreshError ?? (() => {}),
  }
}
