import { IdentityError } from './errors.js'
import { decode, decodeText, readObject, readString } from './strict.js'

/** What `typ` says of every assertion. */
const type = 'sync-identity+jwt'

/** The closed list (RFC 7518 §3.1, RFC 8037 §3.1); each belongs to one kind of key. */
export const algorithms = ['EdDSA', 'ES256', 'HS256'] as const
/** One of them. */
export type Algorithm = typeof algorithms[number]

// Fits what servers grant to a request's headers; see the Go package.
const longest = 14 * 1024

/** A compact JWS taken apart (RFC 7515 §7.1), nothing of it believed. */
export interface Token {
  alg: Algorithm
  kid: string
  /** What the signature is over. */
  input: Uint8Array<ArrayBuffer>
  signature: Uint8Array<ArrayBuffer>
  /** JSON, as text. */
  claims: string | null
}

/** Takes an assertion apart; throws IdentityError where it is not in its one strict spelling. */
export function parseToken(text: string): Token {
  const [head, claims, signature, ...more] = text.length > longest ? [] : text.split('.', 4)
  if (head === undefined || claims === undefined || signature === undefined || more.length > 0) throw new IdentityError('malformed')
  const [headBytes, claimBytes, signatureBytes] = [decode(head), decode(claims), decode(signature)]
  if (headBytes === null || claimBytes === null || signatureBytes === null) throw new IdentityError('malformed')
  return {
    ...readHead(headBytes),
    input: new TextEncoder().encode(`${head}.${claims}`) as Uint8Array<ArrayBuffer>,
    claims: decodeText(claimBytes),
    signature: signatureBytes,
  }
}

/**
 * Allows alg, kid and typ and nothing else: crit and b64 change what the
 * signature means, jwk, jku, x5c and x5u offer the sender's own key.
 */
function readHead(bytes: Uint8Array): { alg: Algorithm; kid: string } {
  const members = readObject(decodeText(bytes) ?? '')
  if (members === null) throw new IdentityError('malformed')
  for (const name of members.keys()) {
    if (name !== 'alg' && name !== 'kid' && name !== 'typ') throw new IdentityError('parameter')
  }
  const text = (name: string) => (members.has(name) ? readString(members.get(name)) : '')
  const [typ, alg, kid] = [text('typ'), text('alg'), text('kid')]
  if (typ === null || alg === null || kid === null) throw new IdentityError('malformed')
  if (typ !== type) throw new IdentityError('type')
  const known = algorithms.find((a) => a === alg)
  if (known === undefined) throw new IdentityError('algorithm')
  return { alg: known, kid }
}
