/**
 * Thrown by an application's `refresh` to say that the session is over: the one
 * kind of failure that signs out. Whatever else it throws means that the answer
 * could not be had, and is tried again.
 */
export class RefreshRefused extends Error {
  override readonly name = 'RefreshRefused'
  constructor(message = 'the session is over', options?: ErrorOptions) {
    super(message, options)
  }
}

/** What a failed refresh means: `refused` ends the session, `unavailable` is tried again. */
export type RefreshFailure = 'refused' | 'unavailable'

/** The HTTP status that an error carries, as fetch wrappers do: on itself, or on its `response`. */
function statusOf(error: unknown): unknown {
  if (typeof error !== 'object' || error === null) return undefined
  if ('status' in error) return error.status
  if ('response' in error) return statusOf(error.response)
  return undefined
}

/**
 * Judges what `refresh` threw. Refused: RefreshRefused, and anything with an
 * HTTP status of 401 or 403, a thrown `Response` included. All else is
 * unavailable, an error in the program too: nobody is logged out by a bug, a
 * proxy's error page or a lost network.
 */
export function classifyFailure(error: unknown): RefreshFailure {
  if (error instanceof Error && error.name === 'RefreshRefused') return 'refused'
  const status = statusOf(error)
  return status === 401 || status === 403 ? 'refused' : 'unavailable'
}
