import { IdentityError } from './errors.js'
import { BadJwks, importJwks, largestJwks, type VerifyKey } from './keys.js'

/** How keys are fetched. */
export interface FetchSettings {
  url: string
  fetch: typeof fetch
  now: () => number
  timeoutMs: number
  maxAgeMs: number
  maxStaleMs: number
  coolDownMs: number
}

/** Between looks at whether a fetch that another request began has ended, in ms. */
const lookAgain = 20

/**
 * Keys from a URL: kept, looked up anew when they are old or lack a kid, and
 * never more often than the cool-down allows, whatever kids are sent.
 *
 * Requests that need the same fetch wait for it by looking, not by awaiting its
 * promise: in Workers a promise belongs to the request that made it, and may die
 * with it. A fetch that has not ended in time counts as lost.
 */
export class JwksUrl {
  #keys: readonly VerifyKey[] | null = null
  #fetchedAt = -Infinity
  #triedAt = -Infinity
  #busyUntil = -Infinity

  constructor(private readonly s: FetchSettings) {}

  /** Keys that hold `kid`, if they can be had; throws IdentityError `unavailable` where nobody can tell. */
  async get(kid: string): Promise<readonly VerifyKey[]> {
    const { now, maxAgeMs, coolDownMs } = this.s
    if (this.#knows(kid) && now() < this.#fetchedAt + maxAgeMs) return this.#keys ?? []
    if (now() < this.#busyUntil) {
      // What is there serves meanwhile.
      if (this.#knows(kid)) return this.#current()
      while (now() < this.#busyUntil) await new Promise((resolve) => setTimeout(resolve, lookAgain))
      if (this.#knows(kid)) return this.#current()
    }
    if (now() >= this.#triedAt + coolDownMs) {
      if (await this.#fetch()) return this.#current()
    }
    if (this.#knows(kid)) return this.#current()
    throw new IdentityError('unavailable')
  }

  #knows(kid: string): boolean {
    return this.#keys?.some((key) => key.kid === kid) ?? false
  }

  #current(): readonly VerifyKey[] {
    if (this.#keys === null || this.s.now() >= this.#fetchedAt + this.s.maxStaleMs) throw new IdentityError('unavailable')
    return this.#keys
  }

  async #fetch(): Promise<boolean> {
    const mine = this.#busyUntil = this.s.now() + this.s.timeoutMs
    this.#triedAt = this.s.now()
    const abort = new AbortController()
    const timer = setTimeout(() => abort.abort(), this.s.timeoutMs)
    try {
      // fetch is called as a function: as a method of ours, Workers refuse it.
      const { fetch, url } = this.s
      const answer = await fetch(url, { signal: abort.signal, redirect: 'manual', headers: { Accept: 'application/json' } })
      if (!answer.ok) throw new BadJwks(`HTTP ${answer.status}`)
      this.#keys = await importJwks(await readBounded(answer))
      this.#fetchedAt = this.s.now()
      return true
    } catch {
      return false // whatever it was: what was had before stays, until it is too old
    } finally {
      clearTimeout(timer)
      if (this.#busyUntil === mine) this.#busyUntil = -Infinity
    }
  }
}

/** A body's text, given up when it is larger than any JWK set. */
async function readBounded(answer: Response): Promise<string> {
  const reader = answer.body?.getReader()
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  let text = ''
  let size = 0
  for (;;) {
    const { done, value } = await reader?.read() ?? { done: true, value: undefined }
    if (done) return text + decoder.decode()
    size += value.length
    if (size > largestJwks) {
      void reader?.cancel()
      throw new BadJwks('too large')
    }
    text += decoder.decode(value, { stream: true })
  }
}
