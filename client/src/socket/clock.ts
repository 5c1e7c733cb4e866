/** Time and chance, so that a test can hold both still. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number
  /** From 0 to below 1. */
  random(): number
  /** Calls back once, after `ms` milliseconds; returns the way to call it off. */
  after(ms: number, callback: () => void): () => void
}

/** The machine's own. */
export const realClock: Clock = {
  now: () => Date.now(),
  random: () => Math.random(),
  after: (ms, callback) => {
    const timer = setTimeout(callback, ms)
    return () => clearTimeout(timer)
  },
}
