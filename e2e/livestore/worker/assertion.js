// Verifies X-Sync-Assertion with WebCrypto alone, written from the protocol's
// description and apart from Syncward's own verifiers.
const algorithms = {
  HS256: { import: { name: 'HMAC', hash: 'SHA-256' }, verify: 'HMAC' },
  EdDSA: { import: { name: 'Ed25519' }, verify: { name: 'Ed25519' } },
}

const bytes = (base64url) => Uint8Array.from(atob(base64url.replaceAll('-', '+').replaceAll('_', '/')), (c) => c.charCodeAt(0))
const json = (base64url) => JSON.parse(new TextDecoder().decode(bytes(base64url)))

const importKey = async (config, kid) => {
  const { import: algorithm } = algorithms[config.ASSERTION_ALG]
  if (config.ASSERTION_ALG === 'HS256') {
    return crypto.subtle.importKey('raw', new TextEncoder().encode(config.ASSERTION_SECRET), algorithm, false, ['verify'])
  }
  const { keys } = await (await fetch(config.ASSERTION_JWKS_URL)).json()
  const jwk = keys.find((key) => key.kid === kid)
  if (jwk === undefined) throw new Error('assertion: unknown key')
  return crypto.subtle.importKey('jwk', { kty: jwk.kty, crv: jwk.crv, x: jwk.x }, algorithm, false, ['verify'])
}

// The plain header must say what the signed claim says. `wsk` and `pth` are left
// out: wrangler replaces the key and normalises the path on this hop.
const sameAsHeader = {
  sub: 'x-sync-user-id',
  cid: 'x-sync-connection-id',
  status: 'x-sync-auth-status',
}

/** Returns the claims of the assertion in headers, or throws why there are none to trust. */
export const verifyAssertion = async (headers, config) => {
  const parts = (headers.get('x-sync-assertion') ?? '').split('.')
  if (parts.length !== 3) throw new Error('assertion: absent or malformed')
  const [head, body, signature] = parts
  const { alg, typ, kid } = json(head)
  if (alg !== config.ASSERTION_ALG) throw new Error('assertion: algorithm')
  if (typ !== 'sync-identity+jwt') throw new Error('assertion: type')
  const key = await importKey(config, kid)
  const signed = new TextEncoder().encode(`${head}.${body}`)
  if (!(await crypto.subtle.verify(algorithms[alg].verify, key, bytes(signature), signed))) throw new Error('assertion: signature')
  const claims = json(body)
  const now = Date.now() / 1000
  if (claims.iss !== 'syncward' || claims.aud !== config.ASSERTION_AUDIENCE) throw new Error('assertion: issuer or audience')
  if (!(claims.exp > now && claims.iat <= now + 5 && claims.exp - claims.iat <= 60)) throw new Error('assertion: expired')
  for (const [claim, header] of Object.entries(sameAsHeader)) {
    if (claims[claim] !== headers.get(header)) throw new Error(`assertion: ${header} says otherwise`)
  }
  if (String(claims.uexp ?? '') !== (headers.get('x-sync-token-expires') ?? '')) {
    throw new Error('assertion: x-sync-token-expires says otherwise')
  }
  return claims
}
