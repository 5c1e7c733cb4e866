import { completeFirstFrame, writeFirstFrame } from './firstframe.js'
import { Inbox, type Taken } from './inbox.js'
import type { AuthError, AuthOk } from './messages.js'
import { subprotocol, type Settings } from './options.js'

/** Who a connection is to the server. A new object for each connection. */
export interface Session {
  /** `auth`: Syncward says so; `plain`: nobody does. */
  readonly mode: 'auth' | 'plain'
  /** As `auth.ok` names the user; null in plain mode. */
  readonly userId: string | null
  readonly connectionId: string | null
  /** The server took this connection for nobody's. Not known in plain mode. */
  readonly anonymous: boolean
}

/** What a WebSocket can send. */
export type Sendable = string | ArrayBufferLike | Blob | ArrayBufferView<ArrayBufferLike>

/** How a connection ended. */
export interface End {
  code: number
  reason: string
  wasClean: boolean
  /** What the server said besides, before it closed. */
  error: AuthError | null
}

/** What comes over a connection. */
export type Told = Exclude<Taken, { kind: 'plain' }>

/** What a connection tells its owner, until `end`, which comes once. */
export interface Owner {
  /** The transport is open; a first frame of our own has been sent. */
  connected(): void
  /** The mode is known; from here on the connection is of use. */
  ready(session: Session, ok: AuthOk | null): void
  taken(taken: Told): void
  ended(end: End): void
}

/** One WebSocket from its dial to its end, with one token. */
export class Connection {
  readonly ws: WebSocket
  session: Session | null = null
  #inbox = new Inbox()
  #begun = false // the first frame has been sent
  #lastError: AuthError | null = null
  #over = false
  #stopTimer: () => void

  /** Dials. `token` is the one that the server gets, and later the one that it has. */
  constructor(private readonly s: Settings, public token: string | null, private readonly owner: Owner) {
    const protocols = s.optIn === 'subprotocol' ? [...s.protocols, subprotocol] : s.protocols
    this.ws = new (s.constructor_())(s.address(token), protocols)
    this.#stopTimer = s.clock.after(s.connectTimeoutMs, () => this.drop(1006, 'TIMEOUT'))
    this.ws.onopen = () => this.#opened()
    this.ws.onmessage = (message: MessageEvent) => this.#act(this.#inbox.take(message))
    this.ws.onclose = ({ code, reason, wasClean }: CloseEvent) => this.#ended({ code, reason, wasClean })
    // Its error event says nothing, and a close always follows.
  }

  /** Sends what the application gave; the first message may take the token along. */
  send(data: Sendable): void {
    if (this.#begun) this.ws.send(data as string) // the DOM's types know each kind, but not their union
    else this.#begin(typeof data === 'string' ? completeFirstFrame(data, this.#firstFrame()) : data)
  }

  /** Sends a newer token. */
  refresh(token: string): void {
    this.token = token
    this.ws.send(JSON.stringify({ type: 'auth.refresh', authToken: token }))
  }

  /** Says that the user has logged out. */
  logout(): void {
    if (this.session?.mode === 'auth') this.ws.send(JSON.stringify({ type: 'auth.logout' }))
  }

  /** Closes it as the application asks; its end is told when the server has answered. */
  close(code?: number, reason?: string): void {
    this.ws.close(code, reason)
  }

  /** Lets go of it now, for a fault of its own: that is its end. */
  drop(code: number, reason: string): void {
    this.#letGo()
    this.#ended({ code, reason, wasClean: false })
  }

  /** Lets go of it now; its owner hears no more of it. */
  abandon(): void {
    this.#over = true
    this.#stopTimer()
    this.#letGo()
  }

  #letGo(): void {
    this.ws.onopen = this.ws.onmessage = this.ws.onclose = null
    this.ws.close(1000)
  }

  #opened(): void {
    this.#stopTimer()
    this.owner.connected()
    if (this.s.addressed) this.#listen()
    else if (this.s.init !== null) this.#begin(writeFirstFrame(this.s.init(), this.#firstFrame()))
  }

  #begin(frame: Sendable): void {
    this.#begun = true
    this.ws.send(frame as string)
    this.#await()
  }

  /** Without a first frame: Syncward's messages were asked for in the handshake, whose answer tells whether there are any. */
  #listen(): void {
    this.#begun = true
    if (this.ws.protocol === subprotocol) this.#await()
    else this.#act(this.#inbox.silence())
  }

  #await(): void {
    this.#stopTimer = this.s.clock.after(this.s.greetingMs, () => this.#act(this.#inbox.silence()))
  }

  #firstFrame() {
    return { token: this.token, tokenField: this.s.tokenField, optIn: this.s.optIn === 'frame' }
  }

  #act(all: readonly Taken[]): void {
    for (const taken of all) {
      if (this.#over) return // dropped by who was told of the one before
      if (taken.kind === 'plain') this.#ready({ mode: 'plain', userId: null, connectionId: null, anonymous: false }, null)
      else if (taken.kind === 'ok' && this.session === null) this.#ready(sessionOf(taken.ok), taken.ok)
      else {
        if (taken.kind === 'error') this.#lastError = taken.error
        this.owner.taken(taken)
      }
    }
  }

  #ready(session: Session, ok: AuthOk | null): void {
    this.#stopTimer()
    this.session = session
    this.owner.ready(session, ok)
  }

  #ended(end: { code: number; reason: string; wasClean: boolean }): void {
    if (this.#over) return
    this.#over = true
    this.#stopTimer()
    const error = this.#inbox.refusal ?? this.#lastError
    // An error counts for this close only if it names the same thing.
    this.owner.ended({ ...end, error: error?.code === end.reason ? error : null })
  }
}

function sessionOf(ok: AuthOk): Session {
  return { mode: 'auth', userId: ok.userId, connectionId: ok.connectionId, anonymous: ok.status === 'anonymous' }
}
