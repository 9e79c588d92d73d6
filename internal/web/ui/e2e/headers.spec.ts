import { createHash } from 'node:crypto'
import { createSocket, type Socket } from 'node:dgram'
import { expect, test } from './tandem'

/** What a header holds that would be seen, and heard of, were it HTML. */
const evil = (what: string) => `<marquee>${what}</marquee><img src=x onerror=window.ouch='${what}'>`
const md5 = (s: string) => createHash('md5').update(s).digest('hex')

/** A telephone by hand, whose every header is hostile. It refuses all calls, in words of its own. */
class Telephone {
  me = ''
  private finals = new Map<string, (text: string) => void>()
  private cseq = 0
  constructor(private s: Socket, private sip: string) {}

  async begin(): Promise<this> {
    await new Promise<void>((done) => this.s.bind(0, '127.0.0.1', done))
    this.me = `127.0.0.1:${this.s.address().port}`
    this.s.on('message', (m) => this.heard(m.toString()))
    return this
  }

  private heard(text: string) {
    const line = (name: string) => text.split('\r\n').filter((l) => l.toLowerCase().startsWith(name + ':'))
    if (!text.startsWith('SIP/2.0')) {
      if (!text.startsWith('INVITE')) return
      this.say([`SIP/2.0 603 ${evil('Phrase')}`, ...line('via'), ...line('from'), line('to')[0] + ';tag=no', ...line('call-id'), ...line('cseq'),
        'Server: ' + evil('Server'), `Reason: Q.850;cause=21;text="${evil('Refusal')}"`], '')
    } else if (!text.startsWith('SIP/2.0 1')) this.finals.get(line('cseq')[0]!.slice(6).trim())?.(text)
  }

  private say(lines: string[], body: string) {
    const [host, port] = this.sip.split(':') as [string, string]
    this.s.send([...lines, `Content-Length: ${body.length}`, '', body].join('\r\n'), Number(port), host)
  }

  /** Sends a request and gives the final answer to it; an ACK has none. */
  async ask(method: string, uri: string, call: string, to: string, more: string[], body = ''): Promise<string> {
    const cseq = `${method === 'ACK' ? this.cseq : ++this.cseq} ${method}`
    const final = new Promise<string>((done, fail) => {
      const late = setTimeout(() => fail(new Error('no answer to ' + cseq)), 30_000)
      this.finals.set(cseq, (text) => { clearTimeout(late); done(text) })
      if (method === 'ACK') this.finals.get(cseq)!('')
    })
    this.say([`${method} ${uri} SIP/2.0`, `Via: SIP/2.0/UDP ${this.me};branch=z9hG4bK${cseq.replace(' ', '')};rport`, 'Max-Forwards: 70',
      `From: "${evil('From')}" <sip:evil@${this.me}>;tag=1`, to, 'Call-ID: ' + call, 'CSeq: ' + cseq, `Contact: "${evil('Contact')}" <sip:evil@${this.me}>`,
      ...['User-Agent', 'Subject', 'Organization', 'Call-Info', 'X-Evil'].map((h) => `${h}: ${evil(h)}`), `P-Asserted-Identity: "${evil('Identity')}" <sip:evil@127.0.0.1>`,
      `Diversion: "${evil('Diversion')}" <sip:x@y>;reason="${evil('Why')}"`, ...more], body)
    return final
  }

  async register(user: string, password: string, realm: string): Promise<string> {
    const uri = 'sip:' + realm
    const to = `To: <sip:${user}@${realm}>`
    const challenge = (await this.ask('REGISTER', uri, 'register', to, [])).split('\r\n').find((l) => /^WWW-Authenticate:.*algorithm=MD5\b/i.test(l)) ?? ''
    const of = (name: string) => new RegExp(name + '="([^"]*)"').exec(challenge)?.[1] ?? ''
    const proof = md5([md5([user, of('realm'), password].join(':')), of('nonce'), '00000001', 'c', 'auth', md5('REGISTER:' + uri)].join(':'))
    return this.ask('REGISTER', uri, 'register', to, [`Authorization: Digest username="${user}", realm="${of('realm')}", nonce="${of('nonce')}", uri="${uri}", response="${proof}", algorithm=MD5, qop=auth, nc=00000001, cnonce="c", opaque="${of('opaque')}"`])
  }

