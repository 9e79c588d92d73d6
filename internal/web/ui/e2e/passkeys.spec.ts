import type { Browser, CDPSession, Page } from '@playwright/test'
import { serious, settled } from './looks'
import { expect, password, test, type Server } from './tandem'

/** An authenticator of Chromium, which verifies its user and holds passkeys. */
interface Device { cdp: CDPSession; id: string }

async function device(page: Page): Promise<Device> {
  const cdp = await page.context().newCDPSession(page)
  await cdp.send('WebAuthn.enable')
  const { authenticatorId } = await cdp.send('WebAuthn.addVirtualAuthenticator', { options: {
    protocol: 'ctap2', transport: 'internal', hasResidentKey: true, hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true,
  } })
  return { cdp, id: authenticatorId }
}

/** What the device holds. */
async function held(d: Device) {
  return (await d.cdp.send('WebAuthn.getCredentials', { authenticatorId: d.id })).credentials
}

/** Where passkeys work over plain http. */
const local = (address: string) => address.replace('127.0.0.1', 'localhost')

async function setUp(page: Page, link: string) {
  await page.goto(local(link))
  await page.getByRole('textbox', { name: 'Password', exact: true }).fill(password)
  await page.getByRole('textbox', { name: 'The same once more' }).fill(password)
  await page.getByRole('button', { name: 'Set password and start' }).click()
}

async function register(page: Page, name: string) {
  await page.goto(new URL('/me', page.url()).href)
  await page.getByRole('button', { name: 'Add a passkey' }).click()
  const add = page.getByRole('dialog', { name: 'Add a passkey' })
  await add.getByRole('textbox', { name: 'Name' }).fill(name)
  await add.getByRole('textbox', { name: 'Password' }).fill(password)
  await add.getByRole('button', { name: 'Add a passkey' }).click()
  await expect(page.getByRole('region', { name: 'Passkeys' }).getByRole('row').filter({ hasText: name })).toBeVisible()
}

async function logOut(page: Page) {
  await page.getByRole('button', { name: 'Log out' }).click()
  await expect(page.getByRole('heading', { name: 'Log in' })).toBeVisible()
}

async function byPassword(page: Page, server: Server) {
  await page.getByRole('textbox', { name: 'E-mail' }).fill(server.owner)
  await page.getByRole('textbox', { name: 'Password', exact: true }).fill(password)
  await page.getByRole('button', { name: 'Log in', exact: true }).click()
}

const isIn = (page: Page) => expect(page.getByRole('button', { name: 'Log out' })).toBeVisible()
const isOut = async (page: Page) => expect((await page.request.get(new URL('/api/v1/me', page.url()).href)).status()).toBe(401)

