import { newId } from '../id.js'
import type { Lost } from '../socket/driver.js'
import type { Session } from '../socket/connection.js'
import { parse } from './ack.js'
import type { Entry, Partition } from './database.js'
import { letter, type QueueSettings } from './options.js'
import type { Store } from './store.js'

/** Closes that may be the fault of the event that was under way: a server that fails is none of them. */
const poison = [1003, 1007, 1009]
const poisonWords = ['BAD_FRAME', 'MESSAGE_TOO_BIG']
/** How long after such a close the queue asks for a connection at first, in milliseconds. */
const reviveMs = 1000

/** What a drainer tells. */
export interface DrainerOut {
  /** Something was sent off, came to rest, or can be sent no more. */
  changed(): void
  /** Other tabs may want to look. */
  hint(): void
}

/**
 * Sends the events of one tab's queue, if this tab is the one that sends: from
 * the oldest on, in order, each until the server has it. What was sent on this
 * connection and not acknowledged is sent again on the next.
 */
export class Drainer {
  /** This tab sends. */
  leader = false
  #sent = new Map<string, Entry>() // on this connection, not yet acknowledged
  #settled = new Set<string>() // acknowledged or rejected, and still in the database
  #watched = '' // the event whose acknowledgement is overdue next
  #session: Session | null = null
  #pending = 0 // at the last look
  #leased: Partition | null = null
  #running: Promise<void> | null = null
  #again = false
  #stopped = false
  #holder = newId()
  #cancelTick: () => void = () => {}
  #cancelTimeout: () => void = () => {}

  constructor(
    private readonly o: QueueSettings, private readonly store: Store,
    private readonly partitionOf: (session: Session) => Partition, private readonly out: DrainerOut,
  ) {}

  /** Whether events are under way. */
  get busy(): boolean {
    return this.#sent.size > 0
  }

  /** Sends what can be sent. Calls during a run make it run once more. */
  pump(): Promise<void> {
    if (this.#running !== null) {
      this.#again = true
      return this.#running
    }
    return this.#running = this.#run().finally(() => { this.#running = null })
  }

  /** Looks for acknowledgements in a message of the server. */
  heard(data: unknown): void {
    if (this.#sent.size === 0 || this.o.ack === 'sent') return
    const message = parse(data)
    const has = this.o.ack(message).flatMap((id) => this.#settle(id))
    for (const { id, reason } of this.o.reject(message)) {
      for (const entry of this.#settle(id)) void this.#bury(entry, reason, 1)
    }
    if (has.length > 0) void this.#forget(has)
  }

  /** The connection is gone. */
  lost({ code, refusal, next }: Lost): void {
    const [head] = this.#sent.values()
    this.#leave()
    if (head === undefined || !(poison.includes(code) || (refusal !== null && poisonWords.includes(refusal)))) return
    void this.#bury(head, refusal ?? String(code))
    // The socket takes such a close for final; the events behind deserve a connection.
    if (next === 'stop') this.#cancelTick = this.o.clock.after(reviveMs * 2 ** Math.min(head.failures, 5), () => this.o.socket.reconnect())
  }

  /** Lets another tab send, for now. */
  async pause(): Promise<void> {
    this.#leave()
    await this.#release()
  }

  /** Lets another tab send, and comes to an end. */
  async stop(): Promise<void> {
    this.#stopped = true
    this.#leave()
    await this.#running
    await this.#release()
  }

  async #run(): Promise<void> {
    do {
      this.#again = false
      try {
        await this.#pass()
      } catch { // the database is busy or away: the tick comes back to it
        this.#tick()
      }
    } while (this.#again && !this.#stopped)
  }

  async #pass(): Promise<void> {
    const { session } = this.o.socket
    if (this.#stopped) return
    if (session !== this.#session) this.#leave()
    if (session === null) return await this.#release()
    this.#session = session
    const partition = this.partitionOf(session)
    if (this.#leased !== null && this.#leased.userId !== partition.userId) await this.#release()
    const { window, leaseMs, clock } = this.o
    const { heads, leader, pending } = await this.store.claim(partition, this.#holder, window, clock.now(), leaseMs)
    const [led, changed] = [this.leader, leader !== this.leader || pending !== this.#pending]
    this.#pending = pending
    this.leader = leader
    this.#leased = leader ? partition : null
    // From here on nothing is awaited: what is sent, is sent as who was asked for.
    if (this.#stopped || this.o.socket.session !== session || this.partitionOf(session).userId !== partition.userId) {
      this.#again = true
      return
    }
    if (leader) this.#send(heads)
    this.#tick(pending > 0)
    if (changed) this.out.changed()
    if (led && pending === 0) this.out.hint() // other tabs show it too
  }

  #send(heads: readonly Entry[]): void {
    const alive = new Set(heads.map((e) => e.id))
    for (const id of this.#sent.keys()) if (!alive.has(id)) this.#sent.delete(id) // another tab saw it through
    const gone: Entry[] = []
    for (const entry of heads) {
      if (this.#sent.has(entry.id) || this.#settled.has(entry.id)) continue
      this.o.socket.send(this.o.encode(JSON.parse(entry.json)))
      if (this.o.ack === 'sent') {
        this.#settled.add(entry.id)
        gone.push(entry)
      } else this.#sent.set(entry.id, entry)
    }
    if (gone.length > 0) void this.#forget(gone)
    this.#watch()
  }

  /** Takes an event off those under way. */
  #settle(id: string): Entry[] {
    const entry = this.#sent.get(id)
    if (entry === undefined) return []
    this.#sent.delete(id)
    this.#settled.add(id)
    this.#watch()
    return [entry]
  }

  async #forget(entries: readonly Entry[]): Promise<void> {
    await this.store.remove(entries.map((e) => e.seq)).catch(() => {}) // sent once more, then
    for (const { id } of entries) this.#settled.delete(id)
    this.#rested()
  }

  #rested(): void {
    this.out.changed()
    void this.pump()
  }

  async #bury(entry: Entry, reason: string, limit = this.o.maxFailures): Promise<void> {
    const dead = await this.store.fail(entry.seq, limit, reason, this.o.clock.now()).catch(() => null)
    this.#settled.delete(entry.id)
    if (dead !== null) this.o.onReject(letter(dead))
    this.#rested()
  }

  /** No acknowledgement for long: the connection is dead, or the event is. */
  #watch(): void {
    const [head] = this.#sent.values()
    if (head?.id === this.#watched) return
    this.#cancelTimeout()
    this.#watched = head?.id ?? ''
    if (head === undefined) return
    this.#cancelTimeout = this.o.clock.after(this.o.ackTimeoutMs, () => {
      void this.#bury(head, 'NO_ACK')
      this.o.socket.distrust('NO_ACK')
    })
  }

  /** Renews the lease, or looks whether it is to be had. */
  #tick(wanted = true): void {
    this.#cancelTick()
    if (wanted && !this.#stopped) this.#cancelTick = this.o.clock.after(this.o.leaseMs / 3, () => void this.pump())
  }

  /** The connection's work is over. */
  #leave(): void {
    this.#cancelTick()
    this.#cancelTimeout()
    this.#watched = ''
    this.#sent.clear()
    this.#session = null
  }

  async #release(): Promise<void> {
    const leased = this.#leased
    if (leased === null) return
    this.#leased = null
    this.leader = false
    await this.store.release(leased, this.#holder).catch(() => {}) // it runs out by itself
    this.out.hint()
    this.out.changed()
  }
}
