import { createQueue, SyncSocket } from './vendor/client.js'
import { clock, el, hue, tag } from './dom.js'
import { Life } from './life.js'
import { meaning } from './meaning.js'
import { cable, hurry, isOffline, onSwitch } from './network.js'
import { Session } from './session.js'
import { Stranger } from './stranger.js'

export const room = 'test-123'
const others = ['alice', 'bob', 'carol', 'dave']
const address = `${location.protocol.replace('http', 'ws')}//${location.host}/sync`
const keepHistory = 30
let made = 0

// Not crypto.randomUUID: over plain http only loopback has it.
const newId = () => [...crypto.getRandomValues(new Uint8Array(6))].map((b) => b.toString(16).padStart(2, '0')).join('')

// Client is one panel: @syncward/client's session, socket and queue, and what
// they tell. Panels of one name in several tabs are one login.
export class Client {
  constructor(settings, name) {
    this.settings = settings
    this.life = new Life(settings)
    this.root = document.getElementById('client').content.firstElementChild.cloneNode(true)
    this.at = Object.fromEntries([...this.root.querySelectorAll('[data-at]')].map((e) => [e.dataset.at, e]))
    this.seq = 0
    this.happened = 0
    this.pending = new Map() // event id → its line
    this.label()
    this.buttons()
    this.connect(name)
    this.stranger = new Stranger(address, room, (...words) => this.say(...words))
    this.changed()
    setInterval(() => this.meter(), 250)
  }

  label() {
    made++
    for (const label of this.root.querySelectorAll('[data-for]')) {
      this.at[label.dataset.for].id = label.htmlFor = `${label.dataset.for}-${made}`
    }
  }

  buttons() {
    for (const e of this.root.querySelectorAll('[data-do]')) {
      e.addEventListener(e.tagName === 'FORM' ? 'submit' : 'click', (event) => {
        event.preventDefault()
        this[e.dataset.do]().catch((error) => this.say('bad', error.message))
      })
    }
    this.at.answers.addEventListener('change', () => { this.session.answers = this.at.answers.checked })
  }

  // connect is all that an application does to use the package.
  connect(name) {
    this.session = new Session(name)
    const { auth } = this.session
    this.socket = new SyncSocket(address, {
      auth, anonymous: 'wait', WebSocket: cable((frame) => this.sent(frame)),
      init: () => ({ type: 'init', instanceId: room, since: this.seq || undefined }),
    })
    this.queue = createQueue({ socket: this.socket, auth, instanceId: room })
    auth.subscribe((state) => this.changed(state))
    this.queue.subscribe(({ pending }) => { this.at.queue.textContent = pending })
    this.listen(this.socket)
    onSwitch(() => this.changed())
    this.session.onAnswers((yes) => {
      this.at.answers.checked = yes
      if (yes) hurry()
    })
  }

  listen(socket) {
    socket.addEventListener('open', () => { this.refusal = null; this.fresh = true; this.changed() })
    socket.addEventListener('message', ({ data }) => this.got(JSON.parse(data)))
    socket.addEventListener('disconnect', ({ detail }) => this.lost(detail))
    socket.addEventListener('close', (close) => this.lost({ ...close, code: close.code, reason: close.reason, refusal: close.reason, next: 'stop' }))
    socket.addEventListener('auth.ok', ({ detail }) => this.accepted(detail))
    socket.addEventListener('auth.warning', () => this.say('warn', 'The token has expired; Syncward still takes it.'))
  }

  // The buttons, by their data-do.

  login(name = this.at.name.value.trim()) { return this.session.login(name) }

  someoneElse() {
    return this.login(others[(others.indexOf(this.session.auth.state.userId) + 1) % others.length])
  }

  // Ends the session in all tabs, and all of the user's connections on the server.
  logout() { return this.session.logout() }

  // On an open connection the fresh token goes up in an auth.refresh.
  async refresh() {
    this.need()
    await this.session.auth.getToken({ forceRefresh: true })
  }

  async expire() {
    this.need()
    await this.session.backdate(2000)
  }

  async pastGrace() {
    this.need()
    await this.session.backdate(this.settings.graceMs + 2000)
  }

  async breakIt() {
    this.need()
    await this.session.spoil()
  }

  async noToken() { this.stranger.knock() }

  async reconnect() { this.socket.reconnect() }

  async send() {
    const event = { id: newId(), text: this.at.text.value }
    this.at.text.value = ''
    this.wait(event)
    await this.queue.push(event).catch((error) => {
      this.pending.get(event.id)?.remove()
      throw error
    })
  }

  need() {
    if (!this.session.id) throw new Error('Logged out: log in first.')
  }

  // What happens.

