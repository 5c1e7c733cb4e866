// Token is what a client holds, and how old it is.
export class Token {
  constructor({ lifeMs, graceMs }) {
    this.lifeMs = lifeMs
    this.graceMs = graceMs
  }

  // set takes a grant, or undefined for none; spoilt: a button made it so, and
  // it must not be mended unasked.
  set(grant, spoilt = false) {
    this.text = grant?.token
    this.spoilt = spoilt
    this.broken = false
    this.expiresAt = grant?.expiresAt
    this.skew = grant ? grant.serverTime - Date.now() : 0
  }

  // break changes one character in the middle of the signature.
  break() {
    const i = this.text.lastIndexOf('.') + 20
    const other = this.text[i] === 'A' ? 'B' : 'A'
    this.text = this.text.slice(0, i) + other + this.text.slice(i + 1)
    this.broken = this.spoilt = true
  }

  // left is the time until it expires, in ms; below 0 it has.
  left() { return this.expiresAt - (Date.now() + this.skew) }

  inGrace() { return Boolean(this.text) && this.left() <= 0 && this.left() > -this.graceMs }

  due() { return Boolean(this.text) && !this.spoilt && this.left() < this.lifeMs / 4 }

  short() { return this.text && `${this.text.slice(0, 8)}…` }

  // state says it in words, and as the share that is left of life and grace.
  state() {
    if (!this.text) return { share: 0, level: 'none', words: 'no token' }
    if (this.broken) return { share: 1, level: 'bad', words: 'broken signature' }
    const left = this.left()
    const seconds = (ms) => `${Math.ceil(ms / 1000)} s`
    if (left > 0) return { share: left / this.lifeMs, level: 'ok', words: `valid for ${seconds(left)}` }
    if (left > -this.graceMs) return { share: 1 + left / this.graceMs, level: 'warn', words: `in grace for ${seconds(this.graceMs + left)}` }
    return { share: 0, level: 'bad', words: 'expired, past its grace' }
  }
}
