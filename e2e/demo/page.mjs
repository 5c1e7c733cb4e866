// What a case does on the demo's page, in the words of the page.
import { until, equal } from './harness.mjs'

let names = 0

// newName is a user that no other case has been.
export const newName = (hint) => `${hint}-${++names}`

// Panel is one client on the page.
export class Panel {
  constructor(page, root) {
    this.page = page
    this.root = root
    this.mark = 0 // the last thing that had happened before the last press
  }

  at(part) { return this.root.locator(`[data-at=${part}]`) }
  async press(name) {
    this.mark = Math.max(0, ...(await this.history()).map(({ n }) => n))
    await this.root.getByRole('button', { name, exact: true }).click()
  }
  authService(answers) { return this.root.getByRole('checkbox', { name: 'auth service answers' }).setChecked(answers) }
  history() {
    return this.at('history').locator('li').evaluateAll((list) => list.map((li) => ({ n: +li.dataset.n, text: li.querySelector('.words').textContent })))
  }
  // happened waits for what has happened since the last press.
  async happened(want, limit) {
    let last
    await until(`${want} happens`, async () => (last = await this.history()).some(({ n, text }) => n > this.mark && want.test(text)), limit)
      .catch((error) => { throw new Error(`${error.message}; what happened is ${JSON.stringify(last)}`) })
  }
  async shows(part, want) {
    const holds = (text) => (want instanceof RegExp ? want.test(text) : text === want)
    let last
    await until(`${part} shows ${want}`, async () => holds(last = (await this.at(part).textContent()).trim()))
      .catch((error) => { throw new Error(`${error.message}; it shows ${JSON.stringify(last)}`) })
  }
  connected(told) {
    return this.shows('state', 'connected').then(() => told && this.happened(new RegExp(`The server was told: ${told}\\.`)))
  }
  async refused(code, reason) {
    await this.happened(new RegExp(`^${code} ${reason}`))
    await this.shows('state', 'refused')
  }
  async send(text) {
    await this.root.getByLabel('Text of the event').fill(text)
    await this.press('Send')
  }
  // events are [who, text] pairs.
  events() {
    return this.at('events').locator('li').evaluateAll((list) => list.map((li) => [...li.children].slice(0, 2).map((e) => e.textContent)))
  }
  // times are what stands beside the events.
  times() { return this.at('events').locator('time').allTextContents() }
  async sees(who, text) {
    const pair = JSON.stringify([who, text])
    await until(`the event ${pair}`, async () => (await this.events()).some((e) => JSON.stringify(e) === pair))
  }
}

// visit opens the page as one user and waits for the connection; told: as whom, if
// the login of that name has become another's.
export async function visit(context, user, told = user) {
  const page = await context.newPage()
  await page.goto(`/?as=${user}`)
  const panel = new Panel(page, page.locator('.client').first())
  await panel.connected(told)
  return panel
}

// switchNetwork uses the offline switch, which is one for all tabs.
export const switchNetwork = ({ page }, off) => page.getByRole('switch', { name: 'Offline' }).setChecked(off, { force: true })

// seen returns what the page shows of the newest connection that the legacy
// server was told is user's ('' for nobody), once there is one.
export async function seen(page, user, ready = () => true) {
  const all = () => page.locator('.connection').evaluateAll((cards) => cards.map((card) => ({
    number: card.querySelector('h3').firstChild.textContent,
    user: card.querySelector('.tag:not(.nobody)')?.textContent ?? (card.querySelector('.tag').textContent === 'nobody' ? '' : 'anonymous'),
    status: card.querySelector('.status').textContent,
    state: card.querySelector('.state').textContent,
    seals: [...card.querySelectorAll('.seal')].map((e) => e.textContent),
    frames: [...card.querySelectorAll('.frames code')].map((e) => e.textContent),
    headers: Object.fromEntries([...card.querySelectorAll('dl div')].map((e) => [...e.children].map((c) => c.textContent))),
  })))
  let last
  return until(`a connection of ${JSON.stringify(user)} on the legacy server`, async () => {
    last = (await all()).find((c) => c.user === user)
    return last && ready(last) && last
  }).catch((error) => { throw new Error(`${error.message}; last seen ${JSON.stringify(last)}`) })
}

// logged waits for a line of Syncward's log that matches, newest first, and
// returns it as the JSON it is.
export async function logged(page, match) {
  return until('a line of the log', async () => {
    const lines = await page.locator('.log .raw').evaluateAll((list) => list.map((e) => JSON.parse(e.textContent)))
    return lines.find(match)
  })
}

// switchTo uses the switch and waits until Syncward has followed.
export async function switchTo(page, mode) {
  await page.getByRole('radio', { name: mode }).check()
  await until(`mode ${mode} in force`, async () => (await page.locator('#mode').getAttribute('data-mode')) === mode)
  equal(await page.getByRole('radio', { name: mode }).isChecked(), true, `the switch is on ${mode}`)
}
