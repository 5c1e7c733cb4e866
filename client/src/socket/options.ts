import { realClock, type Clock } from '../clock.js'
import type { SyncAuth, SyncPayload } from '../types.js'
import { segments } from './firstframe.js'

/** How a socket comes back. */
export interface ReconnectOptions {
  /**
   * Bound of the first delay, in milliseconds; it doubles with each attempt.
   *
   * @default 1000
   */
  baseMs?: number
  /**
   * Bound of all delays, in milliseconds.
   *
   * @default 30000
   */
  capMs?: number
  /**
   * How long a connection must have lived, in milliseconds, before the next
   * delay is a first one again. What connects and falls at once is no success.
   *
   * @default 5000
   */
  stableMs?: number
}

/** What a socket is told. */
export interface SyncSocketOptions {
  /** Whose token is sent; see `createSyncAuth`. */
  auth: SyncAuth
  /**
   * The first frame, without its token; as a function it is asked for each
   * connection. Without it the application sends its own first frame when the
   * socket opens, and the token is put into that.
   *
   * @default undefined
   */
  init?: SyncPayload | (() => SyncPayload)
  /**
   * Short for `init: { type: 'init', instanceId }`.
   *
   * @default undefined
   */
  instanceId?: string
  /**
   * JSON Pointer of the token in the first frame: the server's `TOKEN_FIELD`.
   *
   * @default '/authToken'
   */
  tokenField?: string
  /**
   * Subprotocols of the application.
   *
   * @default none
   */
  protocols?: string | readonly string[]
  /**
   * How Syncward's messages are asked for. `frame` is a field of the first frame,
   * which other servers ignore. `subprotocol` offers `syncward.v1`, for first
   * frames that are no JSON: a browser refuses a server that then selects none,
   * as old servers do. `none` does without refreshes on the open socket.
   *
   * @default 'frame'
   */
  optIn?: 'frame' | 'subprotocol' | 'none'
  /**
   * Whether the socket connects again by itself, and how. `false` for libraries
   * that do that: then the socket closes for good as a `WebSocket` does.
   *
   * @default {}
   */
  reconnect?: ReconnectOptions | false
  /**
   * What the socket does while nobody is logged in: `connect` without a token,
   * for servers that admit that, or `wait`. After a log-out it always waits.
   *
   * @default 'connect'
   */
  anonymous?: 'connect' | 'wait'
  /**
   * Whether a log-out is told to the server, which then ends all of the user's
   * sessions, on all devices.
   *
   * @default true
   */
  logout?: boolean
  /**
   * How long an `auth.ok` is awaited, in milliseconds, before the server counts
   * as one without Syncward.
   *
   * @default 3000
   */
  greetingMs?: number
  /**
   * How long a connection may take to open, in milliseconds.
   *
   * @default 20000
   */
  connectTimeoutMs?: number
  /**
   * The constructor of the connections.
   *
   * @default globalThis.WebSocket, looked up for each
   */
  WebSocket?: typeof WebSocket
  /**
   * For tests.
   *
   * @default the machine's
   */
  clock?: Clock
  /**
   * Chance, from 0 to below 1, for tests.
   *
   * @default Math.random
   */
  random?: () => number
}

/** The options with their defaults in place. */
export interface Settings {
  /** Without a token. */
  url: string
  /** What is dialled with this token. */
  address: (token: string | null) => string
  /** The token is in the address, and in no frame. */
  addressed: boolean
  auth: SyncAuth
  init: (() => SyncPayload) | null
  tokenField: string
  protocols: string[]
  optIn: 'frame' | 'subprotocol' | 'none'
  reconnect: Required<ReconnectOptions> | null
  anonymous: 'connect' | 'wait'
  logout: boolean
  greetingMs: number
  connectTimeoutMs: number
  constructor_: () => typeof WebSocket
  clock: Clock
  random: () => number
}

/**
 * Where a socket connects to. A function is asked for each connection, and puts
 * the token into the address; no frame gets it then, and `optIn` can only be
 * `subprotocol` or `none`.
 */
export type SocketAddress = string | URL | ((token: string | null) => string | URL)

/** The subprotocol that asks for Syncward's messages; it never reaches the server behind. */
export const subprotocol = 'syncward.v1'

/** Puts the defaults in place; what cannot be meant throws, as `new WebSocket` does. */
export function settings(url: SocketAddress, options: SyncSocketOptions): Settings {
  segments(options.tokenField ?? '/authToken')
  const addressed = typeof url === 'function'
  const plain = absolute(addressed ? url(null) : url)
  if ((options.WebSocket ?? globalThis.WebSocket) === undefined) throw new TypeError('there is no WebSocket here (Node has one from 22 on): give the option WebSocket')
  return {
    url: plain,
    address: (token) => (addressed ? absolute(url(token)) : plain),
    addressed,
    auth: options.auth,
    init: initOf(options),
    tokenField: options.tokenField ?? '/authToken',
    protocols: typeof options.protocols === 'string' ? [options.protocols] : [...(options.protocols ?? [])],
    optIn: options.optIn ?? 'frame',
    reconnect: options.reconnect === false ? null : { baseMs: 1000, capMs: 30_000, stableMs: 5000, ...options.reconnect },
    anonymous: options.anonymous ?? 'connect',
    logout: options.logout ?? true,
    greetingMs: options.greetingMs ?? 3000,
    connectTimeoutMs: options.connectTimeoutMs ?? 20_000,
    constructor_: () => options.WebSocket ?? globalThis.WebSocket,
    clock: options.clock ?? realClock,
    random: options.random ?? Math.random,
  }
}

function initOf({ init, instanceId }: SyncSocketOptions): (() => SyncPayload) | null {
  if (typeof init === 'function') return init
  if (init !== undefined) return () => init
  return instanceId === undefined ? null : () => ({ type: 'init', instanceId })
}

/** As browsers read a WebSocket's URL: relative to the page, http as ws. */
function absolute(url: string | URL): string {
  let parsed: URL
  try {
    parsed = new URL(url, globalThis.location?.href)
  } catch {
    throw new DOMException(`${JSON.stringify(String(url))} is no URL`, 'SyntaxError')
  }
  parsed.protocol = parsed.protocol.replace(/^http/, 'ws')
  if (!/^wss?:$/.test(parsed.protocol)) throw new DOMException(`a WebSocket's URL is ws: or wss:, not ${parsed.protocol}`, 'SyntaxError')
  if (parsed.hash !== '') throw new DOMException("a WebSocket's URL has no fragment", 'SyntaxError')
  return parsed.href
}