test('a passkey is registered, logs in alone and as the second factor, and is removed', async ({ page, server }) => {
  const d = await device(page)
  await setUp(page, server.setup)
  await isIn(page)
  await page.goto(local(server.url) + '/me')
  await expect(page.getByText('You have none yet.')).toBeVisible()
  await page.getByRole('button', { name: 'Add a passkey' }).click()
  const add = page.getByRole('dialog', { name: 'Add a passkey' })
  await add.getByRole('textbox', { name: 'Name' }).fill('<img src=x onerror=alert(1)>')
  await add.getByRole('textbox', { name: 'Password' }).fill('not my password')
  await add.getByRole('button', { name: 'Add a passkey' }).click()
  await expect(add.getByText('the password is wrong')).toBeVisible()
  expect(await held(d)).toHaveLength(0)
  await add.getByRole('textbox', { name: 'Password' }).fill(password)
  await add.getByRole('button', { name: 'Add a passkey' }).click()
  const keys = page.getByRole('region', { name: 'Passkeys' })
  await expect(keys.getByRole('row').filter({ hasText: '<img src=x onerror=alert(1)>' })).toContainText('never')
  expect(await held(d)).toMatchObject([{ rpId: 'localhost', isResidentCredential: true }])

  // The same device again; another name; how it looks.
  await page.getByRole('button', { name: 'Add a passkey' }).click()
  await add.getByRole('textbox', { name: 'Name' }).fill('again')
  await add.getByRole('textbox', { name: 'Password' }).fill(password)
  await add.getByRole('button', { name: 'Add a passkey' }).click()
  await expect(add.getByText('This device has a passkey for you already.')).toBeVisible()
  await add.getByRole('button', { name: 'Cancel' }).click()
  await page.getByRole('button', { name: 'Rename <img' }).click()
  await page.getByRole('dialog').getByRole('textbox', { name: 'Name' }).fill('Laptop')
  await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click()
  await expect(keys.getByRole('row').filter({ hasText: 'Laptop' })).toBeVisible()
  await settled(page)
  expect(await serious(page)).toEqual([])
  await page.setViewportSize({ width: 360, height: 740 })
  expect(await serious(page)).toEqual([])
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(360)
  await page.setViewportSize({ width: 1280, height: 800 })

  // Without a password.
  await logOut(page)
  await isOut(page)
  expect(await serious(page)).toEqual([])
  await page.getByRole('button', { name: 'Use a passkey' }).click()
  await isIn(page)
  expect(await (await page.request.get(local(server.url) + '/api/v1/me')).json()).toMatchObject({ user: { email: server.owner, passkeys: 1 } })

  // A user whom the device did not verify; then as the second factor, by the keyboard.
  await logOut(page)
  await d.cdp.send('WebAuthn.setUserVerified', { authenticatorId: d.id, isUserVerified: false })
  await page.getByRole('button', { name: 'Use a passkey' }).click()
  await expect(page.getByText('No passkey came')).toBeVisible()
  await isOut(page)
  await d.cdp.send('WebAuthn.setUserVerified', { authenticatorId: d.id, isUserVerified: true })
  await byPassword(page, server)
  await expect(page.getByText('Now your passkey is asked for.')).toBeVisible()
  await expect(page.getByRole('textbox', { name: 'Code' })).toHaveCount(0)
  await isOut(page)
  expect(await serious(page)).toEqual([])
  await expect(page.getByRole('button', { name: 'Use your passkey' })).toBeFocused()
  await page.keyboard.press('Enter')
  await isIn(page)

  await page.goto(local(server.url) + '/me')
  await expect(keys.getByRole('row').filter({ hasText: 'Laptop' })).not.toContainText('never')
  await page.getByRole('button', { name: 'Remove Laptop' }).click()
  const remove = page.getByRole('dialog', { name: 'Remove Laptop' })
  await remove.getByRole('textbox', { name: 'Password' }).fill(password)
  await remove.getByRole('button', { name: 'Remove', exact: true }).click()
  await expect(page.getByText('You have none yet.')).toBeVisible()
  await logOut(page)
  await page.getByRole('button', { name: 'Use a passkey' }).click()
  await expect(page.getByText('this server does not know the passkey')).toBeVisible()
  await isOut(page)
  await byPassword(page, server)
  await isIn(page)
  await page.goto(local(server.url) + '/audit')
  const log = page.getByRole('region', { name: 'Audit log' })
  for (const [what, times] of [['created passkey <img', 1], ['changed passkey', 1], ['used passkey Laptop', 2], ['deleted passkey Laptop', 1]] as const) {
    await expect(log.getByRole('row').filter({ hasText: what })).toHaveCount(times)
  }
})

