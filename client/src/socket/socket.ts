import { closeEvent, type SyncSocketEventMap } from './events.js'
import { Driver, type Lost } from './driver.js'
import type { Sendable, Session, Told } from './connection.js'
import type { AuthOk } from './messages.js'
import { settings, type SocketAddress, subprotocol, type SyncSocketOptions } from './options.js'

const CONNECTING = 0
const OPEN = 1
const CLOSING = 2
const CLOSED = 3

// The typed forms of EventTarget's methods.
export interface SyncSocket {
  addEventListener<K extends keyof SyncSocketEventMap>(
    type: K, listener: (this: SyncSocket, event: SyncSocketEventMap[K]) => void, options?: boolean | AddEventListenerOptions): void
  addEventListener(type: string, listener: EventListenerOrEventListenerObject | null, options?: boolean | AddEventListenerOptions): void
  removeEventListener<K extends keyof SyncSocketEventMap>(
    type: K, listener: (this: SyncSocket, event: SyncSocketEventMap[K]) => void, options?: boolean | EventListenerOptions): void
  removeEventListener(type: string, listener: EventListenerOrEventListenerObject | null, options?: boolean | EventListenerOptions): void
}

/**
 * A `WebSocket` that is always connected as whoever is logged in.
 *
 * It sends the first frame with the token, keeps the token fresh on the open
 * socket, comes back when it is lost, and closes and opens anew when another user
 * logs in. Against a server without Syncward it is a `WebSocket` that reconnects.
 *
 * Events: `open` each time it can be used, `message`, `disconnect` each time a
 * connection is lost, `close` once, when it does not come back (so that nothing
 * follows it, as a `WebSocket` promises); and what Syncward says, as `auth.ok`,
 * `auth.warning`, `auth.error`. While it is not connected `readyState` is
 * CONNECTING and `send` throws, as a `WebSocket` does: it keeps nothing back, so
 * nothing of one user is ever sent as another. Whoever wants that, wants a queue.
 */
export class SyncSocket extends EventTarget implements WebSocket {
  static readonly CONNECTING = CONNECTING
  static readonly OPEN = OPEN
  static readonly CLOSING = CLOSING
  static readonly CLOSED = CLOSED
  readonly CONNECTING = CONNECTING
  readonly OPEN = OPEN
  readonly CLOSING = CLOSING
  readonly CLOSED = CLOSED

  readonly url: string
  onopen: ((this: WebSocket, event: Event) => unknown) | null = null
  onmessage: ((this: WebSocket, event: MessageEvent) => unknown) | null = null
  onerror: ((this: WebSocket, event: Event) => unknown) | null = null
  onclose: ((this: WebSocket, event: CloseEvent) => unknown) | null = null

  #driver: Driver
  #binaryType: BinaryType = 'blob'
  #opened = false // an open event was dispatched for this connection
  readonly #early: boolean // the application sends the first frame: it needs the socket open before it is judged

