/** Makes the socket for an address, or null for one that is none of its business. */
export type Intercept = (url: string | URL, native: typeof WebSocket) => WebSocket | null

/**
 * Puts a constructor in place of `globalThis.WebSocket`, which is where LiveStore
 * looks for it at each dial: its option for one is never read. Everything but the
 * addresses that `intercept` wants goes to the one that was there: constants,
 * subclasses, `instanceof`, other people's sockets. Returns the way back, which
 * does nothing where somebody else has put in another one since.
 */
export function installWebSocket(intercept: Intercept): () => void {
  const native = globalThis.WebSocket
  if (native === undefined) throw new TypeError('there is no WebSocket here (Node before 22 has none)')
  const made = new WeakSet<object>()
  let installed = true
  const ours: typeof WebSocket = new Proxy(native, {
    construct(target, args: [string | URL, (string | string[])?], newTarget): object {
      const socket = installed && newTarget === ours ? intercept(args[0], native) : null
      if (socket === null) return Reflect.construct(target, args, newTarget === ours ? target : newTarget) as object
      made.add(socket)
      return socket
    },
    get(target, name, receiver) {
      if (name !== Symbol.hasInstance) return Reflect.get(target, name, receiver) as unknown
      return (value: unknown) => value instanceof native || (typeof value === 'object' && value !== null && made.has(value))
    },
  })
  globalThis.WebSocket = ours
  return () => {
    installed = false
    if (globalThis.WebSocket === ours) globalThis.WebSocket = native
  }
}
