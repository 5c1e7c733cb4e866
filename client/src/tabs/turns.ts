import type { Clock } from '../clock.js'

/** The right to refresh, which one tab has at a time. */
export interface Turn {
  /**
   * Whether it is known that no other tab has one. A turn that was only waited
   * for too long is not: its refusal proves nothing, since two refreshes at once
   * may spoil each other.
   */
  readonly sole: boolean
  release(): void
}

/**
 * Hands out turns. It makes one refresh of five; it is never what makes the
 * outcome right. So `take` always resolves, at the latest after `patience` ms,
 * whoever sleeps with the turn in his hand.
 */
export interface Turns {
  take(patience: number, lease: number): Promise<Turn>
  /** Asks for `onWake` at that time, for tabs whose own timers are slowed down. */
  wakeAt(at: number): void
  close(): void
}

/** A turn that nobody gave. */
export const uncertainTurn: Turn = { sole: false, release() {} }

// Where tabs know of no way to take turns, they at least do not begin together:
// the first one says so on the channel, and the others wait for its outcome.
const spread = 250

/** Turns by chance, for pages without worker and locks (plain http). */
export function chanceTurns(clock: Clock, random: () => number): Turns {
  return {
    take: () => new Promise((resolve) => clock.after(random() * spread, () => resolve(uncertainTurn))),
    wakeAt() {},
    close() {},
  }
}

/** For one tab alone. */
export const lonelyTurns: Turns = {
  take: () => Promise.resolve({ sole: true, release() {} }),
  wakeAt() {},
  close() {},
}