test('a copy of a passkey, whose counter goes back, is refused and noted', async ({ page, server }) => {
  const d = await device(page)
  await setUp(page, server.setup)
  await isIn(page)
  await register(page, 'Laptop')
  await logOut(page)
  const copy = (await held(d))[0]!
  await page.getByRole('button', { name: 'Use a passkey' }).click()
  await isIn(page)
  await logOut(page)
  await d.cdp.send('WebAuthn.removeCredential', { authenticatorId: d.id, credentialId: copy.credentialId })
  await d.cdp.send('WebAuthn.addCredential', { authenticatorId: d.id, credential: copy })
  await page.getByRole('button', { name: 'Use a passkey' }).click()
  await expect(page.getByText('its counter went back from')).toBeVisible()
  await isOut(page)
  await byPassword(page, server)
  await d.cdp.send('WebAuthn.removeCredential', { authenticatorId: d.id, credentialId: copy.credentialId })
  await d.cdp.send('WebAuthn.addCredential', { authenticatorId: d.id, credential: { ...copy, signCount: 0 } })
  await page.getByRole('button', { name: 'Use your passkey' }).click()
  await expect(page.getByText('its counter went back from')).toBeVisible()
  await isOut(page)
  // Whoever has the server in hand removes it; the password is enough again.
  const accounts = await server.run('account', 'list')
  await server.run('account', 'link', '--account', accounts.trim().split(/\s+/)[0]!, '--remove-passkeys')
  await page.getByRole('button', { name: 'Back to the password' }).click()
  await byPassword(page, server)
  await isIn(page)
  await page.goto(local(server.url) + '/audit')
  const log = page.getByRole('region', { name: 'Audit log' })
  await expect(log.getByRole('row').filter({ hasText: 'log-in failed passkey Laptop' })).toHaveCount(2)
  await expect(log.getByRole('row').filter({ hasText: 'log-in failed passkey Laptop' }).first()).toContainText('its counter went back')
  await expect(log.getByRole('row').filter({ hasText: 'deleted passkey Laptop' })).toContainText('cli')
})

async function another(browser: Browser) {
  const page = await (await browser.newContext()).newPage()
  return { page, device: await device(page) }
}

test('an account that asks for a second factor takes a passkey for one, and an administrator removes those of others', async ({ page, server, browser }) => {
  await device(page)
  await setUp(page, server.setup)
  await isIn(page)
  await register(page, 'Laptop')
  const api = local(server.url) + '/api/v1'
  expect((await page.request.patch(api + '/account', { data: { second_factor: 'all' } })).status()).toBe(200)
  const user = await (await page.request.post(api + '/users', { data: { first_name: 'Berit', email: 'berit@example.com' } })).json() as { id: string }
  const link = await (await page.request.post(`${api}/users/${user.id}/link`)).json() as { url: string }
  const berit = await another(browser)
  await setUp(berit.page, link.url)
  await expect(berit.page.getByText('This account asks for a second factor.')).toBeVisible()
  await isOut(berit.page)
  await settled(berit.page)
  expect(await serious(berit.page)).toEqual([])
  await berit.page.getByRole('button', { name: 'Set up a passkey instead' }).click()
  await isIn(berit.page)
  expect(await held(berit.device)).toHaveLength(1)
  await logOut(berit.page)
  await berit.page.getByRole('button', { name: 'Use a passkey' }).click()
  await isIn(berit.page)
  await logOut(berit.page)

  await page.goto(local(server.url) + '/users')
  await expect(page.getByRole('button', { name: 'Remove the passkeys of Owner Sample' })).toHaveCount(0) // one's own
  await page.getByRole('button', { name: 'Remove the passkeys of Berit' }).click()
  await page.getByRole('dialog', { name: 'Remove the passkeys of Berit' }).getByRole('button', { name: 'Remove', exact: true }).click()
  await expect(page.getByRole('button', { name: 'Remove the passkeys of Berit' })).toHaveCount(0)
  await berit.page.getByRole('button', { name: 'Use a passkey' }).click()
  await expect(berit.page.getByText('this server does not know the passkey')).toBeVisible()
  await isOut(berit.page)
})

test('where passkeys do not work, the pages say where they do', async ({ home, server }) => {
  await home.goto(server.url + '/me')
  const where = `${local(server.url)}, not at ${server.url}.`
  await expect(home.getByText('Passkeys of this server work at ' + where)).toBeVisible()
  await expect(home.getByText('over plain http on localhost alone')).toBeVisible()
  await expect(home.getByRole('button', { name: 'Add a passkey' })).toHaveCount(0)
  await settled(home)
  expect(await serious(home)).toEqual([])
  await logOut(home)
  await home.getByRole('button', { name: 'Use a passkey' }).click()
  await expect(home.getByText('Passkeys work at ' + where)).toBeVisible()
})
