import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'

const run = promisify(execFile)

const strict = {
  compilerOptions: {
    module: 'nodenext', target: 'es2022', lib: ['es2022', 'dom'], types: [], strict: true, exactOptionalPropertyTypes: true, skipLibCheck: false, noEmit: true,
  },
  include: ['app.ts'],
}

const app = `import { createSyncAuth, RefreshRefused, type AuthErrorCode, type AuthState, type EventWithMetadata, type SyncAuth, type SyncPayload } from '@syncward/client'
import { storeIdFor, watchStore } from '@syncward/client/livestore'
import { createVerifier, IdentityError, type Claims } from '@syncward/client/verify'
const auth: SyncAuth = createSyncAuth({ refresh: () => Promise.reject(new RefreshRefused()), storage: 'indexedDB' })
const stop: () => void = auth.subscribe((state: AuthState) => console.log(state.status))
// @ts-expect-error: a closed list
createSyncAuth({ storage: 'cookies' })
stop()
const unwatch: () => void = watchStore(await storeIdFor('notes', 'alice'), ({ state }) => console.log(state))
unwatch()
const verifier = createVerifier({ issuer: 'syncward', audience: 'sync-upstream', jwksUrl: 'http://127.0.0.1:9090/.well-known/jwks.json' })
const claims: Claims = await verifier.verify(new Request('http://127.0.0.1/')).catch((e: IdentityError) => { throw e })
console.log(claims.userId)
// @ts-expect-error: required
createVerifier({ issuer: 'syncward' })
// Whatever an application's own generic code knows of its events.
export const author = <T>(event: EventWithMetadata<T>): string => event.metadata.userId
author<{ name: string }>({ name: 'v1.Made', metadata: { userId: 'ada', timestamp: 1, connectionId: 'c' } })
export const first: SyncPayload = { instanceId: 'test-123', other: 1 }
export const code: AuthErrorCode = 'AUTH_REQUIRED'
`

test('the package installs into an empty project, type-checks there, and runs', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'syncward-pack-'))
  try {
    const { stdout } = await run('npm', ['pack', '--ignore-scripts', '--json', '--pack-destination', dir])
    const [packed] = JSON.parse(stdout) as [{ filename: string; files: { path: string }[] }]
    const paths = packed.files.map((file) => file.path)
    for (const path of ['README.md', 'dist/index.js', 'dist/index.d.ts', 'dist/index.d.ts.map', 'dist/index.js.map', 'src/index.ts', 'dist/tabs/shared-worker.js']) {
      assert.ok(paths.includes(path), path)
    }
    assert.deepEqual(paths.filter((path) => /test|build|node_modules/.test(path)), [])
    await writeFile(join(dir, 'package.json'), '{ "type": "module", "private": true }')
    await writeFile(join(dir, 'app.ts'), app)
    await writeFile(join(dir, 'tsconfig.json'), JSON.stringify(strict))
    await run('npm', ['install', '--offline', '--ignore-scripts', '--no-audit', '--no-fund', `./${packed.filename}`], { cwd: dir })
    assert.deepEqual((await readdir(join(dir, 'node_modules'))).filter((name) => !name.startsWith('.')), ['@syncward'], 'no dependency')
    await run(process.execPath, [resolve('node_modules/typescript/bin/tsc'), '-p', dir])
    const script = "import('@syncward/client').then(({ createSyncAuth }) => createSyncAuth().getToken()).then((t) => console.log(t))"
    assert.equal((await run(process.execPath, ['-e', script], { cwd: dir })).stdout, 'null\n')
  } finally {
    await rm(dir, { recursive: true })
  }
})

test('every entry that package.json names exists, with its types', async () => {
  const { exports } = JSON.parse(await readFile('package.json', 'utf8')) as { exports: Record<string, string | { types: string; default: string }> }
  for (const entry of Object.values(exports)) {
    for (const path of typeof entry === 'string' ? [entry] : [entry.types, entry.default]) assert.ok(await readFile(path), path)
  }
})
