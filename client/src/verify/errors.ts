/**
 * Why a request was refused. The words are those of the Go package `identity`,
 * in the order in which both check; they are stable.
 */
export type IdentityErrorCode =
  /** Keys, issuer or audience are missing. */
  | 'not_configured'
  /** The request carries no assertion. */
  | 'no_assertion'
  /** Not a compact JWS of strict base64url and strict JSON. */
  | 'malformed'
  /** A header parameter other than `alg`, `kid` and `typ`. */
  | 'parameter'
  /** `typ` is not `sync-identity+jwt`. */
  | 'type'
  /** `alg` is not that of the key which `kid` names. */
  | 'algorithm'
  /** The keys cannot be had now, or an unknown `kid` may not be looked up yet, or the memory of used ids is full. */
  | 'unavailable'
  /** No key of that `kid`. */
  | 'unknown_key'
  /** The signature is not the key's. */
  | 'signature'
  /** A claim is missing, of another type or out of range. */
  | 'claims'
  /** `iss` is another. */
  | 'issuer'
  /** `aud` is another. */
  | 'audience'
  /** `iat` lies in the future. */
  | 'not_yet_valid'
  /** `exp` has passed. */
  | 'expired'
  /** `mth` is not the request's method. */
  | 'method'
  /** A plain header is missing, repeated or says otherwise. */
  | 'headers'
  /** `wsk` is not the request's `Sec-WebSocket-Key`. */
  | 'websocket_key'
  /** `pth` is not the hash of the request's path and query. */
  | 'path'
  /** The assertion was used before. */
  | 'replayed'

/** A refusal. It holds the word, and nothing that came from a key or a request. */
export class IdentityError extends Error {
  override readonly name = 'IdentityError'
  constructor(readonly code: IdentityErrorCode) {
    super(`identity: ${code}`)
  }
}
