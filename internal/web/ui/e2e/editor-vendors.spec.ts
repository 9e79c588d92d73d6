import { rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Page } from '@playwright/test'
import { called } from './sipp'
import { expect, test, type Server } from './tandem'
import { credential, sample, sounds, vendor } from './vendors'

/** Opens an app in the editor by its name. */
async function open(page: Page, server: Server, name: string | RegExp): Promise<string> {
  await page.goto(server.url + '/apps')
  await page.getByRole('link', { name }).click()
  await expect(page.getByTestId('canvas').locator('.step').first()).toBeVisible()
  return page.url().split('/').pop()!
}

async function publish(page: Page) {
  await expect(page.getByRole('status').filter({ hasText: /^saved$/ })).toBeVisible()
  await page.getByRole('button', { name: 'Publish', exact: true }).click()
  await page.getByRole('dialog', { name: 'Publish' }).getByRole('button', { name: 'Publish now' }).click()
  await expect(page.getByText('Published: new calls run it.').last()).toBeVisible()
}

async function account(server: Server): Promise<string> {
  return (JSON.parse(await server.run('account', 'list', '--json')) as { id: string }[])[0]!.id
}

const unsigned = <T>(all: T): T => JSON.parse(JSON.stringify(all).replace(/\?exp=\d+&sig=[\w-]+/g, '')) as T

test('a menu of the Sonetel script is edited in the page: over the Sonetel API the edit is there, and nothing else has changed', async ({ home, server }) => {
  const id = await account(server)
  const me = (await (await home.request.get(server.url + '/api/v1/me')).json()) as { user: { id: string } }
  const cred = await credential(home, server, 'sonetel')
  const env: Record<string, string> = { SONETEL_URL: server.url + '/sonetel/', SONETEL_ACCOUNT: id, SONETEL_USERNAME: cred.username!, SONETEL_PASSWORD: cred.password! }
  env.SONETEL_TOKEN = await sample('sonetel/get_token.py', env)
  const api = vendor(server.url + '/sonetel/', env.SONETEL_TOKEN)
  interface Voiceapp { app_id: string; name: string; menu: Record<string, { action: string; to: string; id: string }> }
  const apps = async () => (await api<{ response: Voiceapp[] }>('GET', `account/${id}/voiceapp`)).response
  const mailbox = (await apps()).find((a) => a.name === 'Voice Mail')!.app_id
  expect(await sample('sonetel/create_ivr.py', { ...env, IVR_NAME: 'By script', USER_ID: me.user.id, PHONE_NUMBER: '+46850000077', APP_ID: mailbox })).toContain('IVR Created successfully')
  const script = (await apps()).find((a) => a.name === 'By script')!.app_id
  /** All that the vendor's API tells of the app, but for the time in the signatures of links. */
  const told = async () => unsigned({
    app: (await api<{ response: Voiceapp }>('GET', `account/${id}/voiceapp/${script}`)).response,
    prompts: (await api<{ response: unknown }>('GET', `account/${id}/voiceapp/${script}/prompt?fields=message`)).response,
    others: (await apps()).filter((a) => a.app_id !== script),
  })
  const before = await told()

  // It is on the canvas at once, each key with its way.
  await open(home, server, 'By script')
  const canvas = home.getByTestId('canvas')
  for (const key of ['0', '1', '2']) await expect(canvas.locator(`.react-flow__node[data-id="digit_${key}"]`)).toHaveCount(1)
  await canvas.locator('[data-step="digit_1.dial"]').click()
  await home.getByRole('region', { name: 'Step digit_1.dial' }).getByRole('textbox', { name: 'Destination 1' }).fill('+46850000088')
  await publish(home)
  const number = structuredClone(before)
  number.app.menu.digit_1!.id = '+46850000088'
  expect(await told()).toEqual(number)

  // A key that leads elsewhere, and one that is new.
  await canvas.locator('[data-step="menu"]').click()
  const menu = home.getByRole('region', { name: 'Step menu' })
  await menu.getByRole('combobox', { name: 'key 0' }).click()
  await home.getByRole('option', { name: 'digit_2', exact: true }).click()
  await menu.getByRole('button', { name: 'Add key 7', exact: true }).click()
  await menu.getByRole('combobox', { name: 'key 7' }).click()
  await home.getByRole('option', { name: 'digit_1', exact: true }).click()
  await publish(home)
  const keys = structuredClone(number)
  keys.app.menu.digit_0 = { ...keys.app.menu.digit_2! }
  keys.app.menu.digit_7 = { ...keys.app.menu.digit_1! }
  expect(await told()).toEqual(keys)

  // The other script changes it over the API, and the page shows that.
  expect(await sample('sonetel/update_ivr.py', { ...env, IVR_ID: script, IVR_NAME: 'By script', USER_ID: me.user.id, PHONE_NUMBER: '+46850000099', APP_ID: mailbox })).toContain('IVR updated')
  await home.reload()
  await canvas.locator('[data-step="digit_1.dial"]').click()
  await expect(home.getByRole('region', { name: 'Step digit_1.dial' }).getByRole('textbox', { name: 'Destination 1' })).toHaveValue('+46850000099')
})

