// What a socket lives on, held still: time, the network, and who is logged in.
import { SyncSocket } from '../../src/index.js'
import type { Clock } from '../../src/clock.js'
import type { SyncSocketOptions } from '../../src/socket/options.js'
import type { AuthErrorCode, AuthState, SignOutOptions, SyncAuth } from '../../src/types.js'

/** Lets everything go on that waits for nothing but its turn. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 20; i++) await Promise.resolve()
}

/** A clock that stands until it is advanced. */
export class FakeClock implements Clock {
  time = 1_800_000_000_000
  chance = 0.5
  #timers: { at: number; callback: () => void }[] = []

  now = (): number => this.time

  after(ms: number, callback: () => void): () => void {
    const timer = { at: this.time + ms, callback }
    this.#timers.push(timer)
    return () => { this.#timers = this.#timers.filter((t) => t !== timer) }
  }

  /** Runs what falls due within ms, in order. */
  async advance(ms: number, rest: () => Promise<void> = settle): Promise<void> {
    const end = this.time + ms
    await rest()
    for (;;) {
      const next = this.#timers.filter((t) => t.at <= end).sort((a, b) => a.at - b.at)[0]
      if (next === undefined) break
      this.#timers = this.#timers.filter((t) => t !== next)
      this.time = Math.max(this.time, next.at)
      next.callback()
      await rest()
    }
    this.time = end
  }
}

/** One dialled connection, of which the test is the server. */
export class FakeWebSocket {
  static dialled: FakeWebSocket[] = []
  readyState = 0
  binaryType = 'blob'
  bufferedAmount = 0
  extensions = ''
  protocol = ''
  sent: unknown[] = []
  closedWith: { code?: number | undefined; reason?: string | undefined } | null = null
  onopen: (() => void) | null = null
  onmessage: ((e: MessageEvent) => void) | null = null
  onclose: ((e: { code: number; reason: string; wasClean: boolean }) => void) | null = null

  constructor(readonly url: string, readonly protocols: string[]) {
    FakeWebSocket.dialled.push(this)
  }

  send(data: unknown): void {
    if (this.readyState === 0) throw new DOMException('not yet', 'InvalidStateError')
    if (this.readyState === 1) this.sent.push(data)
  }

  close(code?: number, reason?: string): void {
    this.closedWith ??= { code, reason }
    if (this.readyState < 2) this.readyState = 2
  }

  // The server's side.

  open(): void {
    this.readyState = 1
    this.onopen?.()
  }

  says(message: unknown): void {
    if (this.readyState === 1) this.onmessage?.(new MessageEvent('message', { data: typeof message === 'string' ? message : JSON.stringify(message) }))
  }

  ends(code: number, reason = ''): void {
    this.readyState = 3
    this.onclose?.({ code, reason, wasClean: code !== 1006 })
  }

  /** What was sent, parsed. */
  get frames(): Record<string, unknown>[] {
    return this.sent.map((s) => JSON.parse(String(s)) as Record<string, unknown>)
  }
}

/** Who is logged in, and what a refresh brings. */
export class FakeAuth implements SyncAuth {
  state: AuthState = { status: 'authenticated', userId: 'alice', expiresAt: 1, epoch: 1, error: null }
  token: string | null = 'a1'
  /** What a refresh brings; undefined: nothing can be reached. */
  next: string | undefined = undefined
  answer: ReturnType<SyncAuth['reportRefused']> = 'refresh'
  log: string[] = []
  #spent = false // the token was refused, or is in grace
  #listeners = new Set<(s: AuthState) => void>()
  #hooks = new Set<(options: SignOutOptions) => void | Promise<void>>()
  /** Holds back getToken until it resolves. */
  gate: Promise<void> = Promise.resolve()

  subscribe(listener: (state: AuthState) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  change(change: Partial<AuthState>): void {
    this.state = { ...this.state, ...change }
    for (const listener of this.#listeners) listener(this.state)
  }

  async getToken({ forceRefresh = false }: { forceRefresh?: boolean; signal?: AbortSignal } = {}): Promise<string | null> {
    this.log.push(forceRefresh ? 'forced' : 'token')
    await this.gate
    if ((forceRefresh || this.#spent) && this.next !== undefined) this.token = this.next
    this.#spent = false
    return this.token
  }

  reportAccepted(ok: { userId: string; status: string }, token?: string | null): void {
    this.log.push(`accepted ${ok.userId} with ${token}`)
    this.#spent = ok.status === 'grace'
    if (ok.status !== 'anonymous') this.change({ userId: ok.userId })
  }

  reportRefused(code: AuthErrorCode, token?: string | null): ReturnType<SyncAuth['reportRefused']> {
    this.log.push(`refused ${code} with ${token}`)
    this.#spent = true
    return this.answer
  }

  async signIn(token: string, userId = 'bob'): Promise<void> {
    this.token = token
    this.change({ status: 'authenticated', userId, epoch: this.state.epoch + 1, error: null })
  }

  async signOut(options: SignOutOptions = {}): Promise<void> {
    const calls = [...this.#hooks].map((hook) => hook(options))
    this.token = null
    this.change({ status: 'signed-out', userId: null, epoch: this.state.epoch + 1, error: null })
    await Promise.all(calls)
  }

  onSignOut(hook: (options: SignOutOptions) => void | Promise<void>): () => void {
    this.#hooks.add(hook)
    return () => this.#hooks.delete(hook)
  }

  close(): void {}
}

export const channel = 'c'.repeat(22)

/** Syncward's welcome. */
export function ok(change: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    type: 'auth.ok', channel, userId: 'alice', connectionId: 'k1', status: 'valid',
    expiresAt: 1_800_000_900_000, graceEndsAt: 1_800_001_000_000, serverTime: 1_800_000_000_000, ...change,
  }
}

/** A socket, and all that it lives on; `log` is what the application sees. */
export function stage(options: Partial<SyncSocketOptions> = {}) {
  FakeWebSocket.dialled = []
  const clock = new FakeClock()
  const auth = new FakeAuth()
  const socket = new SyncSocket('ws://sync.test/', {
    auth, clock, random: () => clock.chance, instanceId: 'i1', WebSocket: FakeWebSocket as unknown as typeof WebSocket, ...options,
  })
  const log: string[] = []
  for (const type of ['open', 'error', 'session'] as const) socket.addEventListener(type, () => log.push(type))
  socket.addEventListener('message', ({ data }) => log.push(`message ${String(data)}`))
  socket.addEventListener('disconnect', ({ detail }) => log.push(`lost ${detail.code} ${detail.reason} -> ${detail.next} ${detail.delayMs}`))
  socket.addEventListener('close', ({ code, reason }) => log.push(`close ${code} ${reason}`))
  for (const type of ['auth.ok', 'auth.warning', 'auth.error'] as const) socket.addEventListener(type, ({ detail }) => log.push(`${type} ${'code' in detail ? detail.code : detail.userId}`))
  return {
    clock, auth, socket, log,
    get all() { return FakeWebSocket.dialled },
    /** The newest connection. */
    get ws(): FakeWebSocket {
      const last = FakeWebSocket.dialled.at(-1)
      if (last === undefined) throw new Error('nothing was dialled')
      return last
    },
    /** Dials and is welcomed. */
    async welcome(change: Record<string, unknown> = {}) {
      await settle()
      this.ws.open()
      this.ws.says(ok(change))
      await settle()
      log.length = 0
      return this.ws
    },
  }
}
