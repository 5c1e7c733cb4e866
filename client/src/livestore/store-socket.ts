import type { Session } from '../socket/connection.js'
import { SyncSocket } from '../socket/socket.js'
import { withToken } from './address.js'
import { dialsWith } from './dial.js'
import { refuse, type Store, tell } from './store.js'
import { StoreAuth } from './store-auth.js'

// LiveStore gives a dial up after 10 s, and begins the next one.
const patience = 9_000

/**
 * One dial of LiveStore's, and what comes of it. It is there at once, CONNECTING;
 * dials when there is a token, with that in the address; keeps the token fresh
 * and Syncward's messages to itself; and opens, for LiveStore to send, only when
 * the store is known to be the user's.
 */
export class StoreSocket extends SyncSocket {
  readonly #store: Store
  readonly #auth: StoreAuth
  #mine: Promise<boolean> = Promise.resolve(false)

  constructor(url: string, native: typeof WebSocket, store: Store) {
    const auth = new StoreAuth(store)
    super((token) => withToken(url, token, store.tokenPath), {
      auth, optIn: 'subprotocol', reconnect: false, logout: store.logout, connectTimeoutMs: patience, WebSocket: dialsWith(native),
    })
    this.#store = store
    this.#auth = auth
    this.addEventListener('session', ({ detail }) => { this.#mine = this.#isMine(detail) })
    this.addEventListener('close', ({ code, reason }) => {
      if (store.refusedEpoch !== store.auth.state.epoch) tell(store, { state: 'disconnected', code, reason })
    })
  }

  // `open` waits; all else comes after it, since LiveStore's server answers only.
  override dispatchEvent(event: Event): boolean {
    if (event.type !== 'open') return super.dispatchEvent(event)
    void this.#mine.then((mine) => {
      if (this.readyState !== this.OPEN) return
      if (!mine) return this.#refuse()
      tell(this.#store, { state: 'connected', reason: '' })
      super.dispatchEvent(event)
    }, () => this.close()) // it cannot be known now: LiveStore tries again
    return true
  }

  #isMine({ mode, userId, anonymous }: Session): Promise<boolean> {
    // The server took no user from the token, in observe mode say, or is silent: what is known here counts.
    if (mode === 'plain' || anonymous) return Promise.resolve(this.#auth.admitted)
    return this.#store.owner.claim(this.#auth.user, userId)
  }

  #refuse(): void {
    refuse(this.#store)
    this.close(4403, 'FORBIDDEN')
  }
}
