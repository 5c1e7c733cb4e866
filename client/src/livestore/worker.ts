/**
 * For LiveStore's worker: a sync backend that gives each new connection a fresh
 * token and keeps that fresh, without the store noticing.
 *
 * @packageDocumentation
 */
import { makeWsSync } from '@livestore/sync-cf/client'
import { createSyncAuth } from '../create-sync-auth.js'
import { segments } from '../socket/firstframe.js'
import type { SyncAuth } from '../types.js'
import { isDialOf, socketURL } from './address.js'
import { installWebSocket } from './install.js'
import { Owner } from './owner.js'
import { broadcastStatus, type Tell } from './status.js'
import type { Store } from './store.js'
import { serverStoreId } from './store-id.js'
import { StoreSocket } from './store-socket.js'

export type { StoreState, StoreStatus } from './status.js'

/** What syncwardSync takes: what LiveStore's own makeWsSync takes, and this. */
export interface SyncwardSyncOptions extends Omit<Parameters<typeof makeWsSync>[0], 'webSocketFactory'> {
  /**
   * The `name` of the tabs' createSyncAuth: the worker gets its tokens from them.
   *
   * @default 'default'
   */
  name?: string
  /**
   * Whose tokens are used, where the store lives in no worker: Node, say.
   *
   * @default what the tabs have
   */
  auth?: SyncAuth
  /**
   * JSON Pointer of the token in the sync payload: the server's `TOKEN_FIELD`.
   *
   * @default '/authToken'
   */
  tokenField?: string
  /**
   * What the store does while nobody is logged in: `wait`, or `connect` without a
   * token, for servers that admit that. After a log-out it always waits.
   *
   * @default 'wait'
   */
  anonymous?: 'wait' | 'connect'
  /**
   * Whether a log-out is told to the server, which then ends all of the user's
   * sessions, on all devices.
   *
   * @default true
   */
  logout?: boolean
  /**
   * Is told how each store stands; pages have `watchStore`.
   *
   * @default nothing is done
   */
  onStatus?: Tell
}

/**
 * A sync backend for LiveStore's worker, in place of makeWsSync:
 *
 * ```ts
 * makeWorker({ schema, sync: { backend: syncwardSync({ url: 'wss://sync.example.com' }) } })
 * ```
 *
 * Call it once for each URL, outside of any function. It puts a constructor in
 * place of `globalThis.WebSocket` that makes LiveStore's own connections to that
 * URL, and hands all others on. Throws a TypeError for what is no URL.
 */
export function syncwardSync(options: SyncwardSyncOptions): ReturnType<typeof makeWsSync> {
  const { name = 'default', auth, tokenField = '/authToken', anonymous = 'wait', logout = true, onStatus, ...rest } = options
  const base = socketURL(options.url)
  if (base === null) throw new TypeError('url: no URL')
  const tokenPath = segments(tokenField)
  const session = auth ?? createSyncAuth({ name })
  const tabs = auth === undefined && typeof BroadcastChannel !== 'undefined' ? broadcastStatus(name) : null
  const tell: Tell = (status) => {
    tabs?.(status)
    onStatus?.(status)
  }
  const stores = new Map<string, Store>() // by the server's id
  installWebSocket((dialled, native) => {
    const url = socketURL(dialled)
    const store = url === null ? undefined : stores.get(url.searchParams.get('storeId') ?? '')
    if (url === null || store === undefined || !isDialOf(base, serverStoreId(store.storeId), url)) return null
    return new StoreSocket(url.href, native, store)
  })
  const backend = makeWsSync(rest)
  return ((args: { storeId: string; clientId: string; payload: never }) => {
    const storeId = serverStoreId(args.storeId)
    const known = stores.get(storeId)
    stores.set(storeId, {
      storeId: args.storeId, auth: session, ownsAuth: auth === undefined, tokenPath,
      owner: known?.storeId === args.storeId ? known.owner : Owner.of(name, args.storeId),
      waits: anonymous === 'wait', logout, tell, refusedEpoch: null,
    })
    return backend({ ...args, storeId })
  }) as ReturnType<typeof makeWsSync>
}
