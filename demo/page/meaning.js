// What the client does about each refusal. The reason is the API, the code only
// its family.
const next = {
  AUTH_REQUIRED: 'No token came. Get one, then connect again.',
  TOKEN_INVALID: 'Not a token as our auth service made it. Refresh once, else log in.',
  TOKEN_EXPIRED: 'The token is past its grace. Refresh, then reconnect.',
  USER_NOT_FOUND: 'There is no such user any more. Sign out.',
  SESSION_REVOKED: 'Logged out, here or elsewhere. Sign out.',
  FORBIDDEN: 'The token is good, this is not allowed. Stop.',
  BAD_FRAME: 'The first frame cannot be read. Stop.',
  MESSAGE_TOO_BIG: 'The message is too big. Stop.',
  RATE_LIMITED: 'Too many tries. Wait, then connect again.',
  AUTH_UNAVAILABLE: 'The keys cannot be had just now. Keep the token, try later.',
  UPSTREAM_UNAVAILABLE: 'The sync server does not answer. Try later.',
  DRAINING: 'Syncward is shutting down. Connect again in a moment.',
}

// meaning says in a sentence what a close tells the client to do.
export function meaning(code, reason) {
  return next[reason] ?? (code === 1006 ? 'The connection was lost.' : 'The connection has ended.')
}
