// Runs cases in headless Chromium, each in a context of its own, and writes one
// line of JSON for each: {"case":"…","error":"…"|null}. What the browser itself
// complains of (CSP, console, requests that leave the address) fails a case too.
import { chromium } from 'playwright-core'

// Safety nets for slow machines, never a measure, in ms: for one wait, and for a case.
const patience = 30_000
const longest = 240_000
const args = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
  '--disable-background-networking', '--disable-component-update', '--disable-sync',
  '--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1 , EXCLUDE localhost']

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

// run runs the cases, an object of name to function, one after the other.
// expected has for a case what the browser may complain of in it, as a RegExp.
export async function run({ url, executablePath, cases, before, only = '', expected = {} }) {
  const browser = await chromium.launch({ executablePath, args })
  for (const [name, fn] of Object.entries(cases)) {
    if (!name.includes(only)) continue
    let error = null
    let late
    const open = []
    const newContext = async (options = {}) => {
      const context = await browser.newContext({ baseURL: url, viewport: { width: 1280, height: 900 }, ...options })
      context.setDefaultTimeout(patience)
      const complaints = await watch(context, url)
      open.push({ context, complaints })
      return context
    }
    try {
      await before()
      await Promise.race([fn(newContext), new Promise((_, fail) => { late = setTimeout(fail, longest, new Error('the case does not end')) })])
      const complaints = open.flatMap((o) => o.complaints).filter((c) => !expected[name]?.test(c))
      if (complaints.length > 0) throw new Error(`the browser complains: ${complaints.join('; ')}`)
    } catch (e) {
      error = e.message
    }
    clearTimeout(late)
    for (const { context } of open) await context.close()
    process.stdout.write(`${JSON.stringify({ case: name, error })}\n`)
  }
  await browser.close()
}
