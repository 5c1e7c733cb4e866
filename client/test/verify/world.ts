// What the tests of the verifier sign and fetch with.
import { readFileSync } from 'node:fs'

interface Vectors {
  keys: Record<string, { kid: string; jwks?: { keys: Record<string, string>[] } }>
  vectors: { name: string; now: number; request: { method: string; target: string; headers: [string, string][] } }[]
}

const file = JSON.parse(readFileSync('../identity/testdata/vectors.json', 'utf8')) as Vectors

/** A good request, signed by the EdDSA key, and when it was. */
export const good = (() => {
  const vector = file.vectors.find(({ name }) => name === 'EdDSA: an upgrade request')
  if (vector === undefined) throw new Error('the vector is gone')
  return { now: vector.now * 1000, method: vector.request.method, url: vector.request.target, headers: vector.request.headers }
})()

/** The set that holds its key, and one that holds another. */
export const jwks = JSON.stringify(file.keys['eddsa']?.jwks)
export const otherJwks = JSON.stringify(file.keys['es256']?.jwks)

export const scope = { issuer: 'syncward', audience: 'sync-upstream' }

/** A source of keys that a test can break, slow down and count. */
export class Source {
  fetches = 0
  body = jwks
  status = 200
  gate: Promise<void> = Promise.resolve()
  fetch = async (_url: unknown, init?: RequestInit): Promise<Response> => {
    this.fetches++
    const { signal } = init ?? {}
    await Promise.race([this.gate, new Promise((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason)))])
    return new Response(this.body, { status: this.status })
  }
}
