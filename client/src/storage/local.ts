import type { AuthStorage } from './types.js'

/**
 * localStorage under one key. It knows no transactions, so an update is made
 * under a Web Lock where there are any; without, two tabs could overwrite each
 * other, and put it right when they hear of it.
 */
export function localStorageAt(key: string, store: Storage, locks: LockManager | null): AuthStorage {
  const updateNow = (change: (text: string | null) => string): string => {
    const text = change(store.getItem(key))
    store.setItem(key, text)
    return text
  }
  return {
    read: () => new Promise((resolve) => resolve(store.getItem(key))),
    update: (change) => (locks === null ? new Promise((resolve) => resolve(updateNow(change))) : locks.request(key, () => updateNow(change))),
  }
}
