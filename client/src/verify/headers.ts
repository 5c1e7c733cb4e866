import type { Claims } from './claims.js'
import { IdentityError } from './errors.js'

/** A request's headers in any of the shapes that servers have them in. */
export type HeadersLike = Pairs | Each | Readonly<Record<string, string | readonly string[] | undefined>>

type Pairs = Iterable<readonly [string, string]>
interface Each { forEach(each: (value: string, name: string) => void): void }

const isIterable = (headers: HeadersLike): headers is Pairs => typeof (headers as Partial<Pairs>)[Symbol.iterator] === 'function'
const hasForEach = (headers: HeadersLike): headers is Each => typeof (headers as Partial<Each>).forEach === 'function'

/** How Syncward is told to spell the identity headers. */
export interface Names {
  /** `IDENTITY_HEADER_PREFIX` */
  prefix: string
  /** `USER_ID_HEADER` */
  userId: string
}

/** The least careful reader's view of a name: CGI-like servers cannot tell X_Sync_User_Id from X-Sync-User-Id. */
function fold(name: string): string {
  return name.toLowerCase().replaceAll('_', '-')
}

/** The identity headers of a request, each with every value that it has, under whatever spelling. */
export class Sightings {
  readonly #names: Names
  readonly #seen = new Map<string, string[]>()
  readonly #socketKeys: string[] = []

  constructor(headers: HeadersLike, names: Names) {
    this.#names = names
    const see = (name: string, value: string) => {
      if (name.toLowerCase() === 'sec-websocket-key') this.#socketKeys.push(value) // no identity header: servers know one spelling
      const values = this.#seen.get(fold(name))
      if (values === undefined) this.#seen.set(fold(name), [value])
      else values.push(value)
    }
    if (isIterable(headers)) for (const [name, value] of headers) see(name, value)
    else if (hasForEach(headers)) headers.forEach((value, name) => see(name, value))
    else for (const [name, values] of Object.entries(headers)) for (const value of [values ?? []].flat()) see(name, value)
  }

  /** The one assertion. Some hops join repeated headers with a comma, which no compact JWS holds: the same repetition. */
  assertion(): string {
    const values = this.#values(`${this.#names.prefix}Assertion`)
    const [value = ''] = values
    if (values.length > 1 || value.includes(',')) throw new IdentityError('headers')
    if (value === '') throw new IdentityError('no_assertion')
    return value
  }

  /** Holds the plain headers to the claims: each once, and the same text. */
  agree(claims: Claims): void {
    const { prefix, userId } = this.#names
    const expires = claims.tokenExpiresAt === null ? null : String(claims.tokenExpiresAt / 1000)
    const wanted: [string, string | null][] = [
      [userId, claims.userId], [`${prefix}Connection-Id`, claims.connectionId],
      [`${prefix}Auth-Status`, claims.status], [`${prefix}Token-Expires`, expires],
    ]
    for (const [name, want] of wanted) {
      const is = this.#values(name)
      const same = want === null ? is.length === 0 : is.length === 1 && is[0] === want
      if (!same) throw new IdentityError('headers')
    }
  }

  /** Whether the request has this `Sec-WebSocket-Key`, or none for null. */
  hasSocketKey(want: string | null): boolean {
    const is = this.#socketKeys
    return want === null ? is.length === 0 : is.length === 1 && is[0] === want
  }

  #values(name: string): readonly string[] {
    return this.#seen.get(fold(name)) ?? []
  }
}
