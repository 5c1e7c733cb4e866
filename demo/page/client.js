import { el, hue, post, tag } from './dom.js'
import { meaning } from './meaning.js'
import { Token } from './token.js'

export const room = 'test-123'
const others = ['alice', 'bob', 'carol', 'dave']
let made = 0

// Not crypto.randomUUID: over plain http only loopback has it.
const newId = () => [...crypto.getRandomValues(new Uint8Array(6))].map((b) => b.toString(16).padStart(2, '0')).join('')

// Client is one panel: a user, a token, and at most one connection.
export class Client {
  constructor(settings) {
    this.settings = settings
    this.root = document.getElementById('client').content.firstElementChild.cloneNode(true)
    this.at = Object.fromEntries([...this.root.querySelectorAll('[data-at]')].map((e) => [e.dataset.at, e]))
    made++
    for (const label of this.root.querySelectorAll('[data-for]')) {
      this.at[label.dataset.for].id = label.htmlFor = `${label.dataset.for}-${made}`
    }
    for (const e of this.root.querySelectorAll('[data-do]')) {
      e.addEventListener(e.tagName === 'FORM' ? 'submit' : 'click', (event) => {
        event.preventDefault()
        this[e.dataset.do]().catch((error) => this.say('bad', error.message))
      })
    }
    this.seq = 0
    this.token = new Token(settings)
    this.show('idle', 'logged out')
    setInterval(() => this.tick(), 250)
  }

  // The buttons, by their data-do.

  login(name = this.at.name.value.trim()) {
    return this.loggedIn(() => post('/auth/login', { user: name }))
  }

  someoneElse() {
    const next = others[(others.indexOf(this.user) + 1) % others.length]
    return this.login(next)
  }

  // Log-out is the auth service's; Syncward hears of it when no token comes.
  async logout() {
    await post('/auth/logout', { session: this.session })
    this.session = undefined
    this.token.set(undefined)
    this.connect()
    this.note = 'Logged out: the token is gone from this page and there will be no new one.'
  }

  // On an open connection a fresh token goes up in a second init.
  async refresh() {
    this.take(await post('/auth/refresh', { session: this.session }))
    if (this.told !== this.user || this.socket?.readyState !== WebSocket.OPEN) return this.connect()
    this.init()
    this.say('ok', 'Refreshed on the open connection: a second init, its token taken out as well.')
  }

  expire() { return this.backdate(2000) }
  pastGrace() { return this.backdate(this.settings.graceMs + 2000) }

  async breakIt() {
    await this.needToken()
    this.token.break()
    this.connect()
  }

  async noToken() {
    this.token.set(undefined)
    this.connect()
  }

  async reconnect() { this.connect() }

  async send() {
    if (this.socket?.readyState !== WebSocket.OPEN) throw new Error('Not connected: log in or refresh first.')
    this.socket.send(JSON.stringify({ type: 'event', event: { id: newId(), text: this.at.text.value } }))
    this.at.text.value = ''
  }

  // What they are made of.

  async backdate(expiredFor) {
    this.take(await post('/auth/backdate', { session: this.session, expiredFor }), true)
    this.connect()
  }

  async needToken() {
    if (!this.token.text) this.take(await post('/auth/refresh', { session: this.session }))
  }

  async loggedIn(ask) {
    this.take(await ask())
    this.connect()
  }

  take(grant, spoilt) {
    this.session = grant.session
    this.user = grant.user
    this.at.who.textContent = grant.user
    this.at.name.value = grant.user
    this.root.setAttribute('aria-label', `Client ${grant.user}`)
    const avatar = this.root.querySelector('.avatar')
    avatar.className = `avatar ${hue(grant.user)}`
    avatar.textContent = grant.user[0].toUpperCase()
    this.token.set(grant, spoilt)
  }

  connect() {
    this.leave()
    this.note = this.told = undefined
    this.show('busy', 'connecting')
    const socket = new WebSocket(`${location.protocol.replace('http', 'ws')}//${location.host}/sync`)
    this.socket = socket
    socket.onopen = () => this.init()
    socket.onmessage = (message) => socket === this.socket && this.got(JSON.parse(message.data))
    socket.onclose = (close) => socket === this.socket && this.closed(close)
  }

  // A socket that is not open yet is closed when it is: browsers complain of less.
  leave() {
    const old = this.socket
    if (old?.readyState === WebSocket.CONNECTING) old.onopen = () => old.close(1000)
    else old?.close(1000)
  }

  init() {
    const frame = { type: 'init', instanceId: room, since: this.seq || undefined, authToken: this.token.text }
    if (this.socket.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(frame))
    this.at.sent.textContent = JSON.stringify({ ...frame, authToken: this.token.short() })
  }

  got(message) {
    if (message.type === 'ready' && this.told === undefined) {
      this.told = message.userId ?? ''
      this.show('ok', 'connected')
      const told = this.told ? `The server was told: ${this.told}.` : 'The server was told nobody’s name.'
      this.say(this.told === this.user ? 'ok' : 'warn', this.token.inGrace() ? `${told} The token has expired; it is accepted in grace.` : told)
    }
    if (message.type === 'event') this.event(message)
    if (message.type === 'error') this.say('bad', `The server says: ${message.message}.`)
  }

  event({ seq, userId, event }) {
    if (seq <= this.seq) return
    this.seq = seq
    const list = this.at.events
    list.append(el('li', '', tag(userId), el('span', 'text', String(event.text ?? JSON.stringify(event)))))
    list.scrollTop = list.scrollHeight
  }

  closed({ code, reason }) {
    this.show('bad', this.told === undefined ? 'refused' : 'closed')
    this.told = undefined
    this.say('bad', meaning(code, reason), el('code', 'code', `${code} ${reason}`.trim()))
  }

  // meter shows what is left of the token.
  meter() {
    const { share, words, level } = this.token.state()
    this.at.life.value = share
    this.at.life.className = level
    this.at.left.textContent = words
  }

  // tick moves the meter, and refreshes the token in time.
  tick() {
    this.meter()
    if (!this.at.auto.checked || this.refreshing || this.told !== this.user || !this.token.due()) return
    this.refreshing = true
    this.refresh().catch((error) => this.say('bad', error.message)).finally(() => { this.refreshing = false })
  }

  show(level, words) {
    this.at.state.className = `pill ${level}`
    this.at.state.textContent = words
    this.meter()
  }

  say(level, words, ...before) {
    this.at.outcome.className = `outcome ${level}`
    this.at.outcome.replaceChildren(...before, [words, this.note].filter(Boolean).join(' '))
    this.note = undefined
  }
}
