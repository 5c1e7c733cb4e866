/** How long to wait between attempts. */
export interface Backoff {
  /** Upper end of the first wait in ms. */
  base: number
  /** Upper end of every wait in ms. */
  cap: number
}

/**
 * The wait before the next attempt, in ms: anything from 0 to a limit that
 * doubles with each failure ("full jitter"), so that the clients of a server
 * that comes back do not come back together. `failures` is at least 1.
 */
export function fullJitter(failures: number, { base, cap }: Backoff, random: () => number = Math.random): number {
  const limit = Math.min(cap, base * 2 ** Math.min(failures - 1, 30))
  return Math.floor(random() * limit)
}
