type Handler<E> = ((event: E) => void) | null

/**
 * One dial, which asks for a subprotocol where that can be had. A browser
 * refuses a server that selects none of those offered, as servers without
 * Syncward do, and hides why: so a dial that fails is made once more without.
 * It has of a WebSocket what a connection of ours uses.
 */
class Dial {
  onopen: Handler<Event> = null
  onmessage: Handler<MessageEvent> = null
  onclose: Handler<CloseEvent> = null
  #ws: WebSocket
  #binaryType: BinaryType = 'blob'
  #closed = false

  constructor(native: typeof WebSocket, url: string, protocols: string[]) {
    this.#ws = this.#open(native, url, protocols)
  }

  get readyState(): number { return this.#ws.readyState }
  get protocol(): string { return this.#ws.protocol }
  get extensions(): string { return this.#ws.extensions }
  get bufferedAmount(): number { return this.#ws.bufferedAmount }
  get binaryType(): BinaryType { return this.#binaryType }
  set binaryType(type: BinaryType) {
    this.#binaryType = this.#ws.binaryType = type
  }

  send(data: string): void {
    this.#ws.send(data)
  }

  close(code?: number, reason?: string): void {
    this.#closed = true
    this.#ws.close(code, reason)
  }

  #open(native: typeof WebSocket, url: string, protocols: string[]): WebSocket {
    const ws = new native(url, protocols)
    let opened = false
    ws.onopen = (event) => {
      opened = true
      this.onopen?.(event)
    }
    ws.onmessage = (event) => this.onmessage?.(event)
    ws.onclose = (event) => {
      if (opened || this.#closed || protocols.length === 0) return this.onclose?.(event)
      this.#ws = this.#open(native, url, [])
      this.#ws.binaryType = this.#binaryType
    }
    return ws
  }
}

/** A constructor of such dials. */
export function dialsWith(native: typeof WebSocket): typeof WebSocket {
  return class extends Dial {
    constructor(url: string, protocols: string[]) {
      super(native, url, protocols)
    }
  } as unknown as typeof WebSocket
}