  // sent shows the first frame of a connection, but for its token.
  sent(frame) {
    this.at.sent.textContent = frame.replace(/("authToken":"[^"]{8})[^"]*/, '$1…')
  }

  accepted({ serverTime, status }) {
    this.life.heard(serverTime)
    this.status = status
    if (!this.fresh && this.socket.readyState === WebSocket.OPEN && this.told !== undefined) this.say('ok', 'Refreshed on the open connection.')
  }

  got(message) {
    if (message.type === 'ready') this.ready(message.userId ?? '')
    if (message.type === 'event') this.event(message)
    if (message.type === 'error') this.say('bad', `The server says: ${message.message}.`)
  }

  ready(told) {
    this.told = told
    this.fresh = false
    const who = told ? `The server was told: ${told}.` : 'The server was told nobody’s name.'
    const grace = told && this.status === 'grace'
    this.say(told && !grace ? 'ok' : 'warn', grace ? `${who} The token has expired; it is accepted in grace.` : who)
  }

  event({ seq, userId, event }) {
    this.pending.get(event.id)?.remove()
    this.pending.delete(event.id)
    if (seq <= this.seq) return
    this.seq = seq
    // What is injected is overwritten, so it says the same as the header does. Where
    // nothing is injected (off) it is a claim of whoever wrote the event.
    const { userId: author, timestamp } = event.metadata ?? {}
    const proven = author === userId && author !== undefined
    const list = this.at.events
    list.insertBefore(this.line(tag(proven ? author : ''), String(event.text ?? JSON.stringify(event)), proven ? clock(timestamp) : ''),
      list.querySelector('.waiting'))
    list.scrollTop = list.scrollHeight
  }

  // wait shows an event that is in the queue.
  wait({ id, text }) {
    const line = this.line(tag(this.session.auth.state.userId), text, 'waiting')
    line.className = 'waiting'
    this.pending.set(id, line)
    this.at.events.append(line)
    this.at.events.scrollTop = this.at.events.scrollHeight
  }

  // line is an event: who, what, when.
  line(who, text, when) { return el('li', '', who, el('span', 'text', text), el('time', '', when)) }

  lost({ code, reason, refusal, next }) {
    this.told = undefined
    this.refusal = refusal
    if (isOffline()) this.say('warn', 'Offline: what is sent now waits.')
    else if (code !== 1012 || refusal) this.say('bad', meaning(code, reason), el('code', 'code', `${code} ${reason}`.trim()))
    if (next === 'stop') this.say('bad', 'It does not come back by itself.')
    this.changed()
  }

  // changed shows who is logged in, and how the connection stands.
  changed(state = this.session.auth.state) {
    const { status, userId, error } = state
    if (status !== this.was) this.explain(status, error)
    this.was = status
    this.at.login.textContent = status === 'offline' ? 'not refreshed' : status
    this.user(userId)
    const [level, words] = this.connection(status)
    this.at.state.className = `pill ${level}`
    this.at.state.textContent = words
    this.meter()
  }

  explain(status, error) {
    if (status === 'signed-out') this.say(error ? 'bad' : 'idle', error ? `Logged out: ${error}.` : 'Logged out, in all tabs: the token is gone.')
    if (status === 'offline' && !isOffline()) this.say('warn', 'The auth service does not answer. The token is kept.')
  }

  connection(status) {
    if (isOffline()) return ['warn', 'offline']
    if (status === 'signed-out' || (status === 'anonymous' && !this.session.id)) return ['idle', 'logged out']
    if (this.socket.readyState === WebSocket.OPEN) return ['ok', 'connected']
    return this.refusal ? ['bad', 'refused'] : ['busy', 'connecting']
  }

  user(userId) {
    if (this.shown === userId) return
    this.shown = userId
    for (const line of this.pending.values()) line.remove() // kept in the queue, under whose they are
    this.pending.clear()
    if (userId === null) return // the last one may come back
    this.at.who.textContent = this.at.name.value = userId
    this.root.setAttribute('aria-label', `Client ${userId}`)
    this.at.avatar.className = `avatar ${hue(userId)}`
    this.at.avatar.textContent = userId[0].toUpperCase()
  }

  // meter shows what is left of the token.
  meter() {
    const { share, words, level } = this.life.state(this.session.auth.state.expiresAt)
    this.at.life.value = share
    this.at.life.className = level
    this.at.left.textContent = words
  }

  // say adds a line to what has happened, the newest first.
  say(level, words, ...before) {
    const { history } = this.at
    const line = el('li', level, el('time', '', clock(Date.now())), el('span', `dot ${level}`), el('span', 'words', ...before, words))
    line.dataset.n = ++this.happened
    const same = history.firstElementChild?.lastElementChild.textContent === line.lastElementChild.textContent
    if (same) history.firstElementChild.replaceWith(line) // with the newer time
    else history.prepend(line)
    while (history.children.length > keepHistory) history.lastElementChild.remove()
  }
}
