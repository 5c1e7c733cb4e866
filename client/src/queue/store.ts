import { byPartition, keyOf, result, type Database, type DeadEntry, type Entry, type Lease, type Partition, type Total } from './database.js'
import { QueueError } from './errors.js'

/** How much a partition may hold, dead letters included. */
export interface Caps {
  events: number
  bytes: number
}

/** What a claim brought. */
export interface Claim {
  /** The oldest events, if the lease is ours. */
  heads: Entry[]
  /** The lease is ours until it runs out. */
  leader: boolean
  /** Events that wait, ours to send or not. */
  pending: number
}

/** What is kept, and what can be done with it: each a transaction of its own. */
export class Store {
  constructor(private readonly db: Database) {}

  /** Puts an event behind all others; throws QUEUE_FULL. */
  push(entry: Omit<Entry, 'seq'>, caps: Caps): Promise<void> {
    return this.db.transact(['events', 'totals'], 'durable', async (store) => {
      await add(store('totals'), entry, 1, entry.bytes, caps)
      await result(store('events').add(entry))
    })
  }

  /**
   * Takes or renews the lease and reads the oldest events, at most `window` of
   * them. An empty partition needs no lease, and loses it.
   */
  claim(partition: Partition, holder: string, window: number, now: number, leaseMs: number): Promise<Claim> {
    return this.db.transact(['events', 'leases'], 'readwrite', async (store) => {
      const events = store('events').index(byPartition)
      const pending = await result(events.count(keyOf(partition)))
      const lease = await leaseOf(store('leases'), partition)
      // Of a time to come, the clock was set back since. Not to the millisecond: another
      // tab may have claimed while this one, with an older now, waited for its turn.
      const foreign = lease !== undefined && lease.holder !== holder && lease.until > now && lease.until <= now + 2 * leaseMs
      if (foreign) return { heads: [], leader: false, pending }
      if (pending === 0) {
        if (lease?.holder === holder) await result(store('leases').delete(keyOf(partition)))
        return { heads: [], leader: false, pending }
      }
      await result(store('leases').put({ ...partition, holder, until: now + leaseMs } satisfies Lease))
      const heads = await result(events.getAll(keyOf(partition), window)) as Entry[]
      return { heads, leader: true, pending }
    })
  }

  /** Lets another tab send. */
  release(partition: Partition, holder: string): Promise<void> {
    return this.db.transact(['leases'], 'readwrite', async (store) => {
      const lease = await leaseOf(store('leases'), partition)
      if (lease?.holder === holder) await result(store('leases').delete(keyOf(partition)))
    })
  }

  /** Forgets events that the server has; returns how many were there. */
  remove(seqs: readonly number[]): Promise<number> {
    return this.db.transact(['events', 'totals'], 'readwrite', async (store) => {
      let removed = 0
      for (const seq of seqs) {
        const entry = await result(store('events').get(seq)) as Entry | undefined
        if (entry === undefined) continue
        await result(store('events').delete(seq))
        await add(store('totals'), entry, -1, -entry.bytes)
        removed++
      }
      return removed
    })
  }

  /** Counts a failure of an event; from `limit` on it is buried. */
  fail(seq: number, limit: number, reason: string, now: number): Promise<DeadEntry | null> {
    return this.db.transact(['events', 'dead'], 'readwrite', async (store) => {
      const entry = await result(store('events').get(seq)) as Entry | undefined
      if (entry === undefined) return null
      const failures = entry.failures + 1
      if (failures < limit) {
        await result(store('events').put({ ...entry, failures }))
        return null
      }
      const dead: DeadEntry = { ...entry, failures, reason, diedAt: now }
      await result(store('events').delete(seq))
      await result(store('dead').add(dead))
      return dead
    })
  }

  /** The dead letters of a partition, the oldest first. */
  dead(partition: Partition): Promise<DeadEntry[]> {
    return this.db.transact(['dead'], 'readonly', async (store) =>
      await result(store('dead').index(byPartition).getAll(keyOf(partition))) as DeadEntry[])
  }

