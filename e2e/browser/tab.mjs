// One tab of page.html, and the world that it lives in.
import { until } from '../demo/harness.mjs'

// worldAt knows the world at a URL, whose sidecar is at another.
export function worldAt(world, sidecar) {
  async function control(what, body = {}) {
    const response = await fetch(`${world}/control/${what}`, { method: 'POST', body: JSON.stringify(body) })
    if (!response.ok) throw new Error(`${what}: ${response.status}`)
    return response.json()
  }
  return {
    control,
    stored: async () => (await control('state')).stored,
    // tab opens a page for a user; without one, whoever is logged in is. The host
    // is another name of this machine, if one is wished for.
    async tab(context, user, { host = '127.0.0.1', ...wishes } = {}) {
      const page = await context.newPage()
      const at = (url) => url.replace('127.0.0.1', host)
      await page.goto(`${at(world)}/page.html?${new URLSearchParams({ url: at(sidecar), ...(user && { user }), ...wishes })}`)
      await page.waitForFunction(() => window.queue !== undefined)
      return page
    },
  }
}

export const opened = (page, as = 'auth alice', times = 1) =>
  until(`open ${as}, ${times} times`, () => page.evaluate(([line, n]) => window.log.filter((l) => l === line).length >= n, [`open ${as}`, times]))
    .catch(async (error) => { throw new Error(`${error.message}; its log is ${await page.evaluate(() => window.log.join(', '))}`) })
export const happens = (page, line) => until(line, () => page.evaluate((l) => window.log.includes(l), line), 90_000)
export const push = (page, ids) => page.evaluate(async (all) => { for (const id of all) await window.queue.push({ id }) }, ids)
export const empty = (page) => until('the queue is empty', () => page.evaluate(async () => (await window.queue.state()).pending === 0))
export const status = (page) => page.evaluate(() => window.auth.state.status)
export const isStatus = (page, wanted) => until(`the login is ${wanted}`, async () => (await status(page)) === wanted)

// logIn is a login, in the words of an application: the auth service knows who it is from now on.
export const logIn = (page, user) => page.evaluate(async (name) => {
  localStorage.setItem('user', name)
  await window.auth.signIn()
}, user)

export const logOut = (page) => page.evaluate(async () => {
  localStorage.removeItem('user')
  await window.auth.signOut()
})
