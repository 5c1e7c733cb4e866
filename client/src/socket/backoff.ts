/** How a socket comes back. */
export interface BackoffOptions {
  /**
   * Bound of the first delay, in milliseconds; it doubles with each attempt.
   *
   * @default 1000
   */
  baseMs?: number
  /**
   * Bound of all delays, in milliseconds.
   *
   * @default 30000
   */
  capMs?: number
  /**
   * How long a connection must have lived, in milliseconds, before the next
   * delay is a first one again. What connects and falls at once is no success.
   *
   * @default 5000
   */
  stableMs?: number
}

/** No delay is shorter, whatever chance says: a socket never loops hot. */
export const floorMs = 100

/** The defaults, and what the application says instead. */
export function backoffSettings(options: BackoffOptions): Required<BackoffOptions> {
  return { baseMs: options.baseMs ?? 1000, capMs: options.capMs ?? 30_000, stableMs: options.stableMs ?? 5000 }
}

/**
 * Full jitter: anything between nothing and a bound that doubles, so that the
 * clients that one restart cut off do not come back as one. `attempt` counts
 * from 0, `random` is in [0, 1).
 */
export function backoff(attempt: number, options: Required<BackoffOptions>, random: number): number {
  const bound = Math.min(options.capMs, options.baseMs * 2 ** Math.min(attempt, 30))
  return Math.max(floorMs, Math.floor(random * bound))
}
