import { subtle } from '../subtle.js'

/** What stands between the name of a store and its user. */
const mark = '--u'
const marked = /--u[0-9a-f]{32}$/

/**
 * The id for a user's own copy of a store on this device: LiveStore keeps the
 * database, the clientId and the tabs of a store by its id alone, so that two
 * users of one id would share them. The worker (`syncwardSync`) takes the user
 * off again: the server sees `storeId`, and users who sync the same store go on
 * doing so.
 *
 * In it is a hash of the userId, 128 bits of SHA-256 in lower-case hexadecimal:
 * LiveStore allows few characters, and servers that keep stores in SQL tables
 * tell neither case nor `-` from `_`. Rejects with a TypeError in a page that is no
 * secure context: LiveStore does not work in one either.
 */
export async function storeIdFor(storeId: string, userId: string): Promise<string> {
  const digest = await subtle().digest('SHA-256', new TextEncoder().encode(userId))
  return storeId + mark + Array.from(new Uint8Array(digest, 0, 16), (byte) => byte.toString(16).padStart(2, '0')).join('')
}

/** The id that the server knows the store by. */
export function serverStoreId(storeId: string): string {
  return storeId.replace(marked, '')
}
