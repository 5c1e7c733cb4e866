import { realClock } from '../clock.js'
import type { Environment } from '../environment.js'
import { indexedDBAt } from '../storage/indexeddb.js'
import { localStorageAt } from '../storage/local.js'
import { marksAt } from '../storage/marks.js'
import { type AuthStorage, volatileStorage } from '../storage/types.js'
import { workerTurns } from '../tabs/connect.js'
import { type Locks, lockTurns } from '../tabs/locks.js'
import { broadcast, version } from '../tabs/messages.js'
import { chanceTurns, lonelyTurns, type Turns } from '../tabs/turns.js'
import { onWake } from '../tabs/wake.js'
import type { SyncAuthOptions } from './options.js'

const random = () => Math.random()

// A page that may not use them throws at the mere mention.
function attempt<T>(get: () => T | undefined): T | null {
  try {
    return get() ?? null
  } catch {
    return null
  }
}

const findLocks = () => attempt(() => navigator.locks)
const findLocalStorage = () => attempt(() => globalThis.localStorage)
const findIndexedDB = () => attempt(() => globalThis.indexedDB)

// Whether this is a page or a worker of one: in Node and the like, two sessions
// are two users.
const hasOrigin = () => 'location' in globalThis && attempt(() => location.origin) !== null

function storageOf(wanted: SyncAuthOptions['storage'], key: string): AuthStorage {
  if (typeof wanted === 'object') return wanted
  const local = findLocalStorage()
  const database = findIndexedDB()
  if (wanted === 'localStorage') {
    if (local === null) throw new TypeError('storage: there is no localStorage here')
    return localStorageAt(key, local, findLocks())
  }
  if (database !== null && hasOrigin()) return indexedDBAt(version, key, database)
  if (wanted === 'indexedDB') throw new TypeError('storage: there is no IndexedDB here')
  return volatileStorage()
}

function turnsOf(options: SyncAuthOptions, name: string, onWorkerWake: () => void): Turns {
  const locks = findLocks() as Locks | null
  const plain = locks === null ? chanceTurns(realClock, random) : lockTurns(locks, `${version}:${name}:turn`, realClock)
  const { sharedWorker = true } = options
  if (sharedWorker === false || options.refresh === undefined || (sharedWorker === true && typeof SharedWorker === 'undefined')) return plain
  return workerTurns(sharedWorker === true ? null : sharedWorker, name, realClock, plain, onWorkerWake)
}

/** The world of a page, a worker or a Node process. */
export function environmentOf(options: SyncAuthOptions): Environment {
  const name = options.name ?? 'default'
  const key = `${version}:${name}`
  const together = (options.tabs ?? hasOrigin()) && typeof BroadcastChannel !== 'undefined'
  const local = together ? findLocalStorage() : null
  return {
    clock: realClock,
    random,
    newId: () => crypto.getRandomValues(new Uint32Array(4)).join('-'),
    storage: storageOf(options.storage, key),
    keepsToken: options.storage !== undefined && options.storage !== 'memory',
    marks: local === null ? null : marksAt(`${key}:over`, local),
    channel: together ? broadcast(name) : null,
    turns: (onWorkerWake) => (together ? turnsOf(options, name, onWorkerWake) : lonelyTurns),
    onWake,
  }
}
