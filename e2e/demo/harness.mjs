// Runs cases in a headless browser, each in contexts of its own, and writes one
// line of JSON for each: {"case":"…","error":"…"|null}. What Chromium itself
// complains of (CSP, console, requests that leave the address) fails a case too.
import { chromium } from 'playwright-core'

// Safety nets for slow machines, never a measure, in ms: for one wait, and for a case.
const patience = 30_000
const longest = 240_000
// app.test is a host that is this machine, and as little trusted as any: plain http from it is no secure context.
const args = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
  '--disable-background-networking', '--disable-component-update', '--disable-sync',
  '--host-resolver-rules=MAP app.test 127.0.0.1 , MAP * ~NOTFOUND , EXCLUDE 127.0.0.1 , EXCLUDE localhost']

// until polls fn until it returns something true, and returns that.
export async function until(what, fn, limit = patience) {
  let last
  for (const end = Date.now() + limit; Date.now() < end; await new Promise((wake) => setTimeout(wake, 50))) {
    try {
      const got = await fn()
      if (got) return got
    } catch (error) {
      last = error
    }
  }
  throw new Error(`not within ${limit} ms: ${what}${last ? ` (${last.message})` : ''}`)
}

// equal compares by JSON.
export function equal(got, want, what) {
  const [g, w] = [got, want].map((x) => JSON.stringify(x))
  if (g !== w) throw new Error(`${what}: got ${g}, want ${w}`)
}

// watch collects what the browser complains of in a context.
async function watch(context, url) {
  const complaints = []
  await context.exposeFunction('complain', (text) => complaints.push(text))
  await context.addInitScript(() => addEventListener('securitypolicyviolation',
    (v) => window.complain(`CSP ${v.effectiveDirective} blocked ${v.blockedURI}`)))
  context.on('weberror', (e) => complaints.push(`uncaught: ${e.error().message}`))
  context.on('console', (m) => {
    // An answer of 400 or 401 is a line too, and some cases are about those.
    if (['error', 'warning'].includes(m.type()) && !/status of 40[01]/.test(m.text())) complaints.push(`console: ${m.text()}`)
  })
  context.on('request', (r) => {
    if (!r.url().startsWith(url)) complaints.push(`request to ${r.url()}`)
  })
  return complaints
}

// perform does the cases, an object of name to function, one after the other.
// stage makes what a case is given, what is said against it when it is through, and the end of it.
export async function perform({ cases, before, only = '', stage = () => ({}) }) {
  for (const [name, fn] of Object.entries(cases)) {
    if (!name.includes(only)) continue
    const { give, judge = () => {}, end = () => {} } = stage(name)
    let error = null
    let late
    try {
      await before()
      await Promise.race([fn(give), new Promise((_, fail) => { late = setTimeout(fail, longest, new Error('the case does not end')) })])
      judge()
    } catch (e) {
      error = e.stack ?? String(e)
    }
    clearTimeout(late)
    await end()
    process.stdout.write(`${JSON.stringify({ case: name, error })}\n`)
  }
}

// run performs cases in Chromium; each is given a function that opens a context.
// expected has for a case what the browser may complain of in it, as a RegExp.
export async function run({ url, executablePath, expected = {}, ...rest }) {
  const browser = await chromium.launch({ executablePath, args })
  const stage = (name) => {
    const open = []
    return {
      async give(options = {}) {
        const baseURL = options.baseURL ?? url
        const context = await browser.newContext({ baseURL, viewport: { width: 1280, height: 900 }, ...options })
        context.setDefaultTimeout(patience)
        const complaints = await watch(context, baseURL)
        open.push({ context, complaints })
        return context
      },
      judge() {
        const complaints = open.flatMap((o) => o.complaints).filter((c) => !expected[name]?.test(c))
        if (complaints.length > 0) throw new Error(`the browser complains: ${complaints.join('; ')}`)
      },
      end: async () => { for (const { context } of open) await context.close() },
    }
  }
  await perform({ ...rest, stage })
  await browser.close()
}
