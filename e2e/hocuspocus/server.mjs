// A Hocuspocus server of the version VERSION (2, 3 or 4). It authenticates
// nobody, or with TOKEN set whoever sends that.
// Out, one JSON object a line: {"listening":true}, {"connected":"document",
// "headers":{…}}, {"token":"…","document":"…"}.
const version = process.env.VERSION
const { Server } = await import(version === '4' ? '@hocuspocus/server' : `hocuspocus-server-${version}`)

const say = (event) => process.stdout.write(`${JSON.stringify(event)}\n`)
const plain = (headers) => (headers instanceof Headers ? Object.fromEntries(headers) : headers)

const configuration = {
  address: '127.0.0.1',
  port: Number(process.env.PORT),
  quiet: true,
  onConnect: async ({ documentName, requestHeaders }) => say({ connected: documentName, headers: plain(requestHeaders) }),
}
if (process.env.TOKEN !== undefined) {
  configuration.onAuthenticate = async ({ token, documentName }) => {
    say({ token, document: documentName })
    if (token !== process.env.TOKEN) throw new Error('not that one')
  }
}
const server = version === '2' ? Server.configure(configuration) : new Server(configuration)
await server.listen()
say({ listening: true })
