import type { Environment } from '../environment.js'
import type { Channel, TabMessage } from '../tabs/messages.js'
import type { AuthState } from '../types.js'
import type { Activity } from './activity.js'
import { decodeSession } from './parse-session.js'
import { encodeSession, endOf, type EndReason, merge, nobody, type Session, withoutValue } from './session.js'
import { sameState, stateOf, unknownState } from './state.js'
import { within } from './wait.js'

// A storage that does not answer within this time, in ms, is done without.
const storagePatience = 2_000

/**
 * One tab's copy of the session: joins what storage, marks and the other tabs
 * say, tells them what it learns, and its listeners what has changed.
 */
export class Keeper {
  readonly me: string
  #session: Session = nobody
  #activity: Activity | null = null
  #state: AuthState = unknownState
  readonly #listeners = new Set<(state: AuthState) => void>()
  readonly #watchers = new Set<() => void>()
  readonly #env: Environment
  readonly #channel: Channel | null
  readonly #onNeed: (epoch: number, serial: number) => void

  constructor(env: Environment, onNeed: (epoch: number, serial: number) => void) {
    this.#env = env
    this.#onNeed = onNeed
    this.me = env.newId()
    this.#channel = env.channel?.((message) => this.#hear(message)) ?? null
  }

  get session(): Session { return this.#session }
  get activity(): Activity | null { return this.#activity }
  get state(): AuthState { return this.#state }

  subscribe(listener: (state: AuthState) => void): () => void {
    const own = (state: AuthState) => listener(state) // one function may be given twice
    this.#listeners.add(own)
    return () => this.#listeners.delete(own)
  }

  /** Calls `watcher` after every change, of the activity too. */
  watch(watcher: () => void): () => void {
    this.#watchers.add(watcher)
    return () => this.#watchers.delete(watcher)
  }

  /** Resolves with true once `test` holds, or with false after `ms`. */
  waitFor(test: () => boolean, ms: number): Promise<boolean> {
    if (test()) return Promise.resolve(true)
    return new Promise((resolve) => {
      const end = (holds: boolean) => {
        cancel()
        stop()
        resolve(holds)
      }
      const cancel = this.#env.clock.after(ms, () => end(test()))
      const stop = this.watch(() => { if (test()) end(true) })
    })
  }

  /** Reads what the storage knows, before a token is handed out or fetched. */
  async look(): Promise<void> {
    this.#readMark()
    const text = await within(this.#env.clock, storagePatience, this.#env.storage.read()).catch(() => null)
    this.adopt(decodeSession(text) ?? nobody)
    this.#readMark() // a logout that came meanwhile may have got no further
  }

  /** Takes what is newer in `session`. */
  adopt(session: Session): void {
    const merged = merge(this.#session, session)
    if (merged === this.#session) return
    const before = this.#session
    this.#session = merged
    if (merged.epoch !== before.epoch || merged.token?.serial !== before.token?.serial) this.#activity = null
    this.refreshState()
  }

  /** Stores a session and only then takes it: if the storage knows of a logout, that counts. */
  async commit(session: Session): Promise<void> {
    this.adopt(merge(session, await this.#persist(session)))
    this.say()
  }

  /** Takes a session and tells the others at once; resolves when it is stored. */
  async announce(session: Session): Promise<void> {
    this.adopt(session)
    this.say()
    await this.#persist(session)
  }

  /** Ends the session of that epoch; a newer one is left alone. */
  async end(reason: EndReason, epoch: number): Promise<void> {
    if (this.#session.epoch !== epoch) return
    const ended = endOf(this.#session, reason, this.#env.newId())
    this.#env.marks?.raise(ended.epoch)
    await this.announce(ended)
  }

  /** Says what this tab does about the session. */
  act(activity: Activity | null): void {
    if (activity !== null || this.#activity?.by === this.me) this.#activity = activity
    this.refreshState()
    this.say()
  }

  /** Tells the others what this tab knows, and what it does itself. */
  say(): void {
    const activity = this.#activity?.by === this.me ? this.#activity : null
    this.#channel?.send({ kind: 'state', from: this.me, session: this.#session, activity })
  }

  /** Asks the others for what they know. */
  ask(): void {
    this.#channel?.send({ kind: 'hello', from: this.me })
  }

  /** Asks the others for a newer token than that. */
  need(epoch: number, serial: number): void {
    this.#channel?.send({ kind: 'need', from: this.me, epoch, serial })
  }

  /** Tells the listeners if time or an event changed the state. */
  refreshState(): void {
    const state = stateOf(this.#session, this.#activity, this.#env.clock.now())
    const changed = !sameState(state, this.#state)
    if (changed) this.#state = state
    for (const watcher of [...this.#watchers]) watcher()
    if (!changed) return
    for (const listener of [...this.#listeners]) {
      try {
        listener(state)
      } catch (error) {
        queueMicrotask(() => { throw error }) // the application's fault, reported as such
      }
    }
  }

  close(): void {
    this.#channel?.close()
    this.#listeners.clear()
    this.#watchers.clear()
  }

  #readMark(): void {
    const epoch = this.#env.marks?.read() ?? 0
    if (epoch > this.#session.epoch) this.adopt({ ...nobody, epoch, ended: 'SIGNED_OUT', clock: this.#session.clock })
  }

  async #persist(session: Session): Promise<Session> {
    const kept = (s: Session) => (this.#env.keepsToken ? s : withoutValue(s))
    const change = (text: string | null) => encodeSession(kept(merge(decodeSession(text) ?? nobody, session)))
    const update = new Promise<string>((resolve) => resolve(this.#env.storage.update(change)))
    const text = await within(this.#env.clock, storagePatience, update).catch(() => null)
    return decodeSession(text) ?? nobody
  }

  #hear(message: TabMessage): void {
    switch (message.kind) {
      case 'hello': return this.#session.epoch > 0 || this.#activity !== null ? this.say() : undefined
      case 'need': return this.#onNeed(message.epoch, message.serial)
      case 'state': return this.#hearState(message)
    }
  }

  #hearState({ from, session, activity }: Extract<TabMessage, { kind: 'state' }>): void {
    const before = this.#session
    this.adopt(session)
    const { by } = this.#activity ?? {}
    if (activity !== null && session.epoch === this.#session.epoch) this.#activity = activity
    else if (by === from) this.#activity = null
    if (activity !== null || by === from) this.refreshState()
    if (merge(session, this.#session) !== session) this.say() // it is behind
    // The tab of the logout may be gone before it could store it.
    if (this.#session.ended !== null && this.#session.epoch > before.epoch) void this.#persist(this.#session)
  }
}
