import { isError, isOk, isWarning, readAuthMessage, type AuthError, type AuthOk, type AuthWarning } from './messages.js'

/** What became of an incoming message, in the order in which it is to be acted on. */
export type Taken =
  | { kind: 'data'; message: MessageEvent }
  | { kind: 'ok'; ok: AuthOk }
  | { kind: 'warning'; warning: AuthWarning }
  | { kind: 'error'; error: AuthError }
  | { kind: 'plain' }

/**
 * Tells Syncward's messages from the application's on one connection.
 *
 * - `greeting`: nothing but an `auth.ok` with its channel has come, and may come
 * - `auth`: it has come; what repeats its channel is Syncward's, all else is data
 * - `plain`: something else came first, or nothing in time: all is data
 *
 * An upstream may relay what another user wrote, so that neither a type nor a
 * channel that was not told first proves anything.
 */
export class Inbox {
  phase: 'greeting' | 'auth' | 'plain' = 'greeting'
  #channel = ''
  /** An `auth.error` that came first: Syncward's if a close follows, else data. */
  #held: { error: AuthError; message: MessageEvent } | null = null

  /** The refusal that the close which comes now belongs to. */
  get refusal(): AuthError | null {
    return this.#held?.error ?? null
  }

  take(message: MessageEvent): Taken[] {
    const auth = this.phase === 'plain' ? null : readAuthMessage(message.data)
    if (this.phase === 'greeting') {
      if (auth !== null && isOk(auth)) {
        this.phase = 'auth'
        this.#channel = auth.channel
        return [...this.#release(), { kind: 'ok', ok: auth }]
      }
      if (auth !== null && isError(auth) && auth.channel === undefined && this.#held === null) {
        this.#held = { error: auth, message }
        return []
      }
      return [...this.silence(), { kind: 'data', message }]
    }
    if (auth === null || auth.channel !== this.#channel) return [{ kind: 'data', message }]
    if (isOk(auth)) return [{ kind: 'ok', ok: auth }]
    if (isWarning(auth)) return [{ kind: 'warning', warning: auth }]
    if (isError(auth)) return [{ kind: 'error', error: auth }]
    return [] // ours, and of a later version
  }

  /** There is no Syncward here: it would have spoken. */
  silence(): Taken[] {
    if (this.phase !== 'greeting') return []
    this.phase = 'plain'
    return [{ kind: 'plain' }, ...this.#release()]
  }

  #release(): Taken[] {
    const held = this.#held
    this.#held = null
    return held === null ? [] : [{ kind: 'data', message: held.message }]
  }
}
