/**
 * The one strict reading of base64url (RFC 4648 §5, no padding) and of JSON
 * (RFC 8259, names unique, well-formed text), so that no two verifiers can read
 * one assertion in two ways. Every function returns null for what is no such thing.
 */
const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
const base64url = /^[A-Za-z0-9_-]*$/

/** Bytes in base64url. */
export function encode(bytes: Uint8Array): string {
  let binary = ''
  for (const byte of bytes) binary += String.fromCharCode(byte)
  return btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
}

/** Reads what `encode` writes and nothing else: a last character has no stray bits. */
export function decode(text: string): Uint8Array<ArrayBuffer> | null {
  const over = text.length % 4
  if (!base64url.test(text) || over === 1) return null
  const last = alphabet.indexOf(text.at(-1) ?? 'A')
  if ((over === 2 && last % 16 !== 0) || (over === 3 && last % 4 !== 0)) return null
  return Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (c) => c.charCodeAt(0))
}

/** Text from UTF-8; a byte order mark stays, for JSON to refuse. */
export function decodeText(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return null
  }
}

/** A JSON object's members: names as they read, values as they are written. */
export type Members = ReadonlyMap<string, string>

/** Reads one JSON object. */
export function readObject(text: string): Members | null {
  const all = parts(text)
  return all !== null && text.trimStart().startsWith('{') ? new Map(all.map(({ name, raw }) => [name ?? '', raw])) : null
}

/** Reads one JSON array: its values as they are written. */
export function readArray(text: string): string[] | null {
  const all = parts(text)
  return all !== null && text.trimStart().startsWith('[') ? all.map(({ raw }) => raw) : null
}

/** Reads a JSON string. */
export function readString(raw: string | undefined): string | null {
  return raw?.startsWith('"') ? JSON.parse(raw) as string : null
}

/** Reads a time in whole Unix seconds, digits only: 1e9 and 1.0 are spellings that verifiers disagree about. */
export function readUnix(raw: string | undefined): number | null {
  if (raw === undefined || !/^[1-9][0-9]{0,11}$/.test(raw)) return null
  const seconds = Number(raw)
  return seconds <= latest ? seconds : null
}

/** The end of the year 9999. */
const latest = 253_402_300_799

interface Part { name: string | null; raw: string }

/** A container that is open: the names in it, or null for an array; where the member at hand begins. */
interface Open { names: Set<string> | null; name: string | null; from: number }

const tokens = /"(?:[^"\\]|\\.)*"|[{}[\]:,]|[^\s"{}[\]:,]+/g

/**
 * The outermost container's members. The grammar is left to JSON.parse; what that
 * lets pass is judged here: a name twice in one object, and lone surrogates.
 */
function parts(text: string): Part[] | null {
  try {
    JSON.parse(text)
  } catch {
    return null
  }
  const found: Part[] = []
  const open: Open[] = []
  for (const { 0: token, index } of text.matchAll(tokens)) {
    const top = open.at(-1)
    if (token.startsWith('"')) {
      const value = JSON.parse(token) as string
      if (/\p{Surrogate}/u.test(value)) return null
      if (top?.names && top.name === null) { // a member's name
        if (top.names.has(value)) return null
        top.names.add(value)
        top.name = value
      }
    }
    const closes = token === '}' || token === ']'
    if (top !== undefined && open.length === 1 && (closes || token === ',')) {
      const raw = text.slice(top.from, index).trim()
      if (raw !== '') found.push({ name: top.name, raw })
    }
    if (token === '{' || token === '[') open.push({ names: token === '{' ? new Set() : null, name: null, from: index + 1 })
    else if (closes) open.pop()
    else if (token === ',' && top !== undefined) Object.assign(top, { name: null, from: index + 1 })
    else if (token === ':' && top !== undefined) top.from = index + 1
  }
  return found
}