  /** Connects to `url` (ws:, wss:, http:, https:, or relative to the page). */
  constructor(url: SocketAddress, options: SyncSocketOptions) {
    super()
    const s = settings(url, options)
    this.url = s.url
    this.#early = s.init === null && !s.addressed
    this.#driver = new Driver(s, {
      connected: () => this.#connected(),
      ready: (session, ok) => this.#ready(session, ok),
      taken: (taken) => this.#taken(taken),
      lost: (lost) => this.#lost(lost),
      closed: (lost) => this.#closed(lost),
    })
  }

  get readyState(): 0 | 1 | 2 | 3 {
    this.#driver.check()
    const { phase } = this.#driver
    if (phase === 'closing') return CLOSING
    if (phase === 'closed') return CLOSED
    return this.#opened && this.#driver.connection?.ws.readyState === OPEN ? OPEN : CONNECTING
  }

  get protocol(): string {
    const chosen = this.#driver.connection?.ws.protocol ?? ''
    return chosen === subprotocol ? '' : chosen
  }

  get extensions(): string {
    return this.#driver.connection?.ws.extensions ?? ''
  }

  get bufferedAmount(): number {
    return this.#driver.connection?.ws.bufferedAmount ?? 0
  }

  get binaryType(): BinaryType {
    return this.#binaryType
  }

  set binaryType(type: BinaryType) {
    this.#binaryType = type
    if (this.#driver.connection !== null) this.#driver.connection.ws.binaryType = type
  }

  /** Who this connection is to the server; null until that is known, and while there is none. A new object for each connection. */
  get session(): Session | null {
    return this.#opened ? this.#driver.session : null
  }

  /** Sends on the open connection, as `WebSocket.send` does: throws while CONNECTING, and does nothing when closed. */
  send(data: Sendable): void {
    const state = this.readyState
    if (state === CONNECTING) throw new DOMException('The socket is not connected.', 'InvalidStateError')
    if (state === OPEN) this.#driver.connection?.send(data)
  }

  /** Closes for good. Codes and reasons as for `WebSocket.close`. */
  close(code?: number, reason?: string): void {
    checkClose(code, reason)
    this.#driver.close(code, reason)
  }

  /** Connects anew, now: also after a close. */
  reconnect(): void {
    this.#driver.connect()
  }

  /** Takes the connection for dead: it is dropped, and made again after a pause. */
  distrust(reason: string): void {
    this.#driver.distrust(reason)
  }

  override dispatchEvent(event: Event): boolean {
    const handler = { open: this.onopen, message: this.onmessage, error: this.onerror, close: this.onclose }[event.type]
    // As a listener, so that what it throws goes where errors of listeners go.
    if (typeof handler === 'function') this.addEventListener(event.type, (e: Event) => (handler as EventListener).call(this, e), { once: true })
    return super.dispatchEvent(event)
  }

  #connected(): void {
    const { connection } = this.#driver
    if (connection !== null) connection.ws.binaryType = this.#binaryType
    if (this.#early) this.#open()
  }

  #open(): void {
    this.#opened = true
    this.dispatchEvent(new Event('open'))
  }

  #ready(session: Session, ok: AuthOk | null): void {
    const opens = !this.#opened
    this.#opened = true
    if (ok !== null) this.dispatchEvent(new CustomEvent('auth.ok', { detail: ok }))
    if (this.#driver.session !== session) return // whoever was told has changed it
    this.dispatchEvent(new CustomEvent('session', { detail: session }))
    if (opens && this.#driver.session === session) this.#open()
  }

  #taken(taken: Told): void {
    switch (taken.kind) {
      case 'data': {
        const { data, origin, lastEventId } = taken.message
        this.dispatchEvent(new MessageEvent('message', { data, origin, lastEventId }))
        return
      }
      case 'ok':
        this.dispatchEvent(new CustomEvent('auth.ok', { detail: taken.ok }))
        return
      case 'warning':
        this.dispatchEvent(new CustomEvent('auth.warning', { detail: taken.warning }))
        return
      case 'error':
        this.dispatchEvent(new CustomEvent('auth.error', { detail: taken.error }))
    }
  }

  #lost(lost: Lost): void {
    this.#opened = false
    this.dispatchEvent(new CustomEvent('disconnect', { detail: lost }))
  }

  #closed(lost: Lost): void {
    this.#opened = false
    if (!lost.wasClean) this.dispatchEvent(new Event('error'))
    this.dispatchEvent(closeEvent(lost))
  }
}

/** What the DOM refuses to close with. */
function checkClose(code: number | undefined, reason: string | undefined): void {
  if (code !== undefined && code !== 1000 && (code < 3000 || code > 4999)) {
    throw new DOMException(`${code} is no code to close with: 1000, or 3000 to 4999`, 'InvalidAccessError')
  }
  if (reason !== undefined && new TextEncoder().encode(reason).length > 123) {
    throw new DOMException('a close reason has 123 bytes at most', 'SyntaxError')
  }
}
