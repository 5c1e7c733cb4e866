import { isObject } from '../socket/messages.js'
import { type AuthStorage, volatileStorage } from '../storage/types.js'
import { indexedDBAt } from '../storage/indexeddb.js'
import { version } from '../tabs/messages.js'

/** Whose a store on this device is. */
interface Owned {
  /** As the tabs knew the user at the first dial. */
  local: string
  /** As the server named the user, once it has. */
  named: string | null
}

/**
 * Remembers to whom a store on this device belongs: to the first user under whom
 * it was dialled, the server reached or not. What LiveStore has not pushed yet
 * stays in its database over a log-out, and would be pushed as whoever comes next.
 */
export class Owner {
  constructor(private readonly storage: AuthStorage) {}

  /** Of the store with this id, in this browser; elsewhere for as long as the process lives. */
  static of(name: string, storeId: string): Owner {
    const key = `${version}:${name}:store:${storeId}`
    return new Owner(typeof indexedDB === 'undefined' ? volatileStorage() : indexedDBAt(version, key, indexedDB))
  }

  /**
   * Whether the store is this user's; one that was nobody's is from now on.
   * `named` is the server's word, null where there is none. Where both are known
   * that decides; a user may have another name in the token. Rejects where it
   * cannot be known.
   */
  async claim(local: string | null, named: string | null): Promise<boolean> {
    let admitted = false
    const change = (text: string | null): string => {
      const owned = parse(text)
      admitted = owned === null || isSame(owned, local, named)
      if (!admitted || local === null) return text ?? ''
      return JSON.stringify({ local: owned?.local ?? local, named: owned?.named ?? named } satisfies Owned)
    }
    await this.storage.update(change)
    return admitted
  }
}

function isSame(owned: Owned, local: string | null, named: string | null): boolean {
  if (named !== null && owned.named !== null) return named === owned.named
  return local !== null && (local === owned.local || local === owned.named)
}

function parse(text: string | null): Owned | null {
  if (text === null || text === '') return null
  const owned: unknown = JSON.parse(text)
  if (!isObject(owned) || typeof owned['local'] !== 'string') throw new Error('whose the store is cannot be read')
  return { local: owned['local'], named: typeof owned['named'] === 'string' ? owned['named'] : null }
}
