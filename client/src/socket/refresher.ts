import type { Clock } from '../clock.js'
import type { SyncAuth } from '../types.js'
import type { Connection } from './connection.js'
import type { AuthError } from './messages.js'

/** The server takes no more than one refresh in five seconds; a little more for the way. */
const pauseMs = 5200
/** How long a refusal waits for the close that it may belong to. */
const graceMs = 1000

/**
 * Keeps one connection's token fresh: a newer token goes up the open socket. It
 * acts on connections with Syncward and a user alone; `stop` ends it.
 */
export class Refresher {
  #sentAt: number | null = null
  #waits = false // for an answer
  #asking = false
  #again = false
  #repeat = false // the same token once more, if there is no newer one
  #stopped = false
  #cancel: () => void = () => {}

  constructor(private readonly auth: SyncAuth, private readonly clock: Clock, private readonly connection: Connection) {}

  /** There may be a newer token. */
  due(): void {
    if (this.#stopped || this.connection.session?.mode !== 'auth' || this.connection.session.anonymous) return
    if (this.#asking) this.#again = true
    else this.#after(this.#sentAt === null ? 0 : this.#sentAt + pauseMs - this.clock.now())
  }

  /** The server has taken a token. */
  accepted(): void {
    this.#waits = false
  }

  /** The server has refused something. What is no answer to a refresh is left to the close. */
  refused(error: AuthError): void {
    if (!this.#waits || this.#stopped) return
    this.#waits = false
    this.#cancel()
    this.#cancel = this.clock.after(Math.max(graceMs, error.retryAfterMs), () => this.#retry(error))
  }

  stop(): void {
    this.#stopped = true
    this.#cancel()
  }

  #retry(error: AuthError): void {
    switch (error.code) {
      case 'RATE_LIMITED':
      case 'AUTH_UNAVAILABLE': // neither says anything of the token
        this.#repeat = true
        return this.due()
      case 'AUTH_REQUIRED':
      case 'TOKEN_INVALID':
      case 'TOKEN_EXPIRED':
        if (this.auth.reportRefused(error.code, this.connection.token) === 'refresh') this.due()
    }
  }

  #after(ms: number): void {
    this.#cancel()
    if (ms > 0) this.#cancel = this.clock.after(ms, () => void this.#ask())
    else void this.#ask()
  }

  async #ask(): Promise<void> {
    if (this.#stopped) return
    this.#again = false
    this.#asking = true
    const token = await this.auth.getToken().catch(() => null) // none to be had: the old end stands
    this.#asking = false
    if (this.#stopped) return
    if (token !== null && (this.#repeat || token !== this.connection.token)) {
      this.#repeat = false
      this.#sentAt = this.clock.now()
      this.#waits = true
      this.connection.refresh(token)
    }
    if (this.#again) this.due()
  }
}
