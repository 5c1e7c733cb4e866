import type { Clock } from './clock.js'

// setTimeout takes 32 bits: past 24.8 days it fires at once. An hour also bounds
// how late an alarm is after the machine slept, where no event told of it.
const longest = 3_600_000

/** Calls back at a time of the clock, however far away, and not before. */
export class Alarm {
  #cancel: (() => void) | null = null
  readonly #clock: Clock
  readonly #ring: () => void

  constructor(clock: Clock, ring: () => void) {
    this.#clock = clock
    this.#ring = ring
  }

  /** Sets it for `at`, in place of the time before; null unsets it. */
  set(at: number | null): void {
    this.#cancel?.()
    this.#cancel = null
    if (at === null) return
    const wait = Math.min(Math.max(at - this.#clock.now(), 0), longest)
    this.#cancel = this.#clock.after(wait, () => {
      if (this.#clock.now() < at) this.set(at)
      else this.#fire()
    })
  }

  #fire(): void {
    this.#cancel = null
    this.#ring()
  }
}