test('a menu of the Telphin script is edited in the page, reads back over the Telphin API, and a call rings who it names now', async ({ home, server }) => {
  test.skip(process.getuid?.() !== 0, 'SIPp sends keys through a raw socket, for which one has to be root')
  test.setTimeout(120_000)
  const id = await account(server)
  const me = (await (await home.request.get(server.url + '/api/v1/me')).json()) as { user: { id: string } }
  for (const number of ['002', '050', '088']) {
    const r = await home.request.post(server.url + '/api/v1/extensions', { headers: { Origin: server.url }, data: { number, ...(number === '088' && { user: me.user.id }) } })
    expect(r.status(), await r.text()).toBe(201)
  }
  const cred = await credential(home, server, 'telphin')
  const folder = sounds('hello.wav', 'advertising.wav')
  const out = await sample('telphin/create_ivr.py', { TELPHIN_URL: server.url + '/telphin', TELPHIN_APP_ID: cred.app_id!, TELPHIN_APP_SECRET: cred.app_secret!, SOUNDS: folder, IVR_NUMBER: '071' })
  rmSync(folder, { recursive: true })
  const ivr = /ivr (\d+)/.exec(out)![1]!
  const login = await fetch(server.url + '/telphin/oauth/token', { method: 'POST', body: new URLSearchParams({ grant_type: 'client_credentials', client_id: cred.app_id!, client_secret: cred.app_secret! }) })
  const api = vendor(server.url + '/telphin/api/ver1.0', ((await login.json()) as { access_token: string }).access_token)
  await api('PUT', `/extension/${ivr}/ivr/`, { sleep_time: 0 }) // ms of silence before all else
  interface Rule { transfer_dst?: string }
  /** All that the vendor's API tells of the menu. */
  const told = async () => {
    const contexts = await api<{ id: number }[]>('GET', `/extension/${ivr}/ivr/context/`)
    const rules: Record<string, Rule[]> = {}
    for (const c of contexts) {
      for (const o of await api<{ digits: string }[]>('GET', `/extension/${ivr}/ivr/context/${c.id}/options/`)) {
        rules[o.digits] = await api<Rule[]>('GET', `/extension/${ivr}/ivr/context/${c.id}/options/${o.digits}/rules/`)
      }
    }
    return { extension: await api('GET', `/client/@me/extension/${ivr}`), ivr: await api('GET', `/extension/${ivr}/ivr/`), contexts, rules }
  }
  const before = await told()
  expect(before.rules['2']![0]!.transfer_dst).toBe('002')

  const app = await open(home, server, /test IVR|071/)
  const canvas = home.getByTestId('canvas')
  const step = canvas.locator('.step').filter({ hasText: '002' })
  const name = (await step.getAttribute('data-step'))!
  await step.click()
  const panel = home.getByRole('region', { name: `Step ${name}`, exact: true })
  await panel.getByRole('textbox', { name: 'Destination 1' }).fill('088')
  await publish(home)
  const after = structuredClone(before)
  after.rules['2']![0]!.transfer_dst = '088'
  expect(await told()).toEqual(after)

  // 088 is the owner's, whose page rings once it has said that it is there.
  const number = '+46850000071'
  await server.run('number', 'add', number, '--account', id, '--app', app)
  await home.goto(server.url + '/')
  await expect(home.getByRole('button', { name: 'Phone', exact: true })).toHaveAttribute('data-ready', 'true')
  const call = called(home, server, number, '2', 3000)
  const phone = home.getByRole('complementary', { name: 'Phone' })
  await phone.getByRole('button', { name: 'Answer' }).click()
  await expect(phone.getByRole('status')).toContainText('Talks')
  // An answer counts once its media is secured: who hangs up before has not been reached.
  const live = ((await (await home.request.get(server.url + '/api/v1/calls/live')).json()) as { items: { id: string }[] }).items[0]!.id
  await expect.poll(async () => ((await (await home.request.get(`${server.url}/api/v1/calls/${live}`)).json()) as { events: { kind: string }[] }).events.map((e) => e.kind)).toContain('bridge.started')
  await phone.getByRole('button', { name: 'Hang up' }).click()
  const seen = await call
  expect(seen.app(app)).toContain(`${name}: completed`)
  expect(seen.events.some((e) => e.kind === 'digit' && e.data?.digit === '2' && e.data.method === 'rfc4733'), JSON.stringify(seen.events)).toBe(true)
})