  /** Puts dead letters behind the living again, or forgets them; returns how many. */
  settle(partition: Partition, ids: readonly string[], what: 'retry' | 'discard'): Promise<number> {
    return this.db.transact(['events', 'dead', 'totals'], 'durable', async (store) => {
      const all = await result(store('dead').index(byPartition).getAll(keyOf(partition))) as DeadEntry[]
      const chosen = all.filter((d) => ids.includes(d.id))
      for (const dead of chosen) {
        await result(store('dead').delete(dead.seq))
        if (what === 'retry') await result(store('events').add(fresh(dead, partition)))
        else await add(store('totals'), dead, -1, -dead.bytes)
      }
      return chosen.length
    })
  }

  /** Gives one partition's events to another, behind those that it has. */
  adopt(from: Partition, to: Partition, caps: Caps): Promise<number> {
    return this.db.transact(['events', 'totals'], 'durable', async (store) => {
      const all = await result(store('events').index(byPartition).getAll(keyOf(from))) as Entry[]
      for (const entry of all) {
        await add(store('totals'), from, -1, -entry.bytes)
        await add(store('totals'), to, 1, entry.bytes, caps)
        await result(store('events').delete(entry.seq))
        await result(store('events').add(fresh(entry, to)))
      }
      return all.length
    })
  }

  /** Forgets all that a user has, in all instances; returns how many events. */
  discard(userId: string): Promise<number> {
    return this.db.transact(['events', 'dead', 'totals', 'leases'], 'durable', async (store) => {
      const range = keysOf(userId)
      let count = 0
      for (const name of ['events', 'dead'] as const) {
        for (const seq of await result(store(name).index(byPartition).getAllKeys(range))) {
          await result(store(name).delete(seq))
          count++
        }
      }
      for (const name of ['totals', 'leases'] as const) await result(store(name).delete(range))
      return count
    })
  }

  /** How much a partition holds. */
  total(partition: Partition): Promise<{ pending: number; dead: number; bytes: number }> {
    return this.db.transact(['events', 'dead', 'totals'], 'readonly', async (store) => ({
      pending: await result(store('events').index(byPartition).count(keyOf(partition))),
      dead: await result(store('dead').index(byPartition).count(keyOf(partition))),
      bytes: (await totalOf(store('totals'), partition))?.bytes ?? 0,
    }))
  }
}

/** An entry without its place in the order, and without its history. */
function fresh({ id, json, bytes }: Entry, { userId, instanceId }: Partition): Omit<Entry, 'seq'> {
  return { userId, instanceId, id, json, bytes, failures: 0 }
}

/** All partitions of a user: instanceIds are strings, which are below any list. */
function keysOf(userId: string): IDBKeyRange {
  return IDBKeyRange.bound([userId], [userId, []])
}

async function leaseOf(leases: IDBObjectStore, partition: Partition): Promise<Lease | undefined> {
  return await result(leases.get(keyOf(partition))) as Lease | undefined
}

async function totalOf(totals: IDBObjectStore, partition: Partition): Promise<Total | undefined> {
  return await result(totals.get(keyOf(partition))) as Total | undefined
}

async function add(totals: IDBObjectStore, { userId, instanceId }: Partition, events: number, bytes: number, caps?: Caps): Promise<void> {
  const total = await totalOf(totals, { userId, instanceId }) ?? { userId, instanceId, events: 0, bytes: 0 }
  const next = { ...total, events: total.events + events, bytes: total.bytes + bytes }
  if (caps !== undefined && (next.events > caps.events || next.bytes > caps.bytes)) {
    throw new QueueError('QUEUE_FULL', `the queue holds ${total.events} events (${total.bytes} bytes) and may hold ${caps.events} (${caps.bytes} bytes)`)
  }
  await result(totals.put(next))
}
