import type { Clock } from '../clock.js'
import { parseFromWorker, type ToWorker } from './ports.js'
import { type Turn, type Turns, uncertainTurn } from './turns.js'

/** The part of a MessagePort that is used. */
export interface Port {
  postMessage(message: ToWorker): void
  onmessage: ((event: MessageEvent<unknown>) => void) | null
  close(): void
}

// How long the worker's script may take to load, and a living worker to answer,
// in ms. After that the other way to take turns is used for good.
const loading = 5_000
const answering = 2_000

interface Claim {
  queued(): void
  granted(turn: Turn): void
}

/** Turns by the shared worker; by `instead` where it does not answer. */
export class WorkerTurns implements Turns {
  #lives: Promise<boolean>
  #settle: (lives: boolean) => void = () => {}
  #ids = 0
  readonly #claims = new Map<number, Claim>()
  readonly #port: Port
  readonly #clock: Clock
  readonly #instead: Turns
  readonly #onWake: () => void

  constructor(port: Port, name: string, clock: Clock, instead: Turns, onWake: () => void) {
    this.#port = port
    this.#clock = clock
    this.#instead = instead
    this.#onWake = onWake
    this.#lives = new Promise((resolve) => { this.#settle = resolve })
    const cancel = clock.after(loading, () => this.#settle(false))
    void this.#lives.then(cancel)
    port.onmessage = (event) => this.#hear(event.data)
    port.postMessage({ kind: 'join', name })
  }

  /** The script could not be loaded. */
  failed(): void {
    this.#settle(false)
  }

  async take(patience: number, lease: number): Promise<Turn> {
    const turn = await this.#lives ? await this.#claim(patience, lease) : null
    return turn ?? this.#instead.take(patience, lease)
  }

  wakeAt(at: number): void {
    this.#port.postMessage({ kind: 'wake', at })
  }

  /** Gives back what this tab has, since its page goes away. Should it come back, the next claim joins again. */
  leave(): void {
    this.#port.postMessage({ kind: 'leave' })
  }

  close(): void {
    this.leave()
    this.#port.close()
    this.#settle(false)
    this.#instead.close()
  }

  // Null: the worker does not answer.
  #claim(patience: number, lease: number): Promise<Turn | null> {
    const id = ++this.#ids
    return new Promise((resolve) => {
      const end = (turn: Turn | null) => {
        cancelDead()
        cancelLate()
        this.#claims.delete(id)
        resolve(turn)
      }
      const cancelDead = this.#clock.after(answering, () => {
        this.#lives = Promise.resolve(false)
        end(null)
      })
      const cancelLate = this.#clock.after(patience, () => {
        this.#port.postMessage({ kind: 'release', id })
        end(uncertainTurn)
      })
      this.#claims.set(id, { queued: cancelDead, granted: end })
      this.#port.postMessage({ kind: 'take', id, lease })
    })
  }

  #hear(data: unknown): void {
    const message = parseFromWorker(data)
    if (message === null) return
    switch (message.kind) {
      case 'joined': return this.#settle(true)
      case 'wake': return this.#onWake()
      case 'queued': return this.#claims.get(message.id)?.queued()
      case 'turn': return this.#granted(message.id)
    }
  }

  #granted(id: number): void {
    const release = () => this.#port.postMessage({ kind: 'release', id })
    const claim = this.#claims.get(id)
    if (claim === undefined) release() // given up meanwhile
    else claim.granted({ sole: true, release })
  }
}
