import { IdentityError } from './errors.js'
import { decode, type Members, readObject, readString, readUnix } from './strict.js'

/** What a verified assertion says. Times are milliseconds since the epoch. */
export interface Claims {
  /** `sub` */
  readonly userId: string
  /** `cid`: a UUIDv7 */
  readonly connectionId: string
  /** `iid`: what the connection is about; may be empty. It travels in no plain header. */
  readonly instanceId: string
  readonly status: 'valid' | 'grace' | 'anonymous'
  /** `uexp`: when the client's own token expires; null where there is none. */
  readonly tokenExpiresAt: number | null
  /** `iss` */
  readonly issuer: string
  /** `aud` */
  readonly audience: string
  /** `mth` */
  readonly method: string
  /** `iat` */
  readonly issuedAt: number
  /** `exp` */
  readonly expiresAt: number
  /** `jti`: fresh for each request that Syncward makes. */
  readonly id: string
  /** `wsk`: null for a plain HTTP request. */
  readonly webSocketKey: string | null
  /** `pth`: base64url SHA-256 of the path and query that Syncward sent. */
  readonly pathHash: string
}

/** No assertion lives longer, in seconds. */
export const lifetime = 60

/** Reads the claims of a token whose signature is right. Unknown ones are ignored, as RFC 7519 §4 asks. */
export function parseClaims(json: string | null): Claims {
  const members = readObject(json ?? '')
  if (members === null) throw new IdentityError('malformed')
  const c = new Reader(members)
  const issuedAt = c.time('iat')
  const expiresAt = c.time('exp')
  c.hold(expiresAt > issuedAt && expiresAt - issuedAt <= lifetime)
  return {
    issuer: c.text('iss'),
    audience: c.text('aud'),
    userId: c.visible('sub', 256),
    connectionId: c.visible('cid', 256),
    instanceId: c.instance(),
    status: c.status(),
    tokenExpiresAt: members.has('uexp') ? c.time('uexp') * 1000 : null,
    method: c.visible('mth', 32),
    issuedAt: issuedAt * 1000,
    expiresAt: expiresAt * 1000,
    id: c.bytes('jti', 16),
    webSocketKey: members.has('wsk') ? c.visible('wsk', 64) : null,
    pathHash: c.bytes('pth', 32),
  }
}

/** Reads claims one by one, holding each to what Syncward would have signed. */
class Reader {
  constructor(private readonly members: Members) {}

  hold(right: boolean): void {
    if (!right) throw new IdentityError('claims')
  }

  text(name: string): string {
    const value = readString(this.members.get(name))
    this.hold(value !== null)
    return value ?? ''
  }

  time(name: string): number {
    const seconds = readUnix(this.members.get(name))
    this.hold(seconds !== null)
    return seconds ?? 0
  }

  /** 1 to `longest` visible ASCII characters. */
  visible(name: string, longest: number): string {
    const value = this.text(name)
    this.hold(value.length <= longest && /^[!-~]+$/.test(value))
    return value
  }

  /** So many bytes in base64url. */
  bytes(name: string, size: number): string {
    const value = this.text(name)
    this.hold(decode(value)?.length === size)
    return value
  }

  instance(): string {
    const value = this.text('iid')
    this.hold(new TextEncoder().encode(value).length <= 1024)
    return value
  }

  status(): Claims['status'] {
    const value = this.text('status')
    this.hold(value === 'valid' || value === 'grace' || value === 'anonymous')
    return value as Claims['status']
  }
}
