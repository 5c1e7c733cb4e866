// Whatever happens to tabs and connections, each event reaches the server, as its
// own user, and those of one user in the order in which they were pushed. Only
// repetitions are allowed, since the server here does not tell them apart.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { OfflineQueue } from '../../src/index.js'
import type { Clock } from '../../src/clock.js'
import { type FakeSocket, Machine, rest } from './world.js'

/** Chance that can be had again (mulberry32). */
function chance(seed: number): () => number {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

/** A tab that can be frozen, and die. */
class Tab {
  readonly socket: FakeSocket
  readonly queue: OfflineQueue
  alive = true
  frozen = false
  #missed: (() => void)[] = []
  #acks: string[] = []
  #cut = false // what is sent from now on is lost, and the connection with it

  constructor(readonly world: World) {
    const clock: Clock = {
      now: world.m.clock.now,
      after: (ms, run) => world.m.clock.after(ms, () => {
        if (!this.alive) return
        if (this.frozen) this.#missed.push(run)
        else run()
      }),
    }
    const made = world.m.tab({ clock, maxFailures: 1e9, window: world.window })
    this.queue = made.queue
    this.socket = made.socket
    this.socket.server = (id) => this.#receive(id)
  }

  connect(): void {
    this.#cut = false
    this.#acks = []
    if (this.socket.session === null) this.socket.connect(this.world.user)
  }

  lose(): void {
    this.socket.lose()
  }

  /** The network swallows what is sent from now on; nobody knows it yet. */
  cut(): void {
    this.#cut = true
  }

  /** Acknowledges some of what has come, maybe twice. */
  ack(): void {
    const some = this.#acks.splice(0, 1 + Math.floor(this.world.random() * 3))
    this.socket.acks(...some)
    if (this.world.random() < 0.3) this.socket.acks(...some)
  }

  thaw(): void {
    this.frozen = false
    for (const run of this.#missed.splice(0)) run()
  }

  /** Gone without a word: whatever it still does leads nowhere. */
  crash(): void {
    this.alive = false
    Object.defineProperty(this.socket, 'session', { get() { throw new Error('crashed') } })
  }

  #receive(id: string): void {
    if (this.#cut) return
    this.world.log.push(`${this.socket.session?.userId} ${id}`)
    if (this.world.healed) queueMicrotask(() => this.socket.acks(id))
    else this.#acks.push(id)
  }
}

class World {
  m = new Machine()
  tabs: Tab[] = []
  log: string[] = []
  pushed: string[] = []
  user = 'alice'
  healed = false
  takeovers = 0

  constructor(readonly random: () => number, readonly window: number) {
    for (let i = 0; i < 3; i++) this.tabs.push(new Tab(this))
  }

  get living(): Tab[] {
    return this.tabs.filter((t) => t.alive)
  }

  async step(): Promise<void> {
    const { living, random } = this
    const tab = living[Math.floor(random() * living.length)] as Tab
    const dice = random()
    if (dice < 0.3) {
      const id = `e${this.pushed.length}`
      this.pushed.push(`${this.user} ${id}`)
      await tab.queue.push({ id })
    } else if (dice < 0.5) tab.connect()
    else if (dice < 0.58) tab.lose()
    else if (dice < 0.75) tab.ack()
    else if (dice < 0.79) tab.cut()
    else if (dice < 0.86) await this.m.advance(random() * 40_000)
    else if (dice < 0.9) tab.frozen = true
    else if (dice < 0.94) tab.thaw()
    else if (dice < 0.97) {
      tab.crash()
      this.takeovers++
      this.tabs.push(new Tab(this))
    } else await this.switchUser()
    // Now and then the next step comes while the database is still at work.
    if (random() < 0.7) await rest()
  }

  /** The login counts for all tabs at once, and no socket outlives it. */
  async switchUser(): Promise<void> {
    this.user = this.user === 'alice' ? 'bob' : 'alice'
    await this.m.auth.signIn('t', this.user)
    for (const tab of this.living) tab.lose()
  }

  /** All is well again: both users come, and see their events through. */
  async heal(): Promise<void> {
    this.healed = true
    for (let round = 0; round < 2; round++) {
      await this.switchUser()
      for (const tab of this.living) { tab.thaw(); tab.connect() }
      await this.m.advance(20_000) // a dead tab's lease
      for (let i = 0; i < 50; i++) {
        await rest()
        if ((await this.living[0]?.queue.state())?.pending === 0) break
        await this.m.advance(10_000)
        for (const tab of this.living) tab.connect()
      }
    }
    await Promise.all(this.living.map((t) => t.queue.close()))
  }
}

const of = (user: string, lines: readonly string[]): string[] => lines.filter((l) => l.startsWith(`${user} `))

for (const window of [1, 4]) {
  test(`order is kept and nothing is lost, ${window} under way at a time`, async () => {
    let repeated = 0
    let takeovers = 0
    for (let seed = 1; seed <= 15; seed++) {
      const world = new World(chance(seed * 7919 + window), window)
      for (let i = 0; i < 120; i++) await world.step()
      await world.heal()
      const first = [...new Set(world.log)]
      for (const user of ['alice', 'bob']) assert.deepEqual(of(user, first), of(user, world.pushed), `seed ${seed}`)
      assert.equal(first.length, world.pushed.length, `seed ${seed}: an event was sent as another user`)
      repeated += world.log.length - first.length
      takeovers += world.takeovers
    }
    assert.ok(repeated > 10 && takeovers > 10, `the test tries little: ${repeated} repetitions, ${takeovers} crashes`)
  })
}
