import { el, tag, clock } from './dom.js'

const every = 400 // ms
const keepLines = 80
const keepConnections = 8
const identity = /^x-sync-/i
const token = /"authToken"|bearer/i

// follow asks for news for ever and shows them. modeChanged hears what is in
// force, lost whether the demo answers.
export async function follow({ log, server, modeChanged, lost }) {
  const connections = new Connections(server)
  for (let after = 0; ; await new Promise((wake) => setTimeout(wake, every))) {
    try {
      const news = await (await fetch(`/feed?after=${after}`)).json()
      lost(false)
      if (news.last < after) location.reload() // another run
      after = news.last
      modeChanged(news.mode)
      for (const entry of news.entries) {
        if (entry.kind === 'log') line(log, entry.line)
        else connections.show(entry)
      }
    } catch {
      lost(true)
    }
  }
}

// line shows one log line: in words, and as it is.
function line(list, it) {
  const [level, words] = inWords(it)
  const summary = el('summary', '', el('time', '', clock(it.ts)), el('span', `dot ${level}`), el('span', 'what', ...words))
  list.prepend(el('li', '', el('details', '', summary, el('code', 'raw', JSON.stringify(it)))))
  while (list.children.length > keepLines) list.lastElementChild.remove()
}

function inWords(it) {
  const say = (text) => el('span', 'words', text)
  const code = (text) => el('code', 'code', text)
  if (it.msg === 'auth') {
    if (it.code && !it.status) return ['bad', [say('refused'), code(it.code), say(`${it.reason.replaceAll('_', ' ')}`)]]
    if (it.code) return ['warn', [say('admitted as'), tag('anonymous'), say('instead of'), code(it.code)]]
    if (it.mode === 'off') return ['warn', [say('relayed unread: mode off')]]
    const level = it.status === 'valid' ? 'ok' : 'warn'
    const late = it.expired_for > 0 ? `, expired ${it.expired_for} s ago` : ''
    return [level, [say('admitted'), tag(it.user_id), say(`${it.status}${late}`)]]
  }
  if (it.msg === 'mode') return ['warn', [say(`mode ${it.was} → ${it.is}`)]]
  if (it.msg === 'configuration') return ['info', [say(`${it.variable}: ${it.warning ?? it.disagreement}`)]]
  return [it.level === 'error' ? 'bad' : 'info', [say(it.msg)]]
}

// Connections are the cards of the legacy server's connections.
class Connections {
  constructor(root) {
    this.root = root
    this.cards = new Map()
  }

  show(entry) {
    if (entry.kind === 'connected') return this.open(entry)
    const card = this.cards.get(entry.connection)
    if (!card) return // older than what is kept
    if (entry.kind === 'gone') card.state.textContent = 'closed'
    if (entry.kind === 'message') this.frame(card, entry.text)
  }

  open({ connection, target, headers, assertion }) {
    const header = (name) => headers.find(([n]) => n.toLowerCase() === name)?.[1]
    const state = el('span', 'state', 'open')
    const status = header('x-sync-auth-status')
    const proof = !assertion ? el('span', 'seal warn', 'no identity headers')
      : assertion.ok ? el('span', 'seal ok', 'signature verified') : el('span', 'seal bad', `assertion: ${assertion.error}`)
    const seal = el('span', 'seal')
    const frames = el('ol', 'frames')
    const rank = (name) => (identity.test(name) ? 2 : 0) - /assertion/i.test(name) // ours first, the long one last of them
    const rows = headers.toSorted(([a], [b]) => rank(b) - rank(a))
      .map(([name, value]) => el('div', identity.test(name) ? 'ours' : '', el('dt', '', name), el('dd', '', value)))
    const card = el('article', 'connection',
      el('h3', '', `#${connection}`, tag(header('x-sync-user-id')), el('span', 'status', status ?? ''), state),
      el('p', 'seals', seal, proof), frames,
      el('details', 'headers', el('summary', '', `${headers.length} request headers of GET ${target}`), el('dl', '', ...rows)))
    this.cards.set(connection, { card, state, seal, frames, leaked: headers.some(([, value]) => token.test(value)) })
    this.root.querySelector('.empty')?.remove()
    this.root.prepend(card)
    card.querySelector('details').open = true
    card.nextElementSibling?.querySelector('details')?.removeAttribute('open')
    while (this.cards.size > keepConnections) {
      const [oldest, { card: gone }] = this.cards.entries().next().value
      gone.remove()
      this.cards.delete(oldest)
    }
  }

  frame(card, text) {
    card.leaked ||= token.test(text)
    card.seal.className = `seal ${card.leaked ? 'bad' : 'ok'}`
    card.seal.textContent = card.leaked ? 'token arrived' : 'no token'
    card.frames.append(el('li', token.test(text) ? 'leak' : '', el('code', '', text)))
    if (card.frames.children.length > 4) card.frames.children[1].remove() // the first stays
  }
}
