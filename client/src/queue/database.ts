import { QueueError } from './errors.js'

/** Whose events, for what: they are never mixed. `userId` is '' for nobody's. */
export interface Partition {
  userId: string
  instanceId: string
}

/** An event as it is kept. */
export interface Entry extends Partition {
  /** The order of the queue, given by the database. */
  seq: number
  id: string
  /** The event, with id and metadata, as JSON. */
  json: string
  /** Of `json`, in UTF-8. */
  bytes: number
  /** How often it went out and failed for a fault that may be its own. */
  failures: number
}

/** An event that the server does not take. */
export interface DeadEntry extends Entry {
  reason: string
  diedAt: number
}

/** What a partition holds, dead letters included. */
export interface Total extends Partition {
  events: number
  bytes: number
}

/** Who may send a partition's events, and until when, in milliseconds since the epoch. */
export interface Lease extends Partition {
  holder: string
  until: number
}

/** The stores; each but `totals` and `leases` in the order of `seq`. */
export type StoreName = 'events' | 'dead' | 'totals' | 'leases'

/** The index of `events` and `dead` by partition. */
export const byPartition = 'byPartition'

const version = 1

/** A transaction: `work` is given its stores and may only await their requests. */
export type Transact = <T>(
  stores: readonly StoreName[], mode: 'readonly' | 'readwrite' | 'durable', work: (store: (name: StoreName) => IDBObjectStore) => Promise<T>,
) => Promise<T>

/** Key of a partition's `totals` and `leases`. */
export function keyOf({ userId, instanceId }: Partition): [string, string] {
  return [userId, instanceId]
}

/** The result of a request. */
export function result<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error ?? new Error('the request failed'))
  })
}

/** The events of one database, opened when it is first used. */
export class Database {
  #open: Promise<IDBDatabase> | null = null

  constructor(private readonly name: string, private readonly factory: () => IDBFactory | undefined) {}

  /** Runs a transaction; it is kept as a whole or not at all. `durable` returns when it is on the disk. */
  transact: Transact = async (stores, mode, work) => {
    const db = await (this.#open ??= this.#connect())
    const tx = db.transaction([...stores], mode === 'readonly' ? 'readonly' : 'readwrite',
      { durability: mode === 'durable' ? 'strict' : 'default' })
    const done = new Promise<void>((resolve, reject) => {
      tx.oncomplete = () => resolve()
      tx.onabort = () => reject(tx.error ?? new Error('the transaction was given up'))
    })
    done.catch(() => {}) // told below
    let value
    try {
      value = await work((name) => tx.objectStore(name))
    } catch (error) {
      try {
        tx.abort()
      } catch { /* it has ended by itself */ }
      throw explain(error)
    }
    await done.catch((error: unknown) => { throw explain(error) })
    return value
  }

  close(): void {
    this.#open?.then((db) => db.close(), () => {})
    this.#open = null
  }

  async #connect(): Promise<IDBDatabase> {
    try {
      const factory = this.factory()
      if (factory === undefined) throw new Error('there is no IndexedDB')
      const request = factory.open(this.name, version)
      request.onupgradeneeded = () => create(request.result)
      const db = await result(request)
      // A later version in another tab wants it, or the browser takes it away: opened again when it is used.
      db.onversionchange = () => { db.close(); this.#open = null }
      db.onclose = () => { this.#open = null }
      return db
    } catch (cause) {
      this.#open = null
      throw new QueueError('QUEUE_UNAVAILABLE', 'the queue needs IndexedDB, and it cannot be used here', { cause })
    }
  }
}

function create(db: IDBDatabase): void {
  for (const name of ['events', 'dead']) {
    const store = db.createObjectStore(name, { keyPath: 'seq', autoIncrement: true })
    store.createIndex(byPartition, ['userId', 'instanceId'])
  }
  for (const name of ['totals', 'leases']) db.createObjectStore(name, { keyPath: ['userId', 'instanceId'] })
}

function explain(error: unknown): unknown {
  if (error instanceof DOMException && error.name === 'QuotaExceededError') {
    return new QueueError('QUEUE_FULL', 'the browser has no room left for the queue', { cause: error })
  }
  return error
}
