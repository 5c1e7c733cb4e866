// Small helpers: elements are made of text, never of markup.

// el makes an element: el('span', 'class names', child or text, …).
export function el(tag, classes, ...children) {
  const e = document.createElement(tag)
  if (classes) e.className = classes
  e.append(...children)
  return e
}

// post sends JSON and returns the answer's JSON; an error bears its message, and
// the status.
export async function post(path, body, { fetch = globalThis.fetch, signal } = {}) {
  const answer = await fetch(path, {
    method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body), signal,
  })
  if (answer.status === 204) return undefined
  const json = await answer.json().catch(() => ({ error: `status ${answer.status}` }))
  if (!answer.ok) throw Object.assign(new Error(json.error), { status: answer.status })
  return json
}

// hue gives each name one of six colours, always the same.
export function hue(name) {
  let sum = 0
  for (const c of name) sum = (sum * 7 + c.codePointAt(0)) % 997
  return `u${sum % 6}`
}

// tag shows who an event or a connection is from, as the server was told.
export function tag(user) {
  if (!user) return el('span', 'tag nobody', 'nobody')
  return el('span', `tag ${user === 'anonymous' ? 'nobody' : hue(user)}`, user)
}

// clock writes a moment as hours, minutes and seconds.
export function clock(when) {
  return new Date(when).toLocaleTimeString('en-GB')
}
