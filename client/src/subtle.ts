/** WebCrypto's functions. Throws a TypeError where there are none: in a page that is no secure context. */
export function subtle(): SubtleCrypto {
  const { subtle } = crypto as Partial<Crypto>
  if (subtle === undefined) throw new TypeError('WebCrypto is missing: pages have it over https, and over http from localhost alone')
  return subtle
}
