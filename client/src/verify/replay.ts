import { lifetime } from './claims.js'
import { IdentityError } from './errors.js'

/**
 * Remembers the ids of assertions in two generations and drops the older as a
 * whole: no timers, and no id dropped while its assertion could be accepted again.
 */
export class ReplayCache {
  #young = new Set<string>()
  #previous = new Set<string>()
  #began: number
  readonly #keepMs: number

  /** `leewayMs` and `now` are the verifier's. */
  constructor(private readonly limit: number, leewayMs: number, private readonly now: () => number) {
    // Signed at most one leeway ahead of now, good for its lifetime and a leeway.
    this.#keepMs = (lifetime + 1) * 1000 + 2 * leewayMs
    this.#began = now()
  }

  /** Takes an id; throws where it was taken before. A full memory refuses: forgetting early would let a replay in. */
  use(id: string): void {
    this.#turn()
    if (this.#young.has(id) || this.#previous.has(id)) throw new IdentityError('replayed')
    if (this.#young.size + this.#previous.size >= this.limit) throw new IdentityError('unavailable')
    this.#young.add(id)
  }

  #turn(): void {
    const age = this.now() - this.#began
    if (age < this.#keepMs) return
    this.#previous = age < 2 * this.#keepMs ? this.#young : new Set()
    this.#young = new Set()
    this.#began = this.now()
  }
}
