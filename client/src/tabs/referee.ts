import { Alarm } from '../alarm.js'
import type { Clock } from '../clock.js'
import type { FromWorker, ToWorker } from './ports.js'

/** A tab, as the worker sees it. */
export interface Player {
  send(message: FromWorker): void
}

interface Claim { player: Player; id: number; lease: number }

/**
 * Gives one tab after the other its turn, and wakes them. A tab that keeps a
 * turn for longer than it asked for is asleep or gone: the next one gets it.
 * Tabs are never told that they lost a turn; what they commit late is judged by
 * its epoch.
 */
export class Referee {
  readonly #players = new Set<Player>()
  readonly #waiting: Claim[] = []
  #holder: Claim | null = null
  #wakeAt: number | null = null
  readonly #lease: Alarm
  readonly #alarm: Alarm
  readonly #clock: Clock

  constructor(clock: Clock) {
    this.#clock = clock
    this.#lease = new Alarm(clock, () => this.#next())
    this.#alarm = new Alarm(clock, () => this.#wake())
  }

  /** Takes what a tab says. One that was forgotten is known again. */
  hear(player: Player, message: ToWorker): void {
    if (message.kind === 'leave') return this.#leave(player)
    this.#players.add(player)
    switch (message.kind) {
      case 'join': return player.send({ kind: 'joined' })
      case 'take':
        this.#waiting.push({ player, id: message.id, lease: message.lease })
        player.send({ kind: 'queued', id: message.id })
        return this.#holder === null ? this.#next() : undefined
      case 'release': return this.#release(player, message.id)
      case 'wake':
        if (this.#wakeAt === null || message.at < this.#wakeAt || this.#wakeAt <= this.#clock.now()) this.#wakeAt = message.at
        return this.#alarm.set(this.#wakeAt)
    }
  }

  #release(player: Player, id: number): void {
    const held = this.#holder?.player === player && this.#holder.id === id
    const i = this.#waiting.findIndex((claim) => claim.player === player && claim.id === id)
    if (i >= 0) this.#waiting.splice(i, 1)
    if (held) this.#next()
  }

  #leave(player: Player): void {
    this.#players.delete(player)
    for (let i = this.#waiting.length - 1; i >= 0; i--) {
      if (this.#waiting[i]?.player === player) this.#waiting.splice(i, 1)
    }
    if (this.#holder?.player === player) this.#next()
  }

  #next(): void {
    this.#holder = this.#waiting.shift() ?? null
    this.#lease.set(this.#holder === null ? null : this.#clock.now() + this.#holder.lease)
    this.#holder?.player.send({ kind: 'turn', id: this.#holder.id })
  }

  #wake(): void {
    this.#wakeAt = null
    for (const player of this.#players) player.send({ kind: 'wake' })
  }
}
