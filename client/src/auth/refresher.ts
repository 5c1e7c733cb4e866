import { fullJitter } from '../backoff.js'
import type { Environment } from '../environment.js'
import { classifyFailure, RefreshRefused } from '../errors.js'
import type { Turns } from '../tabs/turns.js'
import { busyElsewhere } from './activity.js'
import type { Keeper } from './keeper.js'
import type { RefreshReason, Settings } from './options.js'
import { nobody, type Session } from './session.js'
import { readToken, type RefreshResult } from './token.js'
import { within } from './wait.js'

/** A token that is wanted: newer than number `serial` of that epoch. */
export interface Need {
  readonly epoch: number
  readonly serial: number
  readonly reason: RefreshReason
}

// How long others are given to say what they know, in ms: little where nothing
// speaks for it that there are any, more where the storage knows of a token
// that was fetched just now.
const asking = 100
const askingLonger = 2_000
const justNow = 10_000
// What a turn takes beside the refresh itself: storage, asking.
const overhead = 5_000
// How long nobody is asked again who is not logged in.
const refusedFor = 10_000

/** Fetches tokens: once for all tabs, and once for all who want one in this tab. */
export class Refresher {
  #running: { need: Need; end: Promise<unknown> } | null = null
  readonly #closed = new AbortController()
  readonly #keeper: Keeper
  readonly #env: Environment
  readonly #turns: Turns
  readonly #settings: Settings

  constructor(keeper: Keeper, env: Environment, turns: Turns, settings: Settings) {
    this.#keeper = keeper
    this.#env = env
    this.#turns = turns
    this.#settings = settings
  }

  /** Whether the session has what was wanted, or is another one by now. */
  met({ epoch, serial, reason }: Need): boolean {
    const { session } = this.#keeper
    if (session.epoch !== epoch) return true
    if (session.ended !== null) return reason !== 'sign-in'
    return session.token !== null && session.token.serial > serial && session.token.value !== null
  }

  /**
   * Tries once to have a token fetched, by this tab or another. Never rejects;
   * resolves with what `refresh` threw, or undefined. Whether the need was met
   * is for the caller to see.
   */
  async refresh(need: Need): Promise<unknown> {
    while (!this.met(need) && !this.#closed.signal.aborted) {
      const running = this.#running
      if (running === null) return this.#start(need)
      const error = await running.end
      const same = running.need.epoch === need.epoch && running.need.serial >= need.serial
      if (same && (need.reason !== 'sign-in' || running.need.reason === 'sign-in')) return error
    }
    return undefined
  }

  close(): void {
    this.#closed.abort()
  }

