// LiveStore's worker, as its documentation has it, with another sync backend.
import { makeWorker } from '@livestore/adapter-web/worker'
import { syncwardSync } from '@syncward/client/livestore/worker'
import { schema } from './schema.js'

makeWorker({ schema, sync: { backend: syncwardSync({ url: __SYNC_URL__ }), onSyncError: 'ignore' } })
