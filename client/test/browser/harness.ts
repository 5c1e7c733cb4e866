// Headless Chromium, and a server with a page and an auth service for it.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { access, readdir, readFile } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { delimiter, extname, join, normalize } from 'node:path'
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core'
import type { AuthState, SyncAuth } from '../../src/index.js'
import { mint } from '../sim/server.js'

declare global {
  interface Window { auth: SyncAuth; states: (AuthState & { at: number })[] }
}

// A safety net for slow machines, in ms; never a measure.
const patience = 60_000

async function findChromium(): Promise<string> {
  const folders = (process.env['PATH'] ?? '').split(delimiter)
  const names = ['chromium', 'chromium-browser', 'google-chrome'].flatMap((name) => folders.map((folder) => join(folder, name)))
  const cache = '../.cache/browsers'
  const own = (await readdir(cache, { recursive: true }).catch(() => []))
    .filter((path) => /^chromium-[^/]+[/](chrome-linux[^/]*[/]chrome|chrome-mac[^/]*[/].*[.]app[/]Contents[/]MacOS[/][^/]+)$/.test(path))
    .map((path) => join(cache, path))
  for (const path of [...names, ...own]) {
    if (await access(path).then(() => true, () => false)) return path
  }
  throw new Error('no Chromium: run `make setup`')
}

export async function launch(): Promise<Browser> {
  return chromium.launch({
    executablePath: await findChromium(),
    args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
      '--disable-component-update', '--disable-sync', '--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1'],
  })
}

/** Polls until `test` returns something true, and returns that. */
export async function until<T>(what: string, test: () => Promise<T> | T): Promise<Exclude<T, null | undefined | false>> {
  for (const end = Date.now() + patience; Date.now() < end; await new Promise((wake) => setTimeout(wake, 30))) {
    const got = await test()
    if (got !== undefined && got !== null && got !== false) return got as Exclude<T, null | undefined | false>
  }
  throw new Error(`not within ${patience} ms: ${what}`)
}

const types: Record<string, string> = { '.html': 'text/html', '.js': 'text/javascript', '.mjs': 'text/javascript', '.css': 'text/css', '.map': 'application/json' }

/** A server of files, and an auth service for one browser at a time. */
export class Site {
  user: string | null = 'alice'
  /** Lifetimes of the tokens to come, in seconds; then ten minutes. */
  lifetimes: number[] = []
  /** Answers of this status are given instead; 0: none is given. */
  status: number | null = null
  asked = 0
  headers: Record<string, string> = {}
  readonly #server: Server
  #pending = new Set<ServerResponse>()

  // Folders by the prefix of their path, the longest first.
  constructor(readonly folders: Record<string, string>) {
    this.#server = createServer((request, response) => void this.#answer(request, response))
  }

  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname } = new URL(request.url ?? '/', 'http://x')
    if (pathname === '/auth/token') return this.#token(response)
    const prefix = Object.keys(this.folders).find((p) => pathname.startsWith(p)) ?? '/'
    const path = normalize(join(this.folders[prefix] ?? '', pathname.slice(prefix.length) || 'index.html'))
    try {
      const body = await readFile(path)
      response.writeHead(200, { 'content-type': types[extname(path)] ?? 'application/octet-stream', ...this.headers }).end(body)
    } catch {
      response.writeHead(404).end()
    }
  }

  #token(response: ServerResponse): void {
    this.asked++
    if (this.status === 0) return void this.#pending.add(response)
    if (this.status !== null || this.user === null) return void response.writeHead(this.status ?? 401).end()
    const now = Math.floor(Date.now() / 1000)
    const token = mint({ sub: this.user, iat: now, exp: now + (this.lifetimes.shift() ?? 600), n: this.asked })
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ token }))
  }
}

/** Opens pages of one context; each has run the fixture's script. */
export async function open(context: BrowserContext, url: string, pages: number): Promise<Page[]> {
  return Promise.all(Array.from({ length: pages }, async () => {
    const page = await context.newPage()
    page.setDefaultTimeout(patience)
    await page.goto(url)
    await page.waitForFunction(() => window.auth !== undefined)
    return page
  }))
}

export const status = (page: Page) => page.evaluate(() => window.auth.state.status)
export const token = (page: Page) => page.evaluate(() => window.auth.getToken())

export async function allAre(pages: Page[], wanted: string): Promise<void> {
  await until(`all are ${wanted}`, async () => (await Promise.all(pages.map(status))).every((s) => s === wanted))
    .catch(async (error: unknown) => { throw new Error(`${String(error)}; they are ${(await Promise.all(pages.map(status))).join()}`) })
}

/** The scripts of the shared workers that run. */
export async function workers(browser: Browser): Promise<string[]> {
  const session = await browser.newBrowserCDPSession()
  const { targetInfos } = await session.send('Target.getTargets')
  await session.detach()
  return targetInfos.filter((target) => target.type === 'shared_worker').map((target) => target.url)
}
