import type { Clock } from '../clock.js'
import { type Turn, type Turns, uncertainTurn } from './turns.js'

/** The part of the Web Locks API that is used; navigator.locks is one. */
export interface Locks {
  request(name: string, options: { signal: AbortSignal }, run: () => Promise<void>): Promise<void>
}

/** Turns by a Web Lock: whoever holds it leads, and when its tab goes, the next one does. */
export function lockTurns(locks: Locks, name: string, clock: Clock): Turns {
  const take = (patience: number): Promise<Turn> => new Promise((resolve) => {
    const abort = new AbortController()
    const cancel = clock.after(patience, () => {
      abort.abort()
      resolve(uncertainTurn)
    })
    const held = () => new Promise<void>((release) => {
      cancel()
      resolve({ sole: true, release })
      if (abort.signal.aborted) release() // granted in the moment it was given up
    })
    locks.request(name, { signal: abort.signal }, held).catch(() => {
      cancel()
      resolve(uncertainTurn) // given up, or no locks for this page
    })
  })
  return { take, wakeAt() {}, close() {} }
}
