import type { AuthStorage } from './types.js'

const table = 'sessions'

function settled<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error)
  })
}

function open(factory: IDBFactory, database: string, lost: () => void): Promise<IDBDatabase> {
  const request = factory.open(database, 1)
  request.onupgradeneeded = () => request.result.createObjectStore(table)
  return settled(request).then((db) => {
    // Another version, or somebody who deletes it, must not wait for this tab.
    db.onversionchange = () => {
      db.close()
      lost()
    }
    db.onclose = lost
    return db
  })
}

/** IndexedDB: an update is one transaction, which no other tab comes between. */
export function indexedDBAt(database: string, key: string, factory: IDBFactory): AuthStorage {
  let db: Promise<IDBDatabase> | null = null
  const forget = () => { db = null }
  const opened = () => {
    db ??= open(factory, database, forget)
    db.catch(forget)
    return db
  }
  return {
    async read() {
      const found: unknown = await settled((await opened()).transaction(table).objectStore(table).get(key))
      return typeof found === 'string' ? found : null
    },
    async update(change) {
      const transaction = (await opened()).transaction(table, 'readwrite')
      const store = transaction.objectStore(table)
      const done = new Promise<void>((resolve, reject) => {
        transaction.oncomplete = () => resolve()
        transaction.onabort = () => reject(transaction.error)
      })
      const put = settled(store.get(key)).then((found: unknown) => {
        const text = change(typeof found === 'string' ? found : null)
        store.put(text, key)
        return text
      })
      const [text] = await Promise.all([put, done])
      return text
    },
  }
}
