import { afterRefusal } from '../codes.js'
import type { Clock } from '../clock.js'
import type { Accepted, AfterRefusal, AuthErrorCode } from '../types.js'
import type { Keeper } from './keeper.js'
import type { Session } from './session.js'

// How many of the tokens that were handed out are remembered, to tell whose a
// verdict is.
const remembered = 16
// By how much the server's clock must differ from what was known to be news, in ms.
const noticeable = 1_000

interface Place { epoch: number; serial: number }

/** Turns what the server says of a token into what is done about the session. */
export class Verdicts {
  readonly #handed = new Map<string, Place>()
  // The token that was refused last; one newer than that is needed.
  #refused: Place | null = null
  // The token that was TOKEN_INVALID; if one newer than that is too, log in.
  #suspect: Place | null = null
  readonly #keeper: Keeper
  readonly #clock: Clock

  constructor(keeper: Keeper, clock: Clock) {
    this.#keeper = keeper
    this.#clock = clock
  }

  /** Remembers that a token was handed out, and returns it. */
  handOut(): string | null {
    const { epoch, ended, token } = this.#keeper.session
    const value = ended === null ? token?.value ?? null : null
    if (value !== null && token !== null) {
      this.#handed.delete(value)
      this.#handed.set(value, { epoch, serial: token.serial })
      for (const oldest of this.#handed.keys()) {
        if (this.#handed.size > remembered) this.#handed.delete(oldest)
      }
    }
    return value
  }

  /** Whether the server has refused the token that the session has. */
  get spent(): boolean {
    return this.#refused !== null && this.#covers(this.#refused)
  }

  /** `auth.ok`. True if the token wants to be refreshed. */
  accepted(ok: Accepted, token: string | null | undefined): boolean {
    const { session } = this.#keeper
    const place = this.#placeOf(token)
    const mine = place !== null && place.epoch === session.epoch && ok.status !== 'anonymous' && session.ended === null
    const offset = ok.serverTime - this.#clock.now()
    const news = Math.abs(offset - (session.clock?.offset ?? Infinity)) > noticeable
    const clock = news ? { offset, at: this.#clock.now() } : session.clock
    const next: Session = mine && session.token !== null
      ? { ...session, clock, named: ok.userId, token: { ...session.token, expiresAt: session.token.expiresAt ?? ok.expiresAt } }
      : { ...session, clock }
    void this.#keeper.announce(next)
    if (!mine || !this.#covers(place)) return false
    this.#suspect = null
    if (ok.status === 'grace') this.#refused = place
    return ok.status === 'grace'
  }

  /** A refusal. What to do next; `canRefresh`: whether a newer token can be had at all. */
  refused(code: AuthErrorCode, token: string | null | undefined, canRefresh: boolean): AfterRefusal {
    const next = afterRefusal(code)
    if (next !== 'refresh' && next !== 'sign-out') return next
    const { session } = this.#keeper
    if (session.ended !== null) return 'login'
    const place = this.#placeOf(token)
    if (place !== null && !this.#covers(place)) return 'refresh' // there is another by now: let that one be judged
    if (next === 'sign-out') {
      void this.#keeper.end(code, session.epoch)
      return next
    }
    if (!canRefresh) return 'login'
    if (place === null) return 'refresh' // none was sent
    return code === 'TOKEN_INVALID' ? this.#invalid(place) : this.#again(place)
  }

  #invalid(place: Place): AfterRefusal {
    const suspect = this.#suspect
    if (suspect === null || suspect.epoch !== place.epoch || suspect.serial >= place.serial) {
      this.#suspect = place
      return this.#again(place)
    }
    void this.#keeper.end('TOKEN_INVALID', place.epoch)
    return 'login'
  }

  #again(place: Place): AfterRefusal {
    this.#refused = place
    return 'refresh'
  }

  // Whether the session's token is that one, or one before it.
  #covers({ epoch, serial }: Place): boolean {
    const { session } = this.#keeper
    return session.epoch === epoch && session.token !== null && session.token.serial <= serial
  }

  // Whose the token was; null: nobody's. Not told, it was the session's.
  #placeOf(token: string | null | undefined): Place | null {
    const { epoch, token: own } = this.#keeper.session
    if (token === null || token === '') return null
    if (token === undefined || token === own?.value) return own === null ? null : { epoch, serial: own.serial }
    return this.#handed.get(token) ?? { epoch: -1, serial: -1 }
  }
}
