import { IdentityError } from './errors.js'
import { decode, encode, readArray, readObject, readString } from './strict.js'
import type { Algorithm, Token } from './token.js'

/** A key that verifies one algorithm. */
export interface VerifyKey {
  readonly alg: Algorithm
  readonly kid: string
  readonly key: CryptoKey
}

// Sizes are exact: another one would be a second spelling of the same assertion.
const signatureSize: Readonly<Record<Algorithm, number>> = { EdDSA: 64, ES256: 64, HS256: 32 }
const signing: Readonly<Record<Algorithm, AlgorithmIdentifier | EcdsaParams>> = {
  EdDSA: { name: 'Ed25519' },
  ES256: { name: 'ECDSA', hash: 'SHA-256' },
  HS256: { name: 'HMAC' },
}

/** Whether the token's signature is the key's. */
export async function isSignedBy({ alg, key }: VerifyKey, token: Token): Promise<boolean> {
  return token.signature.length === signatureSize[alg] && crypto.subtle.verify(signing[alg], key, token.signature, token.input)
}

/** The key of an HMAC secret. Its kid is derived from it by a one-way function, as in the Go package. */
export async function importSecret(secret: Uint8Array<ArrayBuffer>): Promise<VerifyKey> {
  const how = { name: 'HMAC', hash: 'SHA-256' }
  const derive = await crypto.subtle.importKey('raw', secret, how, false, ['sign'])
  const mac = await crypto.subtle.sign('HMAC', derive, new TextEncoder().encode('syncward identity kid'))
  const key = await crypto.subtle.importKey('raw', secret, how, false, ['verify'])
  return { alg: 'HS256', kid: encode(new Uint8Array(mac, 0, 16)), key }
}

/** No JWK set is larger, in bytes. Syncward's own has two keys at most. */
export const largestJwks = 64 * 1024

/** A document that is not to be used; one that was had before stays in use. */
export class BadJwks extends Error {
  override readonly name = 'BadJwks'
}

/**
 * Reads a JWK set (RFC 7517 §5). Keys of a kind, use or algorithm that assertions
 * do not know are left out. What is not strict JSON, holds a secret, two keys of
 * one kid, or no usable key at all is refused as a whole.
 */
export async function importJwks(text: string): Promise<VerifyKey[]> {
  const members = text.length > largestJwks ? null : readArray(readObject(text)?.get('keys') ?? '')
  if (members === null) throw new BadJwks('no JWK set')
  const keys: VerifyKey[] = []
  for (const member of members) {
    const key = await importJwk(member)
    if (key !== null && keys.some(({ kid }) => kid === key.kid)) throw new BadJwks('two keys of one kid')
    if (key !== null) keys.push(key)
  }
  if (keys.length === 0) throw new BadJwks('no usable key')
  return keys
}

const parameters = ['kty', 'crv', 'x', 'y', 'kid', 'alg', 'use'] as const
type Jwk = Partial<Record<typeof parameters[number], string>>

// Null: a key to leave out.
async function importJwk(text: string): Promise<VerifyKey | null> {
  const members = readObject(text)
  if (members === null) throw new BadJwks('no key')
  if (members.has('d') || members.has('k')) throw new BadJwks('a private or a symmetric key')
  const jwk: Jwk = {}
  for (const name of parameters) {
    const value = readString(members.get(name))
    if (value === null && members.has(name)) throw new BadJwks(`${name} is no string`)
    if (value !== null && value !== '') jwk[name] = value
  }
  if (jwk.use !== undefined && jwk.use !== 'sig') return null
  const kind = `${jwk.kty} ${jwk.crv}`
  if (kind === 'OKP Ed25519' && (jwk.alg ?? 'EdDSA') === 'EdDSA') return importPublic('EdDSA', jwk, ['x'], { name: 'Ed25519' })
  if (kind === 'EC P-256' && (jwk.alg ?? 'ES256') === 'ES256') return importPublic('ES256', jwk, ['x', 'y'], { name: 'ECDSA', namedCurve: 'P-256' })
  return null
}

async function importPublic(alg: Algorithm, jwk: Jwk, coordinates: ('x' | 'y')[], how: AlgorithmIdentifier | EcKeyImportParams): Promise<VerifyKey> {
  const bare: Record<string, string> = { crv: jwk.crv ?? '', kty: jwk.kty ?? '' }
  for (const name of coordinates) {
    if (decode(jwk[name] ?? '')?.length !== 32) throw new BadJwks(`${name} has another size`)
    bare[name] = jwk[name] ?? ''
  }
  try {
    const key = await crypto.subtle.importKey('jwk', bare, how, false, ['verify'])
    return { alg, kid: jwk.kid ?? await thumbprint(bare), key }
  } catch {
    throw new BadJwks('no point of its curve')
  }
}

/** RFC 7638; the members of `bare` are in alphabetical order already. */
async function thumbprint(bare: Record<string, string>): Promise<string> {
  return encode(new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(JSON.stringify(bare)))))
}

/** The one key that a token names, if its algorithm is the key's. */
export function keyFor(keys: readonly VerifyKey[], { kid, alg }: Token): VerifyKey {
  const key = keys.find((k) => k.kid === kid)
  if (key === undefined) throw new IdentityError('unknown_key')
  if (key.alg !== alg) throw new IdentityError('algorithm')
  return key
}