  /** A call that is hung up as soon as it is answered, for a hostile reason, after a hostile message. */
  async call(number: string): Promise<void> {
    const uri = `sip:${number}@${this.sip}`
    const id = `<marquee>Call-ID</marquee>${number.slice(1)}`
    const sdp = ['v=0', 'o=- 1 1 IN IP4 127.0.0.1', 's=' + evil('Session'), 'i=' + evil('Information'), 'c=IN IP4 127.0.0.1', 't=0 0', `m=audio ${this.me.split(':')[1]} RTP/AVP 0`, ''].join('\r\n')
    const said = await this.ask('INVITE', uri, id, `To: "${evil('To')}" <${uri}>`, ['Content-Type: application/sdp'], sdp)
    const to = said.split('\r\n').find((l) => /^to:/i.test(l))!
    await this.ask('ACK', uri, id, to, [])
    if (!said.startsWith('SIP/2.0 200')) return
    await this.ask('INFO', uri, id, to, ['Content-Type: text/html'], evil('Body'))
    await this.ask('INFO', uri, id, to, ['Content-Type: application/dtmf-relay'], `Signal=${evil('Signal')}\r\nDuration=100\r\n`)
    await this.ask('BYE', uri, id, to, [`Reason: SIP;cause=200;text="${evil('Reason')}"`])
  }
}

test('no header of a call and no body of it is HTML on its page, nor what a telephone calls itself', async ({ home, server }) => {
  test.setTimeout(120_000)
  const headers = { Origin: server.url }
  const made = await home.request.post(server.url + '/api/v1/extensions', { headers, data: { number: '88', name: 'Telephone', srtp: 'off' } })
  expect(made.status(), await made.text()).toBe(201)
  const ext = (await made.json()) as { username: string; password: string; realm: string }
  const number = await home.request.post(server.url + '/api/v1/numbers', { headers, data: { number: '+12025550144', to: { kind: 'extension', id: '88' } } })
  expect(number.status(), await number.text()).toBe(201)
  const s = createSocket('udp4')
  try {
    const telephone = await new Telephone(s, server.sip).begin()
    expect(await telephone.register(ext.username, ext.password, ext.realm)).toContain('SIP/2.0 200')
    await telephone.call('+12025550100')
    await telephone.call('+12025550144')
  } finally {
    s.close()
  }
  const nothingRuns = async () => {
    await expect(home.locator('marquee, img[src="x"]')).toHaveCount(0)
    expect(await home.evaluate(() => (window as unknown as { ouch?: string }).ouch)).toBeUndefined()
  }
  await home.goto(server.url + '/extensions')
  await expect(home.getByText('<marquee>User-Agent').first()).toBeVisible()
  await nothingRuns()
  const calls = (await (await home.request.get(server.url + '/api/v1/calls')).json()) as { items: { id: string }[] }
  expect(calls.items).toHaveLength(2)
  let shown = ''
  for (const { id } of calls.items) {
    await home.goto(`${server.url}/calls/${id}`)
    await expect(home.getByText('<marquee>From').first()).toBeVisible()
    shown += await home.getByRole('main').innerText()
    const more = home.getByRole('button', { name: 'more', exact: true })
    for (let left = await more.count(); left > 0; left--) {
      await more.nth(left - 1).click() // what was open before is closed by it
      shown += await home.locator('pre').first().innerText({ timeout: 5_000 })
      await nothingRuns()
    }
    for (const tab of ['Path', 'SIP', 'Sound quality', 'Recordings', 'Webhooks']) {
      await home.getByRole('tab', { name: tab, exact: true }).click()
      await nothingRuns()
    }
  }
  console.log('shown as text: ' + [...new Set([...shown.matchAll(/<marquee>([\w-]+)/g)].map((m) => m[1]))].join(', '))
  expect(shown).toContain('<marquee>Phrase')
})