  #start(need: Need): Promise<unknown> {
    const run = this.#settings.refresh === null ? this.#beg(need) : this.#run(need)
    const running = { need, end: run.catch((error: unknown) => error).finally(() => { this.#running = null }) }
    this.#running = running
    return running.end
  }

  // For a tab or worker that cannot refresh by itself.
  async #beg(need: Need): Promise<undefined> {
    if (this.#env.channel === null) return // there are no others
    this.#keeper.ask()
    this.#keeper.need(need.epoch, need.serial)
    const answered = () => {
      const { activity } = this.#keeper
      return activity !== null && activity.what !== 'refreshing' && activity.until > this.#env.clock.now()
    }
    await this.#keeper.waitFor(() => this.met(need) || answered(), this.#settings.timeout)
  }

  async #run(need: Need): Promise<unknown> {
    const lease = this.#settings.timeout + overhead
    const turn = await this.#turns.take(lease + overhead, lease)
    const until = this.#env.clock.now() + lease
    try {
      await this.#keeper.look()
      await this.#hearOthers(need, turn.sole)
      if (this.met(need) || this.#closed.signal.aborted || this.#triedJustNow(need)) return undefined
      const sole = () => turn.sole && this.#env.clock.now() < until && this.#keeper.activity?.by === this.#keeper.me
      const first = await this.#fetch(need, sole)
      if (first !== tryAgain) return first
      await this.#hearOthers(need, false)
      return this.met(need) ? undefined : await this.#fetch(need, () => true)
    } finally {
      turn.release()
    }
  }

  // Another tab may have the token, or be about to. One that was at it when this
  // tab got the turn is gone, or takes turns in another way: not waited for long.
  async #hearOthers(need: Need, sole: boolean): Promise<void> {
    if (this.met(need) || this.#env.channel === null) return
    const { me, session } = this.#keeper
    const { clock } = this.#env
    const known = session.token !== null && session.token.serial > need.serial && clock.now() < session.token.receivedAt + justNow
    const busy = () => busyElsewhere(this.#keeper.activity, me, clock.now())
    this.#keeper.ask()
    await this.#keeper.waitFor(() => this.met(need) || busy(), known ? askingLonger : asking)
    const { activity } = this.#keeper
    if (!busy() || activity === null) return
    const left = activity.until - clock.now()
    await this.#keeper.waitFor(() => this.met(need) || !busy(), sole ? Math.min(left, askingLonger) : left)
  }

  // Another tab tried, and it is not yet time to try again.
  #triedJustNow({ reason }: Need): boolean {
    const { activity } = this.#keeper
    return activity !== null && activity.what !== 'refreshing' && activity.until > this.#env.clock.now() && reason !== 'sign-in'
  }

  async #fetch(need: Need, sole: () => boolean): Promise<unknown> {
    const before = this.#keeper.session
    const { timeout, refresh } = this.#settings
    const failures = this.#keeper.activity?.failures ?? 0
    const abort = new AbortController()
    const { signal } = abort
    const stop = this.#keeper.watch(() => { if (this.#keeper.session.epoch !== before.epoch) abort.abort() })
    this.#closed.signal.addEventListener('abort', () => abort.abort(), { signal })
    this.#keeper.act({ what: 'refreshing', by: this.#keeper.me, until: this.#env.clock.now() + timeout, failures })
    try {
      const context = { reason: need.reason, token: before.token?.value ?? null, signal }
      const asked = new Promise<RefreshResult | undefined>((resolve) => resolve(refresh?.(context)))
      const answer = await within(this.#env.clock, timeout, asked)
      if (answer === null) throw new RefreshRefused('nobody is logged in')
      await this.#keeper.commit(this.#next(before, answer))
      this.#keeper.act(null)
      return undefined
    } catch (error) {
      if (!this.#closed.signal.aborted) this.#settings.onRefreshError(error)
      return this.#failed(error, need, before, failures, sole)
    } finally {
      stop()
      abort.abort() // lets go of the listener above
    }
  }

  // A token of another user is another login: nothing of the one before may be
  // sent in its name.
  #next(before: Session, answer: RefreshResult | undefined): Session {
    if (answer === null || answer === undefined) throw new TypeError('refresh answered neither a token nor null')
    const { newId, clock } = this.#env
    const old = before.ended === null ? before.token : null
    const token = readToken(answer, (old?.serial ?? 0) + 1, newId(), clock.now())
    const same = old !== null && (old.subject === null || token.subject === null || old.subject === token.subject)
    return same ? { ...before, token } : { ...nobody, epoch: before.epoch + 1, login: newId(), token: { ...token, serial: 1 }, clock: before.clock }
  }

  async #failed(error: unknown, need: Need, before: Session, failures: number, sole: () => boolean): Promise<unknown> {
    const { me } = this.#keeper
    const now = this.#env.clock.now()
    if (this.#keeper.session.epoch !== before.epoch || this.#closed.signal.aborted) {
      this.#keeper.act(null) // what was asked for is over
      return error
    }
    if (classifyFailure(error) === 'unavailable') {
      const wait = fullJitter(failures + 1, this.#settings.backoff, () => this.#env.random())
      this.#keeper.act({ what: 'offline', by: me, until: now + wait, failures: failures + 1 })
      return error
    }
    const alone = sole()
    this.#keeper.act(null)
    await this.#keeper.look()
    if (this.met(need)) return error
    if (!alone) return tryAgain
    if (before.token !== null && before.ended === null) await this.#keeper.end('REFRESH_REFUSED', before.epoch)
    else this.#keeper.act({ what: 'refused', by: me, until: now + refusedFor, failures: 0 })
    return error
  }
}

// A refusal that proves nothing, since another tab refreshed at the same time:
// with refresh tokens that are good for one use, one of the two is refused.
const tryAgain = Symbol('try again')
