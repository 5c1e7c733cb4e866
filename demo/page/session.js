import { createSyncAuth } from './vendor/client.js'
import { post } from './dom.js'
import { reach } from './network.js'

// The shared worker's address is a script to the browser, so that only what is
// named here can be one (Trusted Types).
const script = './vendor/shared-worker.js'
const trusted = globalThis.trustedTypes?.createPolicy('demo', { createScriptURL: () => script })
const sharedWorker = () => new SharedWorker(trusted?.createScriptURL(script) ?? script, { type: 'module', name: 'syncward-v1' })

// Session is a login of this page and of all tabs that have one of the same name.
// What is kept here stands for the cookie that a real auth service would set.
export class Session {
  constructor(name) {
    this.key = `demo-session-${name}`
    this.auth = createSyncAuth({
      name, refresh: ({ signal }) => this.refresh(signal), sharedWorker: globalThis.SharedWorker && sharedWorker, backoff: { base: 500, cap: 5000 },
    })
  }

  // id is null before the first login, and '' after a logout.
  get id() { return localStorage.getItem(this.key) }
  set id(id) { localStorage.setItem(this.key, id) }

  // answers says whether the auth service does, to this login.
  get answers() { return localStorage.getItem(`${this.key}-answers`) !== 'no' }
  set answers(yes) {
    localStorage.setItem(`${this.key}-answers`, yes ? 'yes' : 'no')
    this.moved()
  }

  // onAnswers calls back now and when that changes, in this or another tab.
  onAnswers(tell) {
    this.moved = () => tell(this.answers)
    this.moved()
    addEventListener('storage', ({ key }) => { if (key === `${this.key}-answers`) this.moved() })
  }

  async refresh(signal) {
    if (!this.id) return null // nobody is logged in
    if (!this.answers) throw new Error('the auth service does not answer')
    return (await post('/auth/refresh', { session: this.id }, { signal, fetch: reach })).token
  }

  async login(user) {
    const { session, token } = await post('/auth/login', { user })
    this.id = session
    await this.auth.signIn(token)
  }

  // resume goes on with what other tabs, or the page before this one, left behind.
  async resume(user) {
    const { id } = this
    if (id === '') return
    if (id !== null) await this.auth.getToken()
    const known = id !== null && !['anonymous', 'signed-out'].includes(this.auth.state.status)
    if (!known && this.id === id) await this.login(user)
  }

  async logout() {
    const { id } = this
    this.id = ''
    await this.auth.signOut()
    await post('/auth/logout', { session: id })
  }

  // backdate comes back with a token that expired a while ago, as after a night's sleep.
  async backdate(expiredFor) {
    const { token } = await post('/auth/backdate', { session: this.id, expiredFor })
    await this.auth.signIn(token)
  }

  // spoil changes one character in the middle of the token's signature.
  async spoil() {
    const { token } = await post('/auth/refresh', { session: this.id })
    const i = token.lastIndexOf('.') + 20
    await this.auth.signIn(token.slice(0, i) + (token[i] === 'A' ? 'B' : 'A') + token.slice(i + 1))
  }
}
