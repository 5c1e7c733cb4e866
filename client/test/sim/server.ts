import type { World } from './world.js'
import type { RefreshContext } from '../../src/auth/options.js'

/** A token that says of itself what a test wants to know. Times in seconds. */
export function mint(claims: Record<string, unknown>): string {
  const part = (x: unknown) => Buffer.from(JSON.stringify(x)).toString('base64url')
  return `${part({ alg: 'none' })}.${part(claims)}.signature`
}

export function claimsOf(token: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as Record<string, unknown>
}

export class HTTPError extends Error {
  constructor(readonly status: number) {
    super(`HTTP ${status}`)
  }
}

/**
 * An auth service, and the cookie jar of the one browser that it knows. Its
 * refresh cookie is good for one use, as strict ones are: of two refreshes at
 * once, one is refused.
 */
export class AuthServer {
  /** Seconds. */
  lifetime = 600
  latency: () => number
  reachable = true
  rotates = true
  /** How many refreshes have reached it, and how many it granted. */
  asked = 0
  granted = 0
  /** How many it refused since nobody is logged in, not since a cookie was used twice. */
  refused = 0
  /** Its clock less the world's, in ms. */
  skew = 0
  #user: string | null = null
  #login = 0
  #cookie = 0
  #jar = 0

  constructor(readonly world: World) {
    this.latency = () => 20 + world.draw(100)
  }

  /** Somebody logs in on its page; returns a first token. */
  login(user: string): string {
    this.#user = user
    this.#login++
    this.#jar = ++this.#cookie
    return this.#token()
  }

  logout(): void {
    this.#user = null
  }

  #token(): string {
    const now = Math.floor((this.world.now + this.skew) / 1000)
    return mint({ sub: this.#user, iat: now, exp: now + this.lifetime, login: this.#login, n: ++this.granted })
  }

  /** What an application's `refresh` does in the tab `owner`. */
  refreshFor(owner: string): (context: RefreshContext) => Promise<string | null> {
    return ({ signal }) => new Promise((resolve, reject) => {
      const { world } = this
      const [there, back] = [this.latency(), this.latency()]
      const sent = this.#jar
      const { reachable } = this
      signal.addEventListener('abort', () => reject(signal.reason as Error))
      world.after('network', there, () => {
        if (!reachable) return void world.after(owner, back, () => reject(new TypeError('fetch failed')))
        this.asked++
        if (this.#user === null) this.refused++
        const refused = this.#user === null || (this.rotates && sent !== this.#cookie)
        if (refused) return void world.after(owner, back, () => reject(new HTTPError(401)))
        const cookie = ++this.#cookie
        const token = this.#token()
        world.after('network', back, () => {
          this.#jar = Math.max(this.#jar, cookie) // the browser keeps it, whatever becomes of the tab
          world.after(owner, 0, () => resolve(token))
        })
      })
    })
  }
}
