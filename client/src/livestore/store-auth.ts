import type { Accepted, AfterRefusal, AuthErrorCode, AuthState, SignOutOptions, SyncAuth } from '../types.js'
import type { Store } from './store.js'

/** The session as one dial of a store sees it: no token for a store that is another user's. */
export class StoreAuth implements SyncAuth {
  /** The user for whom the token was asked. */
  user: string | null = null
  /** Whether the store is that user's, as far as is known without the server. */
  admitted = false
  readonly #store: Store
  readonly #base: SyncAuth
  readonly #signOutListeners = new Set<(options: SignOutOptions) => void | Promise<void>>()

  constructor(store: Store) {
    this.#store = store
    this.#base = store.auth
  }

  get state(): AuthState { return this.#base.state }

  async getToken(options?: { forceRefresh?: boolean; signal?: AbortSignal }): Promise<string | null> {
    const token = await this.#base.getToken(options)
    const { status, userId, epoch } = this.#base.state
    this.user = token === null ? null : userId
    if (status === 'signed-out' || this.#store.refusedEpoch === epoch) throw new Error('the store is another user\'s, or nobody is logged in')
    if (token === null && this.#store.waits) throw new Error('nobody is logged in')
    this.admitted = await this.#store.owner.claim(this.user, null)
    options?.signal?.throwIfAborted()
    return token
  }

  /**
   * A worker hears of a log-out as of any change, since `signOut` was called in a
   * tab: the socket learns of it first as of its own, while it can still tell the server.
   */
  subscribe(listener: (state: AuthState) => void): () => void {
    let before = this.#base.state
    return this.#base.subscribe((state) => {
      const out = state.status === 'signed-out' && state.error === null && before.status !== 'signed-out'
      before = state
      if (out && this.#store.ownsAuth) for (const tell of this.#signOutListeners) void tell({})
      listener(state)
    })
  }

  onSignOut(listener: (options: SignOutOptions) => void | Promise<void>): () => void {
    if (!this.#store.ownsAuth) return this.#base.onSignOut(listener)
    this.#signOutListeners.add(listener)
    return () => this.#signOutListeners.delete(listener)
  }

  reportAccepted(ok: Accepted, token?: string | null): void { this.#base.reportAccepted(ok, token) }
  reportRefused(code: AuthErrorCode, token?: string | null): AfterRefusal { return this.#base.reportRefused(code, token) }
  signIn(token?: string): Promise<void> { return this.#base.signIn(token) }
  signOut(options?: SignOutOptions): Promise<void> { return this.#base.signOut(options) }
  close(): void {}
}
