// A world with a clock of its own: what happens in it, happens in the order of
// its time, and in which order what is simultaneous happens is drawn by lot.
// Each event belongs to somebody, who can be hidden (timers ring once a minute),
// frozen, thawed and killed.

/** A generator of numbers from 0 to 1, the same for the same seed (mulberry32). */
export function randomFrom(seed: number): () => number {
  let a = seed >>> 0
  return () => {
    a = (a + 0x6d2b79f5) >>> 0
    let t = a
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

interface Task { at: number; lot: number; owner: string; run: () => void; timer: boolean }

const minute = 60_000

export class World {
  now: number
  readonly random: () => number
  readonly #tasks = new Set<Task>()
  readonly #frozen = new Set<string>()
  readonly #dead = new Set<string>()
  readonly #hidden = new Set<string>()

  constructor(seed = 1, now = Date.UTC(2026, 0, 1)) {
    this.random = randomFrom(seed)
    this.now = now
  }

  /** A whole number below n. */
  draw(n: number): number {
    return Math.floor(this.random() * n)
  }

  /** Has `run` happen to `owner`, `ms` from now; returns the way to cancel it. A timer is held back where its owner is hidden. */
  after(owner: string, ms: number, run: () => void, timer = false): () => void {
    const task = { at: this.now + ms, lot: this.random(), owner, run, timer }
    this.#tasks.add(task)
    return () => this.#tasks.delete(task)
  }

  hide(owner: string): void { this.#hidden.add(owner) }
  show(owner: string): void { this.#hidden.delete(owner) }
  freeze(owner: string): void { this.#frozen.add(owner) }
  thaw(owner: string): void { this.#frozen.delete(owner) }
  kill(owner: string): void { this.#dead.add(owner) }
  isDead(owner: string): boolean { return this.#dead.has(owner) }
  isFrozen(owner: string): boolean { return this.#frozen.has(owner) }

  #at({ at, timer, owner }: Task): number {
    return timer && this.#hidden.has(owner) ? Math.ceil(at / minute) * minute : at
  }

  #next(until: number): Task | null {
    let [next, first]: [Task | null, number] = [null, until]
    for (const task of this.#tasks) {
      if (this.#dead.has(task.owner)) this.#tasks.delete(task)
      const at = this.#at(task)
      if (at > first || this.#frozen.has(task.owner) || this.#dead.has(task.owner)) continue
      if (next === null || at < first || task.lot < next.lot) [next, first] = [task, at]
    }
    return next
  }

  /** Lets `ms` pass, with all that happens in it. */
  async pass(ms: number): Promise<void> {
    const until = this.now + ms
    await calm()
    let steps = 0
    for (let task = this.#next(until); task !== null; task = this.#next(until)) {
      this.#tasks.delete(task)
      this.now = Math.max(this.now, this.#at(task)) // what a frozen one missed comes late
      if (++steps > 100_000) throw new Error(`no end of things that happen; the last belongs to ${task.owner}`)
      task.run()
      await calm()
    }
    this.now = until
  }

  /** The clock as `owner` sees it, wrong by `skew` ms. */
  clockOf(owner: string, skew = 0) {
    return { now: () => this.now + skew, after: (ms: number, run: () => void) => this.after(owner, ms, run, true) }
  }
}

// Until every promise that can go on has gone on.
async function calm(): Promise<void> {
  for (let i = 0; i < 2; i++) await new Promise((resolve) => setImmediate(resolve))
}
