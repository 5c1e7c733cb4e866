import assert from 'node:assert/strict'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'

// What an application pays for what it imports: bytes, minified and gzipped.
// The README publishes these limits. Whoever raises one says there what for.
const limits = {
  "export * from './dist/index.js'": 17_500,
  "export { createSyncAuth } from './dist/index.js'": 8_300,
  "export { SyncSocket } from './dist/index.js'": 5_600,
  "export { createQueue } from './dist/index.js'": 5_600,
  "export { RefreshRefused } from './dist/index.js'": 150,
  "export * from './dist/react.js'": 270,
  "import './dist/tabs/shared-worker.js'": 2_400,
  "export * from './dist/livestore/index.js'": 650,
  "export * from './dist/livestore/worker.js'": 15_000,
  "export * from './dist/verify/index.js'": 5_000,
}

for (const [contents, limit] of Object.entries(limits)) {
  test(`${contents} is at most ${limit} bytes`, async (t) => {
    const { outputFiles } = await build({
      stdin: { contents, resolveDir: '.' }, bundle: true, minify: true, format: 'esm', target: 'es2022', write: false, external: ['react', '@livestore/*'],
    })
    const size = gzipSync(outputFiles[0]?.contents ?? '', { level: 9 }).length
    t.diagnostic(`${size} bytes`)
    assert.ok(size <= limit, `${size} bytes`)
    assert.ok(size > limit * 0.8, `${size} bytes: the limit can be lower`)
  })
}
