import { Alarm } from '../alarm.js'
import type { Environment } from '../environment.js'
import type { Turns } from '../tabs/turns.js'
import type { Accepted, AfterRefusal, AuthErrorCode, AuthState, SignOutOptions, SyncAuth } from '../types.js'
import { Keeper } from './keeper.js'
import type { Settings } from './options.js'
import { type Need, Refresher } from './refresher.js'
import { isExpiring, localExpiry, refreshDue } from './schedule.js'
import { nobody } from './session.js'
import { readToken } from './token.js'
import { Verdicts } from './verdicts.js'
import { abortable } from './wait.js'

// A refresh that led to nothing is not begun again before this, in ms.
const pause = 1_000

/** A session in one tab: watches its time, and answers the application. */
class Auth implements SyncAuth {
  // Nothing is known yet, and the application was not asked.
  #wanted = true
  #working = false
  #pausedUntil = 0
  #signOuts = 0
  #wakeAt: number | null = null
  #closed = false
  readonly #signOutListeners = new Set<(options: SignOutOptions) => void | Promise<void>>()
  readonly #env: Environment
  readonly #settings: Settings
  readonly #keeper: Keeper
  readonly #turns: Turns
  readonly #refresher: Refresher
  readonly #verdicts: Verdicts
  readonly #alarm: Alarm
  readonly #started: Promise<void>
  readonly #stopWake: () => void

  constructor(settings: Settings, env: Environment) {
    this.#env = env
    this.#settings = settings
    this.#keeper = new Keeper(env, (epoch, serial) => this.#asked(epoch, serial))
    this.#turns = env.turns(() => this.#called())
    this.#refresher = new Refresher(this.#keeper, env, this.#turns, settings)
    this.#verdicts = new Verdicts(this.#keeper, env.clock)
    this.#alarm = new Alarm(env.clock, () => this.#tick())
    this.#keeper.watch(() => this.#arm())
    this.#stopWake = env.onWake((online) => this.#woken(online))
    this.#started = this.#begin()
  }

