import type { SyncAuth } from '../types.js'
import type { Owner } from './owner.js'
import type { StoreState, Tell } from './status.js'

/** What the sockets of one store share. */
export interface Store {
  /** LiveStore's id for it on this device. */
  readonly storeId: string
  readonly auth: SyncAuth
  /** The session is this worker's own, which no `signOut` is called on. */
  readonly ownsAuth: boolean
  readonly owner: Owner
  /** Where the token goes in the payload. */
  readonly tokenPath: readonly string[]
  readonly waits: boolean
  readonly logout: boolean
  readonly tell: Tell
  /** The login under which the store was refused; it is not dialled again under that one. */
  refusedEpoch: number | null
}

/** Says of a store that it is another user's, to whoever listens and on the console. */
export function refuse(store: Store): void {
  if (store.refusedEpoch === store.auth.state.epoch) return
  store.refusedEpoch = store.auth.state.epoch
  const message = `The store ${JSON.stringify(store.storeId)} on this device belongs to another user than the one who is logged in. `
    + 'It is not synced, or what that user left in it would be sent in another name. '
    + 'Open a store for each user: storeIdFor(storeId, userId) of @syncward/client/livestore.'
  console.error(`syncward: ${message}`)
  tell(store, { state: 'refused', reason: message })
}

/** Tells how a store stands. */
export function tell(store: Store, how: { state: StoreState; reason: string; code?: number }): void {
  store.tell({ storeId: store.storeId, userId: store.auth.state.userId, code: null, ...how })
}
