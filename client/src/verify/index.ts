/**
 * Checks the name tag that Syncward puts on every upstream request, in Node,
 * Workers and browsers, with WebCrypto alone. The Go package `identity` is its twin,
 * and both answer the same test vectors.
 *
 * @packageDocumentation
 */
export type { Claims } from './claims.js'
export { IdentityError, type IdentityErrorCode } from './errors.js'
export type { HeadersLike } from './headers.js'
export type { VerifierOptions } from './options.js'
export { createVerifier, type IncomingRequest, type Verifier } from './verify.js'
