import { createAuthIn } from '../../src/auth/create.js'
import { settingsOf, type SyncAuthOptions } from '../../src/auth/options.js'
import type { Environment } from '../../src/environment.js'
import type { AuthStorage } from '../../src/storage/types.js'
import { type Locks, lockTurns } from '../../src/tabs/locks.js'
import { Memory } from '../../src/tabs/memory.js'
import { type Channel, type OpenChannel, parseTabMessage, type TabMessage } from '../../src/tabs/messages.js'
import { type FromWorker, parseToWorker, type ToWorker } from '../../src/tabs/ports.js'
import { Referee } from '../../src/tabs/referee.js'
import { chanceTurns, type Turns } from '../../src/tabs/turns.js'
import { WorkerTurns } from '../../src/tabs/worker-turns.js'
import type { SyncAuth } from '../../src/types.js'
import type { AuthServer } from './server.js'
import type { World } from './world.js'

/** How the tabs of a browser take turns. */
export type Way = 'worker' | 'locks' | 'chance'

export interface Tab {
  readonly name: string
  readonly auth: SyncAuth
  wake(online?: boolean): void
  /** Its page goes into the history, and may come back: wake. */
  leave(): void
}

/** One browser: what all its tabs share, with delays drawn by lot. */
export class Browser {
  keepsToken = false
  marks = true
  storageWorks = true
  #text: string | null = null
  #mark = 0
  #tabs = 0
  readonly #listeners = new Map<string, (message: TabMessage) => void>()
  readonly #last = new Map<string, number>() // deliveries of one pair keep their order
  readonly #lockQueue: { owner: string; run: () => void }[] = []
  #lockHolder: string | null = null
  readonly #referee: Referee
  #memory: Memory | null = null

  constructor(readonly world: World, readonly server: AuthServer, readonly way: Way = 'worker') {
    this.#referee = new Referee(world.clockOf('worker'))
  }

  /** What the storage holds. */
  get stored(): string | null { return this.#text }

  open(options: SyncAuthOptions = {}): Tab {
    const name = `tab${++this.#tabs}`
    if (this.way === 'worker') this.#memory ??= new Memory('worker', this.#channelOf('worker'))
    const wakes = new Set<(online: boolean) => void>()
    let turns: Turns | null = null
    const auth = createAuthIn(settingsOf({ refresh: this.server.refreshFor(name), ...options }), this.#environment(name, wakes, (made) => { turns = made }))
    const leave = () => { if (turns instanceof WorkerTurns) turns.leave() }
    return { name, auth, leave, wake: (online = false) => wakes.forEach((wake) => wake(online)) }
  }

  kill(tab: Tab): void {
    this.world.kill(tab.name)
    this.#listeners.delete(tab.name)
    if (this.#lockHolder === tab.name) this.#unlock()
  }

  #environment(owner: string, wakes: Set<(online: boolean) => void>, made: (turns: Turns) => void): Environment {
    const { world } = this
    let ids = 0
    return {
      clock: world.clockOf(owner),
      random: world.random,
      newId: () => `${owner}-${world.draw(1e9)}-${++ids}`,
      storage: this.#storageOf(owner),
      keepsToken: this.keepsToken,
      marks: this.marks ? { read: () => this.#mark, raise: (epoch) => { this.#mark = Math.max(this.#mark, epoch) } } : null,
      channel: this.#channelOf(owner),
      turns: (onWake) => {
        const turns = this.#turnsOf(owner, onWake)
        made(turns)
        return turns
      },
      onWake(listener) {
        wakes.add(listener)
        return () => wakes.delete(listener)
      },
    }
  }

  #later<T>(owner: string, work: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      this.world.after(owner, this.world.draw(10), () => (this.storageWorks ? resolve(work()) : reject(new Error('no storage'))))
    })
  }

  #storageOf(owner: string): AuthStorage {
    return {
      read: () => this.#later(owner, () => this.#text),
      update: (change) => this.#later(owner, () => (this.#text = change(this.#text))),
    }
  }

  // Delivers after a while, in order between two.
  #deliver(from: string, to: string, run: () => void): void {
    const pair = `${from}>${to}`
    const at = Math.max(this.world.now + this.world.draw(15), this.#last.get(pair) ?? 0) + 0.001
    this.#last.set(pair, at)
    this.world.after(to, at - this.world.now, run)
  }

  #channelOf(owner: string): OpenChannel {
    return (hear): Channel => {
      this.#listeners.set(owner, hear)
      return {
        send: (message) => {
          if (!this.#listeners.has(owner)) throw new Error('send on a closed channel')
          const copy: unknown = structuredClone(message)
          for (const to of this.#listeners.keys()) {
            if (to !== owner) this.#deliver(owner, to, () => this.#heard(to, copy))
          }
        },
        close: () => this.#listeners.delete(owner),
      }
    }
  }

  #heard(to: string, data: unknown): void {
    const message = parseTabMessage(data)
    if (message === null) throw new Error(`not a message: ${JSON.stringify(data)}`)
    this.#listeners.get(to)?.(message)
  }

  #turnsOf(owner: string, onWake: () => void): Turns {
    if (this.way === 'chance') return chanceTurns(this.world.clockOf(owner), this.world.random)
    const locks = lockTurns(this.#locksOf(owner), 'turn', this.world.clockOf(owner))
    return this.way === 'locks' ? locks : new WorkerTurns(this.#portOf(owner), 'default', this.world.clockOf(owner), locks, onWake)
  }

  #portOf(owner: string) {
    const player = { send: (message: FromWorker) => this.#deliver('worker', owner, () => port.onmessage?.({ data: message } as MessageEvent)) }
    const port = {
      onmessage: null as ((event: MessageEvent<unknown>) => void) | null,
      postMessage: (message: ToWorker) => this.#deliver(owner, 'worker', () => {
        const parsed = parseToWorker(message)
        if (parsed === null) throw new Error('not a message')
        this.#referee.hear(player, parsed)
      }),
      close() {},
    }
    return port
  }

  #locksOf(owner: string): Locks {
    return {
      request: (_name, { signal }, run) => new Promise((resolve, reject) => {
        const entry = { owner, run: () => void run().then(() => { this.#unlock(); resolve() }) }
        signal.addEventListener('abort', () => {
          const i = this.#lockQueue.indexOf(entry)
          if (i >= 0) this.#lockQueue.splice(i, 1)
          reject(new Error('aborted'))
        })
        this.#lockQueue.push(entry)
        if (this.#lockHolder === null) this.#unlock()
      }),
    }
  }

  #unlock(): void {
    const next = this.#lockQueue.shift()
    this.#lockHolder = next?.owner ?? null
    if (next === undefined) return
    if (this.world.isDead(next.owner)) return this.#unlock()
    this.world.after(next.owner, this.world.draw(5), next.run)
  }
}
