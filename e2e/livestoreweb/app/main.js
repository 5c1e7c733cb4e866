// A tab of a LiveStore application. A script calls open(storeId), and finds what
// came of it on window: auth, store, statuses, texts().
import { makePersistedAdapter } from '@livestore/adapter-web'
import LiveStoreSharedWorker from '@livestore/adapter-web/shared-worker?sharedworker'
import { createStorePromise } from '@livestore/livestore'
import { createSyncAuth } from '@syncward/client'
import { storeIdFor, watchStore } from '@syncward/client/livestore'
import LiveStoreWorker from './livestore.worker.js?worker'
import { events, notes, schema } from './schema.js'

const user = () => localStorage.getItem('user') // the session cookie of the tests' auth service

window.auth = createSyncAuth({
  refresh: async ({ signal }) => {
    if (user() === null) return null
    const answer = await fetch('/auth/token', { method: 'POST', body: JSON.stringify({ user: user() }), signal })
    if (!answer.ok) throw answer
    return (await answer.json()).token
  },
  refreshAhead: 10_000, // of a lifetime of 20 s: a busy machine has half of it for a refresh
})
window.login = (name) => {
  localStorage.setItem('user', name)
  return auth.signIn()
}
window.logout = () => {
  localStorage.removeItem('user')
  return auth.signOut()
}
window.storeIdFor = storeIdFor
window.statuses = []
window.opened = 0

window.open_ = async (storeId) => {
  window.opened++
  watchStore(storeId, (status) => statuses.push(status))
  window.store = await createStorePromise({
    schema,
    adapter: makePersistedAdapter({ storage: { type: 'opfs' }, worker: LiveStoreWorker, sharedWorker: LiveStoreSharedWorker }),
    storeId,
  })
  window.first = store
}
window.write = (id, text) => store.commit(events.noteWritten({ id, text }))
window.texts = () => store.query(notes).map((row) => row.text)
window.ready = true
