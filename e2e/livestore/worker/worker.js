// A LiveStore sync worker as its user writes one: nothing in it was changed for
// Syncward but the callbacks, which LiveStore offers for this purpose. They
// report what they saw to the test, at RECORDER_URL.
import { env } from 'cloudflare:workers'
import { makeDurableObject, makeWorker } from '@livestore/sync-cf/cf-worker'
import { verifyAssertion } from './assertion.js'

const report = (callback, seen) =>
  fetch(env.RECORDER_URL, { method: 'POST', body: JSON.stringify({ callback, ...seen }) }).then((r) => r.text())

const plain = (headers) => Object.fromEntries(headers ?? [])

// With REJECT_EVERY every so manieth push is turned down, as a user's own rules may.
let pushes = 0
const judge = () => {
  if (env.REJECT_EVERY !== undefined && ++pushes % Number(env.REJECT_EVERY) === 0) throw new Error('onPush says no')
}

export class SyncBackendDO extends makeDurableObject({
  ...(env.DB === undefined ? {} : { storage: { _tag: 'd1', binding: 'DB' } }),
  forwardHeaders: ['x-sync-user-id', 'x-sync-connection-id', 'x-sync-auth-status', 'x-sync-assertion'],
  onPush: (message, { storeId, payload, headers }) =>
    report('onPush', { storeId, payload, headers: plain(headers), batch: message.batch }).then(judge),
  onPull: (_message, { storeId, payload, headers }) => report('onPull', { storeId, payload, headers: plain(headers) }),
}) {}

export default makeWorker({
  syncBackendBinding: 'SYNC_BACKEND_DO',
  // Runs once at connect. What throws here is answered with HTTP 400.
  validatePayload: async (payload, { storeId, headers }) => {
    const seen = { storeId, payload, headers: plain(headers) }
    if (env.EXPECT_TOKEN !== undefined && payload?.authToken !== env.EXPECT_TOKEN) throw new Error('Invalid auth token')
    if (env.ASSERTION_ALG === undefined) return report('validatePayload', seen)
    try {
      seen.claims = await verifyAssertion(headers, env)
    } catch (error) {
      seen.refused = error.message
      throw error
    } finally {
      await report('validatePayload', seen)
    }
  },
})
