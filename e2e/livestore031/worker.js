// A LiveStore 0.3.1 sync worker as its user writes one: nothing in it was
// changed for Syncward. Its callbacks get no headers; what is above Syncward's
// hop is only seen in `fetch`, which every worker has. Both report to the test,
// at RECORDER_URL.
import { env } from 'cloudflare:workers'
import { makeDurableObject, makeWorker } from '@livestore/sync-cf/cf-worker'

const report = (callback, seen) =>
  fetch(env.RECORDER_URL, { method: 'POST', body: JSON.stringify({ callback, ...seen }) }).then((r) => r.text())

export class WebSocketServer extends makeDurableObject({
  onPush: (message) => report('onPush', { storeId: '', batch: message.batch }),
  onPull: () => report('onPull', { storeId: '' }),
}) {}

const worker = makeWorker({
  // Runs once at connect. What throws here is answered with an HTTP error.
  validatePayload: async (payload) => {
    await report('validatePayload', { storeId: '', payload })
    if (env.EXPECT_TOKEN !== undefined && payload?.authToken !== env.EXPECT_TOKEN) throw new Error('Invalid auth token')
  },
})

export default {
  fetch: async (request, ...rest) => {
    const url = new URL(request.url)
    if (url.searchParams.has('storeId')) {
      await report('fetch', { storeId: url.searchParams.get('storeId'), headers: Object.fromEntries(request.headers) })
    }
    return worker.fetch(request, ...rest)
  },
}
