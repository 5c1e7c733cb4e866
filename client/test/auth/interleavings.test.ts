// Tabs that are opened, frozen, thawed and killed while users come and go and
// the network fails, in orders drawn by lot. Whatever the order: no token of a
// login that was ended is handed out, all tabs end with one state, and a login
// ends only by a logout or a true refusal.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Browser, type Tab, type Way } from '../sim/browser.js'
import { AuthServer, claimsOf } from '../sim/server.js'
import { World } from '../sim/world.js'

class Story {
  readonly world: World
  readonly server: AuthServer
  readonly browser: Browser
  readonly tabs: Tab[] = []
  readonly faults: string[] = []
  readonly told: string[] = []
  #ended = new Set<unknown>() // logins
  #loggedOut = 0

  constructor(seed: number, way: Way, readonly keepsToken: boolean) {
    this.world = new World(seed)
    this.server = new AuthServer(this.world)
    this.browser = new Browser(this.world, this.server, way)
    this.browser.keepsToken = keepsToken
    this.server.lifetime = 60
  }

  #awake(): Tab[] { return this.tabs.filter((tab) => !this.world.isFrozen(tab.name)) }

  #pick(tabs: Tab[]): Tab | undefined { return tabs[this.world.draw(tabs.length)] }

  #tell(what: string): void { this.told.push(`${this.world.now % 1e7} ${what}`) }

  open(): void {
    if (this.tabs.length >= 5) return
    const tab = this.browser.open({ refreshTimeout: 5_000 })
    this.#tell(`open ${tab.name}`)
    tab.auth.subscribe((state) => this.#tell(`${tab.name} is ${state.status} ${state.epoch} ${state.error}`))
    this.tabs.push(tab)
  }

  kill(): void {
    const tab = this.#pick(this.tabs)
    if (tab === undefined || this.tabs.length < 2) return
    this.#tell(`kill ${tab.name}`)
    this.browser.kill(tab)
    this.tabs.splice(this.tabs.indexOf(tab), 1)
  }

  freeze(): void {
    const tab = this.#pick(this.#awake())
    if (tab === undefined || this.#awake().length < 2) return
    this.#tell(`freeze ${tab.name}`)
    this.world.freeze(tab.name)
  }

  thaw(): void {
    for (const tab of this.tabs) {
      if (!this.world.isFrozen(tab.name)) continue
      this.#tell(`thaw ${tab.name}`)
      this.world.thaw(tab.name)
      if (this.world.draw(2) === 0) tab.wake()
    }
  }

  signIn(): void {
    const tab = this.#pick(this.#awake())
    if (tab === undefined) return
    const user = ['alice', 'bob'][this.world.draw(2)] as string
    this.#tell(`${tab.name} signs in ${user}`)
    tab.auth.signIn(this.server.login(user)).catch((error: unknown) => this.#tell(String(error)))
  }

  signOut(): void {
    const tab = this.#pick(this.#awake())
    if (tab === undefined || tab.auth.state.status === 'signed-out') return
    // Only what this tab knows is ended: who logs in elsewhere meanwhile stays.
    const { epoch } = tab.auth.state
    this.#tell(`${tab.name} signs out of ${epoch}`)
    this.#loggedOut = Math.max(this.#loggedOut, epoch + 1)
    void tab.auth.signOut()
  }

  async ask(): Promise<void> {
    const tab = this.#pick(this.tabs)
    if (tab === undefined) return
    const dead = new Set(this.#ended)
    const over = this.#loggedOut
    void tab.auth.getToken({ forceRefresh: this.world.draw(4) === 0 }).then((token) => {
      if (token === null) return
      const { login } = claimsOf(token)
      this.#tell(`${tab.name} got a token of login ${String(login)} in ${tab.auth.state.epoch}`)
      if (dead.has(login)) this.faults.push(`${tab.name} handed out a token of login ${String(login)}, which had ended`)
      if (tab.auth.state.epoch < over) this.faults.push(`${tab.name} handed out a token in epoch ${tab.auth.state.epoch}, and ${over} had begun`)
    })
  }

  async play(steps: number): Promise<void> {
    const acts = [this.open, this.open, this.kill, this.freeze, this.freeze, this.thaw, this.thaw, this.signIn, this.signOut, this.ask, this.ask, this.ask]
    this.open()
    for (let i = 0; i < steps; i++) {
      acts[this.world.draw(acts.length)]?.call(this)
      this.server.reachable = this.world.draw(5) > 0
      await this.world.pass([0, 5, 50, 500, 20_000, 90_000][this.world.draw(6)] as number)
    }
    this.server.reachable = true
    this.thaw()
    for (const tab of this.tabs) tab.wake(true)
    await this.world.pass(120_000)
  }

  judge(): void {
    const states = this.tabs.map(({ auth }) => auth.state)
    for (const state of states) {
      if (JSON.stringify(state) !== JSON.stringify(states[0])) this.faults.push(`states differ: ${JSON.stringify(states)}`)
    }
    if (states[0]?.error === 'REFRESH_REFUSED' && this.server.refused === 0) this.faults.push('signed out, though the server never refused')
    assert.deepEqual(this.faults, [], this.told.join('\n'))
  }
}

for (const way of ['worker', 'locks', 'chance'] as const) {
  for (const keepsToken of [false, true]) {
    test(`in whatever order things happen, by ${way}, ${keepsToken ? 'with' : 'without'} the token stored`, async () => {
      for (let seed = 1; seed <= Number(process.env['SYNCWARD_SEEDS'] ?? 12); seed++) {
        const story = new Story(seed, way, keepsToken)
        await story.play(60)
        try {
          story.judge()
        } catch (error) {
          throw new Error(`seed ${seed}`, { cause: error })
        }
      }
    })
  }
}
