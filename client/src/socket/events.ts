import type { Session } from './connection.js'
import type { Lost } from './driver.js'
import type { AuthError, AuthOk, AuthWarning } from './messages.js'

/** The events of a socket. */
export interface SyncSocketEventMap {
  /** It can be used: after each connection, not only the first. */
  open: Event
  message: MessageEvent
  error: Event
  /** It does not come back. */
  close: CloseEvent
  /** A connection is lost; another one follows. */
  disconnect: CustomEvent<Lost>
  /** It is known who this connection is to the server. */
  session: CustomEvent<Session>
  'auth.ok': CustomEvent<AuthOk>
  'auth.warning': CustomEvent<AuthWarning>
  'auth.error': CustomEvent<AuthError>
}

/** Node before 23 has no CloseEvent. */
class OwnCloseEvent extends Event {
  readonly code: number
  readonly reason: string
  readonly wasClean: boolean

  constructor(type: string, init: CloseEventInit) {
    super(type)
    this.code = init.code ?? 0
    this.reason = init.reason ?? ''
    this.wasClean = init.wasClean ?? false
  }
}

/** A `close` event, of the platform's kind where it has one. */
export function closeEvent({ code, reason, wasClean }: Lost): Event {
  const Kind = typeof CloseEvent === 'undefined' ? OwnCloseEvent : CloseEvent
  return new Kind('close', { code, reason, wasClean })
}
