import type { Clock } from './clock.js'
import type { Marks } from './storage/marks.js'
import type { AuthStorage } from './storage/types.js'
import type { OpenChannel } from './tabs/messages.js'
import type { Turns } from './tabs/turns.js'

/** All that a session needs of the world; a browser's or a test's. */
export interface Environment {
  clock: Clock
  /** From 0 to 1. */
  random(): number
  /** A new name, unlike all others. */
  newId(): string
  storage: AuthStorage
  /** Whether the storage is to hold the token, or only who is logged in. */
  keepsToken: boolean
  /** Null where there is no localStorage. */
  marks: Marks | null
  /** Null: the tab is alone. */
  channel: OpenChannel | null
  turns(onWake: () => void): Turns
  /** Calls back when the page may have slept, or the network may be back. Returns the way to stop. */
  onWake(listener: (online: boolean) => void): () => void
}
