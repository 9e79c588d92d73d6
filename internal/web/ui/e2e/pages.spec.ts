import { readFileSync, readdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { gzipSync } from 'node:zlib'
import type { Page } from '@playwright/test'
import { picture, serious, settled } from './looks'
import { expect, test } from './tandem'

const built = resolve(import.meta.dirname, '../../dist/app')

/** The bench of an app, with something on it. */
const tries: Record<string, (page: Page) => Promise<void>> = {
  listen: async (page) => {
    await page.getByRole('button', { name: 'Hear it' }).click()
    await expect(page.getByRole('list', { name: 'Transcript' })).toBeVisible()
  },
  tests: async (page) => {
    await page.getByRole('button', { name: 'Write what is missing' }).click()
    await expect(page.getByRole('textbox', { name: 'Tests as text' })).toHaveValue(/test "/)
    await page.getByRole('button', { name: 'Run all' }).click()
    await expect(page.getByText(/^Reached: /)).toBeVisible()
  },
}

const places = ['', 'apps', 'calls', 'statistics', 'rooms', 'messages', 'sounds', 'hours', 'numbers', 'extensions', 'trunks', 'users', 'access', 'webhooks', 'account', 'audit', 'server', 'nothing-here']

test('axe finds nothing serious on any page, light or dark, wide or narrow, and no page is wider than a telephone', async ({ home, server }) => {
  test.setTimeout(300_000)
  await server.run('call', `sip:+12025550100@${server.sip}`, '--keys', '2s 1', '--for', '4s')
  const calls = await (await home.request.get(server.url + '/api/v1/calls')).json() as { items: { id: string }[] }
  const wrong: Record<string, string[]> = {}
  await home.emulateMedia({ reducedMotion: 'reduce' })
  const apps = await (await home.request.get(server.url + '/api/v1/apps')).json() as typeof calls
  for (const place of [...places, 'calls/' + calls.items[0]!.id, 'apps/' + apps.items[0]!.id, ...Object.keys(tries).map((k) => `apps/${apps.items[0]!.id}?try=${k}`)]) {
    const tried = place.split('?try=')[1]
    const name = tried ? 'editor-' + tried : place.startsWith('calls/') ? 'call' : place.startsWith('apps/') ? 'editor' : place || 'home'
    await home.setViewportSize({ width: 1280, height: 800 })
    await home.goto(`${server.url}/${place}`)
    await settled(home)
    if (tried) {
      await tries[tried]!(home)
      await home.mouse.move(0, 0)
      await home.getByRole('tablist', { name: 'Try it' }).scrollIntoViewIfNeeded()
    }
    await picture(home, name)
    for (const colorScheme of ['light', 'dark'] as const) {
      await home.emulateMedia({ colorScheme })
      await expect(home.locator('html')).toHaveAttribute('data-mantine-color-scheme', colorScheme)
      const found = await serious(home)
      if (found.length) wrong[`${name} ${colorScheme}`] = found
    }
    await home.emulateMedia({ colorScheme: 'light' })
    await home.setViewportSize({ width: 360, height: 740 })
    await expect(home.locator('html')).toHaveAttribute('data-mantine-color-scheme', 'light')
    await home.reload() // laid out anew: what is on its way elsewhere is not what a telephone shows
    await settled(home)
    await picture(home, name + '-phone')
    const found = await serious(home)
    const wide = await home.evaluate(() => document.documentElement.scrollWidth)
    if (wide > 360) found.push(`is ${wide} px wide`)
    if (found.length) wrong[`${name} narrow`] = found
  }
  expect(wrong).toEqual({})
})

test('log-in and set-up pass axe', async ({ page, server }) => {
  await page.goto(server.setup)
  await settled(page)
  await picture(page, 'setup')
  expect(await serious(page)).toEqual([])
  await page.goto(server.url + '/login')
  await settled(page)
  await picture(page, 'login')
  expect(await serious(page)).toEqual([])
})

test('the frame of every page is at most 200 kB of packed JavaScript, and its canvas is not in it', async ({ home, server }) => {
  await settled(home) // what the page before loads is not of this one
  const core = new Set<string>()
  home.on('response', (r) => { if (/\/assets\/.*\.js$/.test(r.url())) core.add(r.url().split('/assets/')[1]!) })
  const began = Date.now()
  await home.goto(server.url + '/nothing-here')
  await expect(home.getByRole('heading', { level: 1 })).toBeVisible()
  const first = Date.now() - began
  await settled(home)
  expect(readdirSync(join(built, 'assets')).filter((f) => f.endsWith('.js')).length).toBeGreaterThan(5) // pages are apart
  const bytes = [...core].reduce((sum, f) => sum + gzipSync(readFileSync(join(built, 'assets', f)), { level: 9 }).length, 0)
  console.log(`the frame: ${core.size} files of JavaScript, ${bytes} bytes packed; heading after ${first} ms`)
  expect(core.size).toBeGreaterThan(0)
  expect([...core].some((f) => f.startsWith('Canvas') || f.startsWith('Editor'))).toBe(false)
  expect(bytes).toBeLessThanOrEqual(200_000)
})

test('what callers and people name themselves does nothing but stand there', async ({ home, server }) => {
  const evil = '<img src=x onerror="window.ouch=1"><script>window.ouch=2</script>'
  const made = await home.request.post(server.url + '/api/v1/sounds/speech', { data: { text: 'Hello', name: evil }, headers: { Origin: server.url } })
  expect(made.status(), await made.text()).toBe(201)
  await callAs(server.sip, evil)
  for (const place of ['', 'calls', 'sounds']) {
    await home.goto(`${server.url}/${place}`)
    await expect(home.getByText('<img src=x').first()).toBeVisible()
  }
  await home.goto(server.url + '/calls')
  await home.getByRole('link', { name: /<img src=x/ }).first().click()
  await expect(home.getByRole('tab', { name: 'SIP' })).toBeVisible()
  for (const tab of ['Timeline', 'Path', 'SIP']) await home.getByRole('tab', { name: tab }).click()
  await expect(home.locator('img[src="x"]')).toHaveCount(0)
  expect(await home.evaluate(() => (window as unknown as { ouch?: number }).ouch)).toBeUndefined()
})

test('hostile names stand on every page of things as text, and nothing is pushed out of its place', async ({ home, server }) => {
  test.setTimeout(120_000)
  const evil = '<img src=x onerror="window.ouch=1">'
  const hostile = [evil, '\u202eEVIL\u202c ‮gnp.exe', '😀'.repeat(30), 'W'.repeat(100)]
  const headers = { Origin: server.url }
  const make = async (path: string, data: unknown, wanted: number[], method: 'post' | 'put' = 'post') => {
    const r = await home.request[method](server.url + '/api/v1' + path, { headers, data })
    expect(wanted, `${path}: ${await r.text()}`).toContain(r.status())
    return (await r.json()) as { id?: string }
  }
  const long = 'X'.repeat(10_000)
  for (const path of ['/hours', '/sounds/speech', '/users', '/webhooks']) { // 10 kB are refused by the server, not by the page alone
    const r = await home.request.post(server.url + '/api/v1' + path, { headers, data: { name: long, first_name: long, text: 'a', url: 'http://127.0.0.1:9/' + long, events: ['*'], open: [], holidays: [] } })
    expect(r.status(), path).toBe(422)
  }
  for (const [i, name] of hostile.entries()) {
    await make('/hours', { name, open: [], holidays: [{ date: '12-24', name }] }, [201])
    const user = await make('/users', { first_name: name.slice(0, 50), last_name: name.slice(0, 50), email: `u${i}@example.com`, role: 'regular' }, [201])
    await make('/mailboxes/' + user.id, { greeting: name }, [200], 'put')
    await make('/webhooks', { url: 'http://127.0.0.1:9/' + i, events: ['call.ended'], description: name }, [201])
    const app = await make('/apps', { kind: 'native', name, publish: true, document: { flow: 1, name, start: 'room', steps: { room: { hours: { named: name }, label: name, open: 'bye', closed: 'bye' }, bye: { hang_up: { words: name } } } } }, [201])
    await make('/numbers', { number: '+1202555013' + i, to: { kind: 'app', id: app.id } }, [201])
  }
  const long10 = hostile[3]!
  await home.request.patch(server.url + '/api/v1/account', { headers, data: { name: evil } })
  await callAs(server.sip, long10)
  await home.setViewportSize({ width: 360, height: 740 })
  for (const [place, shown] of Object.entries({ hours: evil, messages: evil, users: '<img src=x', webhooks: evil, apps: evil, numbers: evil, audit: evil, account: '', statistics: '', rooms: '', server: '', calls: long10 })) {
    await home.goto(`${server.url}/${place}`)
    await settled(home)
    if (shown) await expect(home.getByRole('main').getByText(shown).first(), place).toBeAttached()
    expect(await home.evaluate(() => document.documentElement.scrollWidth), place + ' is too wide').toBeLessThanOrEqual(360)
    await expect(home.locator('img[src="x"]'), place).toHaveCount(0)
  }
  expect(await home.evaluate(() => (window as unknown as { ouch?: number }).ouch)).toBeUndefined()
})

/** A call from a caller of that display name, hung up as soon as it is answered. */
async function callAs(sip: string, name: string): Promise<void> {
  const { createSocket } = await import('node:dgram')
  const [host, port] = sip.split(':') as [string, string]
  const s = createSocket('udp4')
  await new Promise<void>((done) => s.bind(0, '127.0.0.1', done))
  const me = `127.0.0.1:${s.address().port}`
  const quoted = name.replace(/["\\]/g, (c) => '\\' + c)
  const sdp = ['v=0', 'o=- 1 1 IN IP4 127.0.0.1', 's=-', 'c=IN IP4 127.0.0.1', 't=0 0', `m=audio ${s.address().port} RTP/AVP 0`, ''].join('\r\n')
  const message = (method: string, cseq: number, branch: string, to: string, body: string) => [
    `${method} sip:+12025550100@${sip} SIP/2.0`, `Via: SIP/2.0/UDP ${me};branch=z9hG4bK${branch};rport`, 'Max-Forwards: 70',
    `From: "${quoted}" <sip:evil@${me}>;tag=1`, to, 'Call-ID: hostile', `CSeq: ${cseq} ${method}`, `Contact: <sip:evil@${me}>`,
    ...(body ? ['Content-Type: application/sdp'] : []), `Content-Length: ${body.length}`, '', body].join('\r\n')
  try {
    await new Promise<void>((done, fail) => {
      const late = setTimeout(() => fail(new Error('the call was not answered')), 20_000)
      s.on('message', (m) => {
        const text = m.toString()
        const to = /^To:.*$/im.exec(text)?.[0].trim() ?? ''
        if (text.startsWith('SIP/2.0 200') && /CSeq: 1 INVITE/i.test(text)) {
          s.send(message('ACK', 1, 'ack', to, ''), Number(port), host)
          s.send(message('BYE', 2, 'bye', to, ''), Number(port), host)
        } else if (/^SIP\/2.0 200[^]*CSeq: 2 BYE/i.test(text)) {
          clearTimeout(late)
          done()
        } else if (/^SIP\/2.0 [3-6]/.test(text)) {
          clearTimeout(late)
          fail(new Error(text))
        }
      })
      s.send(message('INVITE', 1, 'inv', `To: <sip:+12025550100@${sip}>`, sdp), Number(port), host)
    })
  } finally {
    s.close()
  }
}
