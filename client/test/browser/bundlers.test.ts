// Applications built with the bundlers that people use, with the package
// installed as from the registry: their pages find the shared worker's script.
import assert from 'node:assert/strict'
import { cp, mkdir, mkdtemp, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { after, before, beforeEach, describe, test } from 'node:test'
import { promisify } from 'node:util'
import type { Browser, Page } from 'playwright-core'
import { build, createServer } from 'vite'
import webpack from 'webpack'
import { allAre, launch, open, Site, until, workers } from './harness.js'

let browser: Browser
let app: string
let site: Site

before(async () => {
  browser = await launch()
  app = await mkdtemp(join(tmpdir(), 'syncward-app-'))
  await cp('test/browser/fixture', app, { recursive: true })
  await cp(join(app, 'bundled.html'), join(app, 'index.html'))
  const installed = join(app, 'node_modules/@syncward/client')
  await mkdir(installed, { recursive: true })
  await cp('package.json', join(installed, 'package.json'))
  await cp('dist', join(installed, 'dist'), { recursive: true })
  for (const name of ['react', 'react-dom', 'scheduler']) await symlink(resolve('node_modules', name), join(app, 'node_modules', name))
})

after(async () => {
  await browser.close()
  await rm(app, { recursive: true })
})

beforeEach(() => {
  site = new Site({ '/': join(app, 'out') })
})

// Whether the script runs: asks it as a tab would.
function answers(page: Page, script: string, type: 'module' | 'classic'): Promise<unknown> {
  return page.evaluate(([url, type]) => new Promise((resolve) => {
    const { port } = new SharedWorker(url, { type, name: 'syncward-v1' })
    port.onmessage = (event) => resolve(event.data)
    port.postMessage({ kind: 'join', name: 'test' })
  }), [script, type] as const)
}

async function works(url: string, type: 'module' | 'classic' = 'module'): Promise<void> {
  const context = await browser.newContext()
  try {
    const pages = await open(context, url, 3)
    await allAre(pages, 'authenticated')
    const found = await workers(browser)
    assert.equal(found.length, 1)
    assert.ok(found[0]?.startsWith(url), String(found))
    assert.deepEqual(await answers(pages[0] as Page, found[0] ?? '', type), { kind: 'joined' })
    assert.equal(site.asked, 1)
    const shown = (page: Page) => page.locator('#user').textContent()
    await until('React shows the user', async () => await shown(pages[1] as Page) === 'authenticated alice')
    await pages[0]?.evaluate(() => window.auth.signOut())
    await until('React shows the end', async () => await shown(pages[1] as Page) === 'signed-out null')
  } finally {
    await context.close()
  }
}

describe('the shared worker is found in', () => {
  test('what Vite builds', async () => {
    await build({ root: app, logLevel: 'error', configFile: false, build: { outDir: 'out', emptyOutDir: true, modulePreload: false } })
    const url = await site.start()
    await works(url).finally(() => site.stop())
  })

  test('Vite\'s own server', async () => {
    const url = await site.start()
    const vite = await createServer({
      root: app, logLevel: 'error', configFile: false,
      server: { host: '127.0.0.1', port: 0, strictPort: false, hmr: false, proxy: { '/auth': url }, watch: null },
    })
    await vite.listen()
    const own = vite.resolvedUrls?.local[0]?.replace(/\/$/, '') ?? ''
    await works(own).finally(async () => {
      await vite.close()
      await site.stop()
    })
  })

  test('what webpack builds', async () => {
    const compiler = webpack({
      context: app, entry: './react.js', mode: 'production', target: 'web',
      output: { path: join(app, 'out'), filename: 'react.js', clean: true },
    })
    const stats = await promisify((done: (error: Error | null, stats?: webpack.Stats) => void) => compiler.run(done))()
    assert.equal(stats?.hasErrors(), false, stats?.toString())
    await cp(join(app, 'index.html'), join(app, 'out/index.html'))
    const url = await site.start()
    await works(url, 'classic').finally(() => site.stop())
  })
})