  get state(): AuthState { return this.#keeper.state }

  subscribe(listener: (state: AuthState) => void): () => void {
    return this.#keeper.subscribe(listener)
  }

  async getToken({ forceRefresh = false, signal }: { forceRefresh?: boolean; signal?: AbortSignal } = {}): Promise<string | null> {
    signal?.throwIfAborted()
    await abortable(this.#started.then(() => this.#keeper.look()), signal)
    const need = this.#need(forceRefresh, isExpiring(this.#keeper.session, this.#env.clock.now()))
    if (need !== null && !this.#triedJustNow()) {
      await abortable(this.#refresher.refresh(need), signal)
      await this.#keeper.look()
    }
    return this.#closed ? null : this.#verdicts.handOut()
  }

  reportAccepted(ok: Accepted, token?: string | null): void {
    if (this.#verdicts.accepted(ok, token)) this.#arm()
  }

  reportRefused(code: AuthErrorCode, token?: string | null): AfterRefusal {
    const next = this.#verdicts.refused(code, token, this.#settings.refresh !== null || this.#env.channel !== null)
    this.#arm()
    return next
  }

  async signIn(token?: string): Promise<void> {
    const calls = this.#signOuts
    await this.#started
    await this.#keeper.look()
    // A logout that was called for later than this login is not undone by it.
    if (calls !== this.#signOuts) throw new Error('signed out meanwhile')
    const { session } = this.#keeper
    this.#wanted = false
    if (token === undefined) return this.#fetchFirst({ epoch: session.epoch, serial: session.token?.serial ?? 0, reason: 'sign-in' })
    const first = readToken(token, 1, this.#env.newId(), this.#env.clock.now())
    await this.#keeper.commit({ ...nobody, epoch: session.epoch + 1, login: this.#env.newId(), token: first, clock: session.clock })
  }

  async signOut(options: SignOutOptions = {}): Promise<void> {
    this.#signOuts++
    const calls = [...this.#signOutListeners].map((listener) => new Promise<void>((resolve) => resolve(listener(options))))
    this.#wanted = false
    const { session } = this.#keeper
    const stored = session.ended === null ? this.#keeper.end('SIGNED_OUT', session.epoch) : undefined
    await Promise.all([stored, ...calls])
  }

  onSignOut(listener: (options: SignOutOptions) => void | Promise<void>): () => void {
    this.#signOutListeners.add(listener)
    return () => this.#signOutListeners.delete(listener)
  }

  close(): void {
    this.#closed = true
    this.#alarm.set(null)
    this.#stopWake()
    this.#refresher.close()
    this.#turns.close()
    this.#keeper.close()
    this.#signOutListeners.clear()
  }

  async #begin(): Promise<void> {
    await this.#keeper.look()
    this.#keeper.ask()
    this.#tick()
  }

  async #fetchFirst(need: Need): Promise<void> {
    const error = await this.#refresher.refresh(need)
    if (!this.#refresher.met(need) || this.#keeper.session.ended !== null) throw error ?? new Error('signed out meanwhile, or no other tab could sign in')
  }

  // What is wanted of a refresh now; null: nothing.
  #need(forced: boolean, expiring: boolean): Need | null {
    const { epoch, ended, token } = this.#keeper.session
    if (ended !== null) return null
    if (token === null) return this.#wanted || forced ? { epoch, serial: 0, reason: forced ? 'forced' : 'start' } : null
    if (token.value === null) return { epoch, serial: token.serial - 1, reason: 'start' }
    if (forced || this.#verdicts.spent) return { epoch, serial: token.serial, reason: 'forced' }
    return expiring ? { epoch, serial: token.serial, reason: 'expiring' } : null
  }

  // What is to be fetched without being asked for: what failed is tried again,
  // however good the older token is. A tab that cannot asks only when it needs one.
  #due(now: number): Need | null {
    const at = refreshDue(this.#keeper.session, this.#settings.ahead)
    const failed = (this.#keeper.activity?.failures ?? 0) > 0
    return this.#settings.refresh === null ? null : this.#need(false, failed || (at !== null && now >= at))
  }

  #triedJustNow(): boolean {
    const { activity } = this.#keeper
    return activity !== null && activity.what !== 'refreshing' && activity.until > this.#env.clock.now()
  }

  #tick(): void {
    const now = this.#env.clock.now()
    this.#keeper.refreshState()
    const need = this.#due(now)
    if (need !== null && !this.#waits(now)) void this.#work(need)
    this.#arm()
  }

  #waits(now: number): boolean {
    const { activity } = this.#keeper
    return this.#closed || this.#working || now < this.#pausedUntil || (activity !== null && activity.until > now)
  }

  async #work(need: Need): Promise<void> {
    this.#working = true
    await this.#refresher.refresh(need)
    this.#working = false
    if (!this.#refresher.met(need)) this.#pausedUntil = this.#env.clock.now() + pause
    this.#arm()
  }

  // Sets the alarm for the next time at which something changes by itself.
  #arm(): void {
    if (this.#closed) return
    const now = this.#env.clock.now()
    const { session, activity } = this.#keeper
    if (activity?.what === 'refused') this.#wanted = false // in whichever tab the application said so
    if (this.#due(now) !== null && !this.#waits(now)) return this.#alarm.set(now)
    const due = refreshDue(session, this.#settings.ahead)
    const times = [due, localExpiry(session), activity?.until ?? null, this.#pausedUntil].filter((at) => at !== null && at > now)
    const next = session.ended === null && times.length > 0 ? Math.min(...times as number[]) : null
    this.#alarm.set(next)
    if (next !== null && next !== this.#wakeAt) this.#turns.wakeAt(next)
    this.#wakeAt = next
  }

  // By the worker, which knows of one time only, the earliest that any tab asked for.
  #called(): void {
    this.#wakeAt = null
    this.#tick()
  }

  // The page may have slept: through a logout, or past the expiry.
  #woken(online: boolean): void {
    const { activity } = this.#keeper
    this.#wakeAt = null // a page that comes back from the history had left those who are woken
    if (online && activity?.what === 'offline') this.#keeper.act({ ...activity, by: this.#keeper.me, until: this.#env.clock.now() })
    this.#keeper.ask()
    void this.#keeper.look().then(() => { if (!this.#closed) this.#tick() })
  }

  // Another tab wants a token and cannot refresh by itself.
  #asked(epoch: number, serial: number): void {
    if (this.#settings.refresh === null || this.#closed) return
    const need: Need = { epoch, serial, reason: 'forced' }
    const { session, me } = this.#keeper
    if (this.#refresher.met(need)) return this.#keeper.say()
    if (session.token === null && !this.#wanted) {
      return this.#keeper.act({ what: 'refused', by: me, until: this.#env.clock.now() + pause, failures: 0 })
    }
    void this.#refresher.refresh(need)
  }
}

/** As createSyncAuth, in a given world. */
export function createAuthIn(settings: Settings, env: Environment): SyncAuth {
  return new Auth(settings, env)
}
