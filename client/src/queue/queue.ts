import { afterClose } from '../socket/closes.js'
import { newId } from '../id.js'
import type { Lost } from '../socket/driver.js'
import type { Session } from '../socket/connection.js'
import { isObject } from '../socket/messages.js'
import { Database, type Partition } from './database.js'
import { Drainer } from './drainer.js'
import { QueueError } from './errors.js'
import { letter, queueSettings, type DeadLetter, type QueueEvent, type QueueOptions, type QueueSettings } from './options.js'
import { Store } from './store.js'

/** A picture of a queue. */
export interface QueueState {
  /** The user whose events these are; null: nobody's. */
  userId: string | null
  /** Events that wait or are under way. */
  pending: number
  /** Events that the server did not take. */
  dead: number
  /** Of both, in bytes. */
  bytes: number
  /**
   * - `empty`
   * - `sending`: by this tab
   * - `elsewhere`: by another tab
   * - `offline`: when the socket is connected again
   * - `login`: when this user logs in again; until then all is kept
   */
  status: 'empty' | 'sending' | 'elsewhere' | 'offline' | 'login'
}

/** Events that wait for the server. */
export interface OfflineQueue {
  /**
   * Keeps an event and sends it when it can be: behind all that were pushed
   * before. Resolves with the event's id when it is on the disk; throws QueueError.
   * When a page has just begun, it waits until it is known who is logged in.
   */
  push(event: QueueEvent): Promise<string>
  /** What there is for whoever uses the application now. */
  state(): Promise<QueueState>
  /** Calls back after each change, in this or another tab; returns the way to stop. */
  subscribe(listener: (state: QueueState) => void): () => void
  /**
   * Takes over events that were pushed while nobody was logged in, or under the
   * given name; returns how many. Never by itself: they may be another person's.
   */
  adopt(fromUserId?: string): Promise<number>
  deadLetters(): Promise<DeadLetter[]>
  /** Sends dead letters again, behind the others; returns how many there were. */
  retry(ids: readonly string[]): Promise<number>
  /** Forgets dead letters; returns how many there were. */
  forget(ids: readonly string[]): Promise<number>
  /** Lets another tab send. The socket stays open, and what is pending, kept. */
  close(): Promise<void>
}

/** How long a push waits at most to learn whose it is, in milliseconds. */
const patienceMs = 5000

/** Nobody: no user can have this name. */
const nobody = ''

/**
 * A queue of events for one instance: what is pushed is kept in IndexedDB, under
 * the user who pushed it, until the server says that it has it. What is pending
 * at a log-out is kept until the same user is back, or, with
 * `auth.signOut({ pending: 'discard' })`, discarded for all instances.
 */
export function createQueue(options: QueueOptions): OfflineQueue {
  return new Queue(queueSettings(options))
}

class Queue implements OfflineQueue {
  #store: Store
  #database: Database
  #drainer: Drainer
  #channel: BroadcastChannel | null = null
  #listeners = new Set<(state: QueueState) => void>()
  #unlisten: () => void
  #closed = false
  #persisted = false
  #login = false // the last close was for want of one
  #last: Partition | null = null // of a user
  #known: Promise<unknown> | null = null // who is logged in, read from storage or fetched when a page begins

