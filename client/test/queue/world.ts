// A server, its sockets, and tabs with queues, for the tests of the queue: all
// real but the network and the time.
import 'fake-indexeddb/auto'
import { IDBFactory } from 'fake-indexeddb'
import { createQueue, type Lost, type OfflineQueue, type QueueOptions, type Session } from '../../src/index.js'
import type { QueueSocket } from '../../src/queue/options.js'
import { FakeAuth, FakeClock } from '../socket/fakes.js'

/** Lets the database come to rest: it works in turns of the event loop. */
export async function rest(): Promise<void> {
  for (let i = 0; i < 60; i++) await new Promise((resolve) => setImmediate(resolve))
}

/** A socket whose connections the test makes and breaks. */
export class FakeSocket extends EventTarget implements QueueSocket {
  session: Session | null = null
  sent: string[] = []
  asked: string[] = []
  /** The server, if it listens. */
  server: ((id: string, socket: FakeSocket) => void) | null = null

  connect(userId: string | null = 'alice', anonymous = false): void {
    this.session = { mode: userId === null ? 'plain' : 'auth', userId, connectionId: 'k', anonymous }
    this.dispatchEvent(new CustomEvent('session', { detail: this.session }))
  }

  lose(lost: Partial<Lost> = {}): void {
    this.session = null
    const detail: Lost = { code: 1006, reason: '', wasClean: false, refusal: null, next: 'backoff', delayMs: 0, ...lost }
    this.dispatchEvent(new CustomEvent('disconnect', { detail }))
  }

  send(data: unknown): void {
    if (this.session === null) throw new DOMException('not connected', 'InvalidStateError')
    const { event } = JSON.parse(String(data)) as { event: { id: string } }
    this.sent.push(event.id)
    this.server?.(event.id, this)
  }

  says(message: unknown): void {
    if (this.session !== null) this.dispatchEvent(new MessageEvent('message', { data: JSON.stringify(message) }))
  }

  acks(...ids: string[]): void {
    this.says({ type: 'ack', ack: ids })
  }

  distrust(reason: string): void {
    this.asked.push(`distrust ${reason}`)
    this.lose()
  }

  reconnect(): void {
    this.asked.push('reconnect')
  }
}

/** One machine: what its tabs share. */
export class Machine {
  clock = new FakeClock()
  auth = new FakeAuth()
  indexedDB = new IDBFactory()
  rejected: string[] = []

  /** A tab; its events are pushed under its auth's user. */
  tab(options: Partial<QueueOptions> = {}): { socket: FakeSocket; queue: OfflineQueue } {
    const socket = new FakeSocket()
    const queue = createQueue({
      socket, auth: this.auth, instanceId: 'i1', clock: this.clock, indexedDB: this.indexedDB,
      onReject: ({ id, reason }) => this.rejected.push(`${id} ${reason}`), ...options,
    })
    return { socket, queue }
  }

  advance(ms: number): Promise<void> {
    return this.clock.advance(ms, rest)
  }
}
