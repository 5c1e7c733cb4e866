import assert from 'node:assert/strict'
import { test } from 'node:test'
import { afterClose } from '../../src/socket/closes.js'
import { completeFirstFrame, segments } from '../../src/socket/firstframe.js'
import { Inbox } from '../../src/socket/inbox.js'
import { channel, ok } from './fakes.js'

test('a close is read by its word first, then by its number', () => {
  const cases: [code: number, reason: string, want: string][] = [
    [4401, 'AUTH_REQUIRED', 'refresh ask'],
    [4408, 'AUTH_REQUIRED', 'backoff'], // the first frame was late: no fault of the token
    [3008, 'AUTH_REQUIRED', 'backoff'],
    [4401, 'TOKEN_INVALID', 'refresh ask'],
    [3000, 'TOKEN_EXPIRED', 'refresh ask'],
    [4403, 'TOKEN_EXPIRED', 'refresh ask'], // CLOSE_CODES=graphql-ws turns the numbers round
    [4403, 'SESSION_REVOKED', 'sign-out ask'],
    [3003, 'USER_NOT_FOUND', 'sign-out ask'],
    [4403, 'FORBIDDEN', 'stop ask'],
    [4429, 'RATE_LIMITED', 'backoff ask'],
    [4400, 'BAD_FRAME', 'stop ask'],
    [1009, 'MESSAGE_TOO_BIG', 'stop ask'],
    [1013, 'AUTH_UNAVAILABLE', 'backoff ask'],
    [1014, 'UPSTREAM_UNAVAILABLE', 'backoff ask'],
    [1012, 'DRAINING', 'backoff ask'],
    // Other servers' words are theirs.
    [4401, '', 'refresh'], [4401, 'token_expired', 'refresh'], [3000, 'unauthorized', 'refresh'], [1008, 'bad token', 'refresh'],
    [3003, '', 'stop'], [4403, 'Forbidden', 'stop'], [4406, '', 'stop'], [1002, '', 'stop'], [1010, '', 'stop'],
    [1000, '', 'backoff'], [1001, '', 'backoff'], [1005, '', 'backoff'], [1006, '', 'backoff'], [1011, '', 'backoff'], [1012, '', 'backoff'],
    [4242, 'what', 'backoff'], [4400, 'toString', 'stop'], [1006, '__proto__', 'backoff'],
  ]
  for (const [code, reason, want] of cases) {
    const { next, ask } = afterClose(code, reason)
    assert.equal(`${next}${ask ? ' ask' : ''}`, want, `${code} ${reason}`)
  }
})

test('the token is put where the pointer says, and nothing else is touched', () => {
  const how = { token: 't', tokenField: '/authToken', optIn: true }
  const cases: [text: string, how: typeof how | { token: null; tokenField: string; optIn: boolean }, want: string][] = [
    ['{"type":"init","x":[1,null]}', how, '{"type":"init","x":[1,null],"authToken":"t","authProtocol":1}'],
    ['{"a":1}', { ...how, token: null }, '{"a":1,"authProtocol":1}'],
    ['{"a":1}', { ...how, optIn: false }, '{"a":1,"authToken":"t"}'],
    ['{"type":"connection_init"}', { ...how, tokenField: '/payload/authToken' }, '{"type":"connection_init","payload":{"authToken":"t"},"authProtocol":1}'],
    ['{"payload":{"a":1}}', { ...how, tokenField: '/payload/a~1b~0', optIn: false }, '{"payload":{"a":1,"a/b~":"t"}}'],
    ['{"payload":7}', { ...how, tokenField: '/payload/t', optIn: false }, '{"payload":{"t":"t"}}'],
    ['hello', how, 'hello'], ['[1]', how, '[1]'], ['null', how, 'null'], ['"x"', how, '"x"'],
  ]
  for (const [text, h, want] of cases) assert.equal(completeFirstFrame(text, h), want)
  assert.throws(() => segments('authToken'), TypeError)
})

/** Runs messages through an inbox; a number is silence. */
function takes(...messages: (unknown)[]): string[] {
  const inbox = new Inbox()
  return messages.flatMap((m) => typeof m === 'number' ? inbox.silence() : inbox.take(new MessageEvent('message', { data: typeof m === 'object' ? JSON.stringify(m) : m })))
    .map((t) => t.kind === 'data' ? `data ${String(t.message.data).slice(0, 24)}` : t.kind).concat(inbox.refusal === null ? [] : [`refused ${inbox.refusal.code}`])
}

test('only an auth.ok that comes first, and what repeats its channel, is Syncward\'s', () => {
  const warning = { type: 'auth.warning', channel, code: 'TOKEN_IN_GRACE', expiredAt: 1, graceEndsAt: 2 }
  const error = { type: 'auth.error', code: 'TOKEN_EXPIRED', message: 'x', retryable: true, retryAfterMs: 0 }
  const cases: [name: string, messages: unknown[], want: string[]][] = [
    ['greeted', [ok(), '{"a":1}'], ['ok', 'data {"a":1}']],
    ['a refresh is told again', [ok(), ok()], ['ok', 'ok']],
    ['a warning', [ok(), warning], ['ok', 'warning']],
    ['an error with the channel', [ok(), { ...error, channel }], ['ok', 'error']],
    ['an error without it, later', [ok(), error], ['ok', 'data {"type":"auth.error","co']],
    ['another channel', [ok(), { ...warning, channel: 'd'.repeat(22) }], ['ok', 'data {"type":"auth.warning","']],
    ['a channel that is no string', [ok(), { ...warning, channel: [channel] }], ['ok', 'data {"type":"auth.warning","']],
    ['ours of a later version is nobody\'s business', [ok(), { type: 'auth.new', channel }], ['ok']],
    ['application first: an auth.ok behind it is data', ['hi', ok()], ['plain', 'data hi', 'data {"type":"auth.ok","chann']],
    ['silence first', [0, ok()], ['plain', 'data {"type":"auth.ok","chann']],
    ['silence after it is nothing', [ok(), 0, { a: 1 }], ['ok', 'data {"a":1}']],
    ['a warning cannot come first', [warning], ['plain', 'data {"type":"auth.warning","']],
    ['a refusal before auth.ok is kept for the close', [error], ['refused TOKEN_EXPIRED']],
    ['and is data if none follows', [error, 0], ['plain', 'data {"type":"auth.error","co']],
    ['or something else does', [error, 'hi'], ['plain', 'data {"type":"auth.error","co', 'data hi']],
    ['a second one', [error, error], ['plain', 'data {"type":"auth.error","co', 'data {"type":"auth.error","co']],
    ['a short channel is none of ours', [ok({ channel: 'short' })], ['plain', 'data {"type":"auth.ok","chann']],
    ['no user, no greeting', [ok({ userId: '' })], ['plain', 'data {"type":"auth.ok","chann']],
    ['another status', [ok({ status: 'root' })], ['plain', 'data {"type":"auth.ok","chann']],
    ['no JSON', ['{auth.ok'], ['plain', 'data {auth.ok']],
    ['a list', ['[{"type":"auth.ok"}]'], ['plain', 'data [{"type":"auth.ok"}]']],
    ['an anonymous one', [ok({ status: 'anonymous', expiresAt: null, graceEndsAt: null })], ['ok']],
  ]
  for (const [name, messages, want] of cases) assert.deepEqual(takes(...messages).map((s) => s.slice(0, 29)), want.map((s) => s.slice(0, 29)), name)
})
