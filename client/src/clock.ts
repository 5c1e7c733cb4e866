/** Time as the rest of the package sees it, so that tests can make it pass. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number
  /** Calls `run` once, `ms` from now; returns the way to cancel it. */
  after(ms: number, run: () => void): () => void
}

/** The machine's clock. In Node its timers do not keep the process alive. */
export const realClock: Clock = {
  now: () => Date.now(),
  after(ms, run) {
    const timer: unknown = setTimeout(run, ms)
    if (typeof timer === 'object' && timer !== null && 'unref' in timer && typeof timer.unref === 'function') timer.unref()
    return () => clearTimeout(timer as ReturnType<typeof setTimeout>)
  },
}
