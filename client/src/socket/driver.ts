import { fullJitter } from '../backoff.js'
import type { AfterRefusal, AuthErrorCode, AuthState } from '../types.js'
import { afterClose, type Verdict } from './closes.js'
import { Connection, type End, type Session, type Told } from './connection.js'
import type { AuthOk } from './messages.js'
import type { Settings } from './options.js'
import { Refresher } from './refresher.js'

/** No delay is shorter, in milliseconds, whatever chance says: a socket never loops hot. */
const floorMs = 100

/**
 * Where a socket is:
 * - `asking` for a token, `connecting`, `ready`
 * - `waiting` for the next attempt, or `blocked` until somebody logs in
 * - `closing` as the application asked, `closed` for good
 */
export type Phase = 'asking' | 'connecting' | 'ready' | 'waiting' | 'blocked' | 'closing' | 'closed'

/** A connection that was lost, and what follows. */
export interface Lost {
  code: number
  reason: string
  wasClean: boolean
  /** Syncward's word, where the reason is one. */
  refusal: AuthErrorCode | null
  next: AfterRefusal
  /** Until the next attempt, in milliseconds; null: there is none of its own. */
  delayMs: number | null
}

/** What a driver tells the socket that it drives. */
export interface Out {
  /** The transport is open. */
  connected(): void
  /** The connection is of use; `ok` is what Syncward said, if it is there. */
  ready(session: Session, ok: AuthOk | null): void
  taken(taken: Told): void
  /** A connection is gone; the socket comes back. */
  lost(lost: Lost): void
  /** The socket is closed for good. */
  closed(lost: Lost): void
}

/** Keeps a socket connected as whoever is logged in, and never as anyone else. */
export class Driver {
  phase: Phase = 'waiting'
  connection: Connection | null = null
  #attempt = 0
  #force = false // the next token must be a new one
  #dialledAt = 0
  #notBefore = 0
  #judging = false
  #state: AuthState // under which all that goes on was begun
  #asking: AbortController | null = null
  #refresher: Refresher | null = null
  #cancel: () => void = () => {}
  #unlisten: () => void

