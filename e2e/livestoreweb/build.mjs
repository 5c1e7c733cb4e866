// node build.mjs OUT SYNC_URL: the application, built by Vite as its developers would.
import { fileURLToPath } from 'node:url'
import { build } from 'vite'

const [outDir, url] = process.argv.slice(2)
const client = fileURLToPath(new URL('../../client/src/', import.meta.url))

await build({
  root: fileURLToPath(new URL('app/', import.meta.url)),
  configFile: false,
  logLevel: 'warn',
  define: { __SYNC_URL__: JSON.stringify(url) },
  resolve: {
    alias: [
      { find: '@syncward/client/livestore/worker', replacement: `${client}livestore/worker.ts` },
      { find: '@syncward/client/livestore', replacement: `${client}livestore/index.ts` },
      { find: '@syncward/client', replacement: `${client}index.ts` },
    ],
    dedupe: ['@livestore/sync-cf'], // as if the package were installed beside it
  },
  worker: { format: 'es' },
  build: { outDir, emptyOutDir: true, target: 'esnext', minify: false, chunkSizeWarningLimit: 100_000 },
})
