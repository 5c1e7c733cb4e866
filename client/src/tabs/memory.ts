import { merge, nobody, type Session } from '../auth/session.js'
import type { Channel, OpenChannel, TabMessage } from './messages.js'

/**
 * Remembers the session for tabs that come later, and tells one that is behind.
 * It knows the token, as every tab does, and hands it to nobody else.
 */
export class Memory {
  #session: Session = nobody
  readonly #me: string
  readonly #channel: Channel

  constructor(me: string, open: OpenChannel) {
    this.#me = me
    this.#channel = open((message) => this.#hear(message))
    this.#channel.send({ kind: 'hello', from: me })
  }

  #hear(message: TabMessage): void {
    if (message.kind === 'hello') return this.#say()
    if (message.kind !== 'state') return
    this.#session = merge(this.#session, message.session)
    if (merge(message.session, this.#session) !== message.session) this.#say()
  }

  #say(): void {
    if (this.#session.epoch > 0) this.#channel.send({ kind: 'state', from: this.#me, session: this.#session, activity: null })
  }
}
