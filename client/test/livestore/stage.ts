// A store's sockets on what the tests of sockets hold still.
import { Owner } from '../../src/livestore/owner.js'
import type { StoreStatus } from '../../src/livestore/status.js'
import type { Store } from '../../src/livestore/store.js'
import { StoreSocket } from '../../src/livestore/store-socket.js'
import { volatileStorage } from '../../src/storage/types.js'
import { FakeAuth, FakeWebSocket, ok } from '../socket/fakes.js'

/** Lets all go on that waits for nothing but its turn. */
export const settle = () => new Promise<void>((resolve) => { setTimeout(resolve, 0) })

/** What LiveStore dials, for a payload of the application's. */
export function dialled(payload?: unknown, storeId = 'notes'): string {
  const all = new URLSearchParams({ storeId, ...(payload === undefined ? {} : { payload: encodeURIComponent(JSON.stringify(payload)) }), transport: 'ws' })
  return `ws://sync.test/sync?${all}`
}

/** The payload of a dialled address, as LiveStore's server reads it. */
export function payloadOf(url: string): unknown {
  const payload = new URL(url).searchParams.get('payload')
  return payload === null ? null : JSON.parse(decodeURIComponent(payload))
}

/** A store, and the way to dial it. */
export function stage(change: Partial<Store> = {}) {
  FakeWebSocket.dialled = []
  const auth = new FakeAuth()
  const told: string[] = []
  const store: Store = {
    storeId: 'notes', auth, ownsAuth: true, owner: new Owner(volatileStorage()), tokenPath: ['authToken'], waits: true, logout: true,
    tell: ({ state, reason }: StoreStatus) => told.push(`${state} ${state === 'refused' ? '' : reason}`.trim()), refusedEpoch: null, ...change,
  }
  const dial = (url = dialled()) => {
    const socket = new StoreSocket(url, FakeWebSocket as unknown as typeof WebSocket, store)
    const log: string[] = []
    for (const type of ['open', 'close', 'error'] as const) socket.addEventListener(type, (e) => log.push('code' in e ? `close ${String(e.code)} ${String('reason' in e ? e.reason : '')}`.trim() : type))
    socket.addEventListener('message', ({ data }) => log.push(String(data)))
    return { socket, log }
  }
  return {
    auth, store, told, dial,
    get all() { return FakeWebSocket.dialled },
    get ws(): FakeWebSocket {
      const last = FakeWebSocket.dialled.at(-1)
      if (last === undefined) throw new Error('nothing was dialled')
      return last
    },
    /** The newest dial opens, and Syncward welcomes it. */
    async welcome(how: Record<string, unknown> = {}) {
      await settle()
      this.ws.protocol = 'syncward.v1'
      this.ws.open()
      this.ws.says(ok(how))
      await settle()
    },
  }
}