  constructor(private readonly o: QueueSettings) {
    this.#database = new Database(o.database, o.factory)
    this.#store = new Store(this.#database)
    this.#drainer = new Drainer(o, this.#store, (session) => this.#partition(session),
      { changed: () => this.#changed(), hint: () => this.#hint() })
    this.#unlisten = this.#listen()
    if (o.auth.state.userId === null && o.auth.state.status !== 'signed-out') this.#learn()
    void this.#drainer.pump()
  }

  async push(event: QueueEvent): Promise<string> {
    this.#check()
    const { id, json } = stamp(event, this.o.clock.now())
    // Whose it is, is settled before anything is awaited, unless nobody can know it yet.
    const partition = this.#known === null ? this.#partition(this.o.socket.session) : await this.#known.then(() => this.#partition(this.o.socket.session))
    this.#check()
    this.#persist()
    await this.#store.push({ ...partition, id, json, bytes: new TextEncoder().encode(json).length, failures: 0 }, this.o.caps)
    this.#hint()
    this.#changed()
    void this.#drainer.pump()
    return id
  }

  async state(): Promise<QueueState> {
    this.#check()
    const { session } = this.o.socket
    const signedOut = session === null && this.o.auth.state.status === 'signed-out'
    // Whoever was logged in until now is told of what waits for them.
    const partition = signedOut && this.#last !== null ? this.#last : this.#partition(session)
    const total = await this.#store.total(partition)
    return {
      userId: partition.userId === nobody ? null : partition.userId, ...total,
      status: total.pending === 0 ? 'empty' : session === null ? (signedOut || this.#login ? 'login' : 'offline') : this.#drainer.leader ? 'sending' : 'elsewhere',
    }
  }

  subscribe(listener: (state: QueueState) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  async adopt(fromUserId: string = nobody): Promise<number> {
    const to = this.#partition(this.o.socket.session)
    this.#check()
    if (to.userId === fromUserId) return 0
    return await this.#then(this.#store.adopt({ ...to, userId: fromUserId }, to, this.o.caps))
  }

  async deadLetters(): Promise<DeadLetter[]> {
    this.#check()
    return (await this.#store.dead(this.#partition(this.o.socket.session))).map(letter)
  }

  retry(ids: readonly string[]): Promise<number> {
    return this.#then(this.#store.settle(this.#partition(this.o.socket.session), ids, 'retry'))
  }

  forget(ids: readonly string[]): Promise<number> {
    return this.#then(this.#store.settle(this.#partition(this.o.socket.session), ids, 'discard'))
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    this.#unlisten()
    await this.#drainer.stop()
    this.#channel?.close()
    this.#database.close()
  }

  /** Whose events are meant: as the server says, else as the login does, else the application. */
  #partition(session: Session | null): Partition {
    const { auth, userId, instanceId } = this.o
    const named = session?.mode === 'auth' ? (session.anonymous ? null : session.userId) : auth.state.userId ?? userId()
    const partition = { instanceId, userId: named ?? nobody }
    if (named !== null) this.#last = partition
    return partition
  }

  /** Lets pushes wait, in their order, until it is known who is logged in: but not for ever. */
  #learn(): void {
    const { auth, clock } = this.o
    const enough = new AbortController()
    const cancel = clock.after(patienceMs, () => enough.abort())
    this.#known = auth.getToken({ signal: enough.signal }).catch(() => {}).finally(cancel)
    // Later than those who wait: none may overtake them.
    void this.#known.then(() => clock.after(0, () => { this.#known = null }))
  }

  #listen(): () => void {
    const { socket, auth } = this.o
    const abort = new AbortController()
    const { signal } = abort
    const pump = (): void => { void this.#drainer.pump() }
    socket.addEventListener('session', () => { this.#login = false; pump(); this.#changed() }, { signal })
    socket.addEventListener('message', ({ data }) => this.#drainer.heard(data), { signal })
    const lost = (lost: Lost): void => {
      this.#login = lost.next === 'login' || lost.next === 'sign-out'
      this.#drainer.lost(lost)
      pump() // lets go of the lease
      this.#changed()
    }
    socket.addEventListener('disconnect', ({ detail }) => lost(detail), { signal })
    socket.addEventListener('close', (e) => lost(finalLoss(e)), { signal })
    globalThis.addEventListener?.('pagehide', () => void this.#drainer.pause(), { signal })
    globalThis.addEventListener?.('pageshow', pump, { signal })
    const unsubscribe = auth.subscribe(() => this.#changed())
    const unhook = auth.onSignOut(async ({ pending }) => {
      const { userId } = this.#partition(socket.session) // they still are
      if (pending === 'discard' && userId !== nobody) await this.#then(this.#store.discard(userId))
    })
    if (typeof BroadcastChannel !== 'undefined') {
      this.#channel = new BroadcastChannel(`${this.o.database}:${this.o.instanceId}`)
      this.#channel.onmessage = () => { pump(); this.#changed() }
      unref(this.#channel)
    }
    return () => { abort.abort(); unsubscribe(); unhook() }
  }

  async #then<T>(work: Promise<T>): Promise<T> {
    this.#check()
    const value = await work
    this.#hint()
    this.#changed()
    void this.#drainer.pump()
    return value
  }

  #check(): void {
    if (this.#closed) throw new QueueError('QUEUE_CLOSED', 'the queue was closed')
  }

  #hint(): void {
    if (!this.#closed) this.#channel?.postMessage(null)
  }

  #changed(): void {
    if (this.#closed || this.#listeners.size === 0) return
    this.state().then((state) => { for (const listener of this.#listeners) listener(state) }, () => {}) // closed meanwhile
  }

  /** Once, and when there is something to keep: browsers may ask the user. */
  #persist(): void {
    if (this.#persisted || !this.o.persist) return
    this.#persisted = true
    globalThis.navigator?.storage?.persist?.().catch(() => {}) // it is kept as well as can be
  }
}

/** A queue alone keeps no Node process from its end. */
function unref(channel: BroadcastChannel & { unref?: () => void }): void {
  channel.unref?.()
}

/** Puts an id and the time into an event. */
function stamp(event: QueueEvent, now: number): { id: string; json: string } {
  const id = isObject(event) ? event['id'] ?? newId() : undefined
  if (typeof id !== 'string' || id === '') throw new QueueError('EVENT_INVALID', 'an event is an object, and its id, if it has one, a string')
  const metadata = isObject(event['metadata']) ? event['metadata'] : {}
  try {
    return { id, json: JSON.stringify({ ...event, id, metadata: { ...metadata, clientTimestamp: now } }) }
  } catch (cause) {
    throw new QueueError('EVENT_INVALID', 'an event is JSON', { cause })
  }
}

function finalLoss({ code, reason, wasClean }: CloseEvent): Lost {
  const { refusal, next } = afterClose(code, reason)
  return { code, reason, wasClean, refusal, next, delayMs: null }
}