  constructor(private readonly s: Settings, private readonly out: Out) {
    this.#state = s.auth.state
    this.#unlisten = this.#listen()
    queueMicrotask(() => { if (this.phase === 'waiting') void this.#dial() }) // the application may listen first
  }

  /** Who the open connection is; null while there is none, or no longer. */
  get session(): Session | null {
    this.check()
    return this.phase === 'ready' ? this.connection?.session ?? null : null
  }

  /** Connects now, also after a stop; what was open is dropped. */
  connect(): void {
    if (this.phase === 'closing') return
    if (this.phase === 'closed') this.#unlisten = this.#listen()
    this.#state = this.s.auth.state
    this.#replace({ ...unasked, reason: 'RECONNECT' })
  }

  /** Drops the open connection as if it had been lost: it is connected again after a pause. */
  distrust(reason: string): void {
    this.connection?.drop(1006, reason)
  }

  /** Closes for good, as `WebSocket.close` does. */
  close(code?: number, reason?: string): void {
    if (this.phase === 'closing' || this.phase === 'closed') return
    this.#pause()
    this.phase = 'closing'
    if (this.connection !== null) return this.connection.close(code, reason)
    queueMicrotask(() => this.#finish({ ...unasked, code: code ?? 1005, reason: reason ?? '', next: 'stop' }))
  }

  /** Looks whether whoever was logged in still is: after each change, and before each use. */
  check(): void {
    const [before, now] = [this.#state, this.s.auth.state]
    if (now === before || this.#judging || this.phase === 'closing' || this.phase === 'closed') return
    this.#state = now
    if (sameUser(before, now, this.connection?.session ?? null)) return this.#renewed(before, now)
    this.#attempt = 0
    this.#force = false
    const over = now.status === 'signed-out' ? { next: 'login' as const, delayMs: null } : {}
    this.#replace({ ...unasked, reason: 'USER_CHANGED', ...over })
  }

  /** The same user, and perhaps a newer token. */
  #renewed(before: AuthState, now: AuthState): void {
    if (this.phase === 'blocked' && (now.status === 'authenticated' || now.status === 'grace')) this.#later(0)
    if (this.phase === 'ready' && now.expiresAt !== before.expiresAt) this.#refresher?.due()
  }

  /** Ends what goes on and connects anew. */
  #replace(lost: Lost): void {
    this.#pause()
    const { connection } = this
    this.connection = null
    this.phase = 'waiting'
    connection?.abandon()
    if (connection !== null) {
      if (this.s.reconnect === null) return this.#finish(lost)
      this.out.lost(lost)
    }
    if (this.phase === 'waiting') void this.#dial()
  }

  async #dial(): Promise<void> {
    this.#pause()
    const { auth, clock } = this.s
    const { status } = this.#state
    if (status === 'signed-out' || (status === 'anonymous' && this.s.anonymous === 'wait')) return this.#block()
    this.phase = 'asking'
    this.#dialledAt = clock.now()
    const asking = this.#asking = new AbortController()
    const token = await auth.getToken({ forceRefresh: this.#force, signal: asking.signal }).catch(() => undefined)
    if (this.#asking === asking) this.check() // the answer may be another user's
    if (this.#asking !== asking) return // superseded
    this.#asking = null
    // Never as nobody while somebody is logged in.
    if (token === undefined || (token === null && auth.state.status !== 'anonymous')) return this.#retry()
    this.#force = false
    this.#open(token)
  }

  #open(token: string | null): void {
    this.phase = 'connecting'
    try {
      this.connection = new Connection(this.s, token, {
        connected: () => this.out.connected(),
        ready: (session, ok) => this.#ready(session, ok),
        taken: (taken) => this.#taken(taken),
        ended: (end) => this.#ended(end),
      })
    } catch (error) { // the constructor of the connections dislikes its arguments: it would again
      this.#finish({ ...unasked, code: 1006, reason: error instanceof Error ? error.name : '', next: 'stop' })
    }
  }

  #ready(session: Session, ok: AuthOk | null): void {
    const { connection } = this
    if (connection === null || this.phase === 'closing') return
    this.phase = 'ready'
    this.#refresher = new Refresher(this.s.auth, this.s.clock, connection)
    this.#cancel = this.s.clock.after(this.s.reconnect?.stableMs ?? 0, () => { this.#attempt = 0 })
    if (ok !== null) this.s.auth.reportAccepted(ok, connection.token)
    this.check()
    if (this.connection === connection) this.out.ready(session, ok)
  }

  #taken(taken: Told): void {
    this.check()
    const { connection } = this
    if (connection === null || this.phase !== 'ready') return // closing, or another user has logged in
    if (taken.kind === 'ok') {
      // One connection is one user's, from its beginning to its end.
      if (taken.ok.userId !== connection.session?.userId) return connection.drop(1006, 'USER_MISMATCH')
      this.#refresher?.accepted()
      this.s.auth.reportAccepted(taken.ok, connection.token)
    }
    if (taken.kind === 'warning') this.#refresher?.due()
    if (taken.kind === 'error') this.#refresher?.refused(taken.error)
    if (this.connection === connection) this.out.taken(taken)
  }

  #ended(end: End): void {
    const { session = null, token = null } = this.connection ?? {}
    this.connection = null
    this.#pause()
    const verdict = afterClose(end.code, end.reason)
    const lost: Lost = { code: end.code, reason: end.reason, wasClean: end.wasClean, refusal: verdict.refusal, next: 'stop', delayMs: null }
    if (this.phase === 'closing') return this.#finish(lost)
    this.phase = 'waiting'
    lost.next = this.#judge(verdict, session, token)
    if (this.s.reconnect === null || lost.next === 'stop') return this.#finish(lost)
    if (lost.next === 'login' || lost.next === 'sign-out') this.#block()
    else lost.delayMs = this.#later(end.error?.retryAfterMs ?? 0)
    this.out.lost(lost)
    this.check() // what was judged may have ended the session
  }

  /** Says what follows a close, and sets about it where that concerns the user. */
  #judge({ refusal, next, ask }: Verdict, session: Session | null, token: string | null): AfterRefusal {
    const { auth } = this.s
    // Admitted while Syncward was off, and it is on again: nobody has looked at the token.
    if (refusal === 'AUTH_REQUIRED' && session?.mode === 'plain') return 'backoff'
    if (refusal !== null && ask) {
      this.#judging = true
      next = auth.reportRefused(refusal, token)
      this.#judging = false
    }
    if (next !== 'refresh') return next
    if (auth.state.status === 'anonymous') return 'login'
    // SyncAuth knows what it said of a word. A server without words may mean
    // anything else: it gets one new token, and then time.
    this.#force = !ask && this.#attempt === 0
    if (this.s.reconnect === null) auth.getToken({ forceRefresh: this.#force }).catch(() => {}) // for the library's next socket
    return next
  }

  #retry(): void {
    if (this.s.reconnect === null) this.#finish({ ...unasked, code: 1006, wasClean: false })
    else this.#later(0)
  }

  /** Comes back after a while; returns that, in milliseconds. */
  #later(retryAfterMs: number): number {
    const { clock, reconnect } = this.s
    if (reconnect === null) return 0
    const delay = retryAfterMs + Math.max(floorMs, fullJitter(++this.#attempt, { base: reconnect.baseMs, cap: reconnect.capMs }, this.s.random))
    this.#notBefore = clock.now() + retryAfterMs
    this.#cancel()
    this.phase = 'waiting'
    this.#cancel = clock.after(delay, () => void this.#dial())
    return delay
  }

  #block(): void {
    this.phase = 'blocked'
    if (this.s.reconnect === null) this.#finish({ ...unasked, code: 4401, reason: 'AUTH_REQUIRED', refusal: 'AUTH_REQUIRED', next: 'login' })
  }

  #listen(): () => void {
    const unsubscribe = this.s.auth.subscribe(() => this.check())
    const unhook = this.s.auth.onSignOut(() => { if (this.s.logout) this.connection?.logout() })
    // The network is back: no use in waiting, unless the server asked for it.
    const online = (): void => {
      if (this.phase !== 'waiting') return
      this.#cancel()
      const wait = Math.max(this.#notBefore, this.#dialledAt + floorMs) - this.s.clock.now()
      this.#cancel = this.s.clock.after(Math.max(0, wait), () => void this.#dial())
    }
    globalThis.addEventListener?.('online', online)
    return () => {
      unsubscribe()
      unhook()
      globalThis.removeEventListener?.('online', online)
    }
  }

  /** Calls off whatever is under way but the connection. */
  #pause(): void {
    this.#cancel()
    this.#refresher?.stop()
    this.#asking?.abort()
    this.#asking = this.#refresher = null
  }

  #finish(lost: Lost): void {
    if (this.phase === 'closed') return
    this.#pause()
    this.#unlisten()
    this.connection = null
    this.phase = 'closed'
    this.out.closed({ ...lost, delayMs: null })
  }
}

/** A loss that no server asked for. */
const unasked: Lost = { code: 1012, reason: '', wasClean: true, refusal: null, next: 'backoff', delayMs: 0 }

/** Whether a change of the auth state leaves the connection to the one it was made for. */
function sameUser(before: AuthState, now: AuthState, session: Session | null): boolean {
  if (before.epoch !== now.epoch || (before.status === 'signed-out') !== (now.status === 'signed-out')) return false
  // The server's name for a user may be another than the token's.
  return now.userId === before.userId || (session?.mode === 'auth' && !session.anonymous && now.userId === session.userId)
}
