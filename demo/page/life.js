// Life is how old the token is, by the server's clock.
export class Life {
  constructor({ lifeMs, graceMs }) {
    this.lifeMs = lifeMs
    this.graceMs = graceMs
    this.skew = 0
  }

  // heard takes the server's clock.
  heard(serverTime) { this.skew = serverTime - Date.now() }

  // state says it in words, and as the share that is left of life and grace.
  state(expiresAt) {
    if (expiresAt === null) return { share: 0, level: 'none', words: 'no token' }
    const left = expiresAt - Date.now() - this.skew
    const seconds = (ms) => `${Math.ceil(ms / 1000)} s`
    if (left > 0) return { share: left / this.lifeMs, level: 'ok', words: `valid for ${seconds(left)}` }
    if (left > -this.graceMs) return { share: 1 + left / this.graceMs, level: 'warn', words: `in grace for ${seconds(this.graceMs + left)}` }
    return { share: 0, level: 'bad', words: 'expired, past its grace' }
  }
}