test('an IVR of the Smartflo script is edited in the page: over the Smartflo API the edit is there, and nothing else has changed', async ({ home, server }) => {
  test.setTimeout(120_000)
  for (const number of ['530000', '530099', '530675']) {
    const r = await home.request.post(server.url + '/api/v1/extensions', { headers: { Origin: server.url }, data: { number } })
    expect(r.status(), await r.text()).toBe(201)
  }
  const cred = await credential(home, server, 'smartflo')
  const env: Record<string, string> = { SMARTFLO_URL: server.url + '/smartflo', SMARTFLO_EMAIL: cred.email!, SMARTFLO_PASSWORD: cred.password! }
  env.SMARTFLO_TOKEN = await sample('smartflo/login.sh', env)
  const folder = sounds('RECORDING.wav', 'INVALID_RECORDING.wav', 'INVALID_FINAL.wav', 'TIMEOUT_RETRY.wav', 'TIMEOUT_FINAL.wav')
  for (const name of ['RECORDING', 'INVALID_RECORDING', 'INVALID_FINAL', 'TIMEOUT_RETRY', 'TIMEOUT_FINAL']) {
    env[name] = String((JSON.parse(await sample('smartflo/upload_recording.sh', { ...env, FILE: join(folder, name + '.wav'), NAME: name })) as { id: number }).id)
  }
  rmSync(folder, { recursive: true })
  const ivr = (JSON.parse(await sample('smartflo/create_ivr.sh', env)) as { id: number }).id
  const api = vendor(server.url + '/smartflo/v1', env.SMARTFLO_TOKEN)
  interface IVR { name: string; timeout: number; ivr_menu: { option: string; destination_type: string; destination_id: string }[] }
  const told = () => api<IVR>('GET', `/ivr/${ivr}`)
  const before = await told()
  expect(before.ivr_menu.map((m) => [m.option, m.destination_id])).toEqual([['1', '05047530000']])

  // It is on the canvas with its recordings by their names, and key 1 goes to another extension.
  await open(home, server, 'Election IVR')
  const canvas = home.getByTestId('canvas')
  await expect(canvas.locator('[data-step="menu"] .words')).toHaveText('RECORDING')
  await canvas.locator('[data-step="option_1"]').click()
  const option = home.getByRole('region', { name: 'Step option_1', exact: true })
  await option.getByRole('combobox', { name: 'Destination 1', exact: true }).click()
  await home.getByRole('option', { name: '530675' }).click()
  await publish(home)
  const first = structuredClone(before)
  first.ivr_menu[0]!.destination_id = '530675'
  expect(await told()).toEqual(first)

  // A key that is new, and less time for the caller.
  await canvas.locator('[data-step="menu"]').click()
  const menu = home.getByRole('region', { name: 'Step menu', exact: true })
  await menu.getByRole('textbox', { name: 'first digit' }).fill('12s')
  await menu.getByRole('button', { name: 'Add key 2', exact: true }).click()
  await menu.getByRole('combobox', { name: 'key 2' }).click()
  await home.getByRole('option', { name: 'bad.to', exact: true }).click()
  await publish(home)
  const second = structuredClone(first)
  second.timeout = 12
  second.ivr_menu.push({ ...first.ivr_menu[0]!, option: '2', destination_id: '05047530099' })
  expect(await told()).toEqual(second)

  // The vendor's API changes it, and the page shows that.
  await api('PUT', `/ivr/${ivr}`, { timeout: 25 })
  await home.reload()
  await canvas.locator('[data-step="menu"]').click()
  await expect(menu.getByRole('textbox', { name: 'first digit' })).toHaveValue('25s')
})
