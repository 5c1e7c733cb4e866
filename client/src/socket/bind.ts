import type { SyncSocketOptions } from './options.js'
import { SyncSocket } from './socket.js'

/** What a library takes in place of `WebSocket`. */
export type SocketConstructor = new (url: string | URL, protocols?: string | string[]) => SyncSocket

/**
 * A constructor for libraries that take one and make their own connections. They
 * reconnect by themselves too, so that these sockets do not, unless `reconnect`
 * says so; the library's first frame is the one that gets the token.
 */
export function socketClass(options: Omit<SyncSocketOptions, 'protocols'>): SocketConstructor {
  return class extends SyncSocket {
    constructor(url: string | URL, protocols: string | string[] = []) {
      super(url, { reconnect: false, ...options, protocols })
    }
  }
}
