import { createHmac } from 'node:crypto'
import type { Page } from '@playwright/test'
import { serious } from './looks'
import { expect, password, test } from './tandem'

test('the audit log shows who made and removed a user, by the page and by the command line, and is searched', async ({ home, server }) => {
  const account = ((await (await home.request.get(server.url + '/api/v1/me')).json()) as { account: string }).account
  await server.run('account', 'link', '--account', account)
  await home.goto(server.url + '/users')
  await home.getByRole('button', { name: 'Add a user' }).click()
  await home.getByRole('dialog', { name: 'Add a user' }).getByRole('textbox', { name: 'First name' }).fill('=Berit')
  await home.getByRole('dialog', { name: 'Add a user' }).getByRole('button', { name: 'Add a user' }).click()
  await expect(home.getByRole('cell', { name: '=Berit', exact: true })).toBeVisible()
  await home.goto(server.url + '/audit')
  const log = home.getByRole('region', { name: 'Audit log' })
  await expect(log.getByRole('row').filter({ hasText: 'created user =Berit' })).toContainText('127.0.0.1')
  await expect(log.getByRole('row').filter({ hasText: 'set the password of user' })).toHaveCount(1)
  await expect(log.getByRole('row').filter({ hasText: 'created link set-up' }).first()).toContainText('cli')
  await expect(log.getByRole('row').filter({ hasText: 'created credential owner' })).toContainText('Owner Sample')
  await home.getByRole('textbox', { name: 'Search' }).fill('=berit')
  await expect(log.getByRole('row')).toHaveCount(2) // with the heading
  await home.getByRole('button', { name: 'Check the chain' }).click()
  const report = home.getByRole('status').filter({ hasText: 'Unbroken' })
  await expect(report).toContainText(/Unbroken, \d+ entries/)
  expect(await serious(home)).toEqual([])
  const told = (await (await home.request.get(server.url + '/api/v1/audit/chain')).json()) as { head: string }
  await expect(report).toContainText(told.head)
  expect(await server.run('audit', 'verify', '--account', account)).toContain('unbroken')
  const csv = await home.request.get(server.url + '/api/v1/audit.csv')
  expect(await csv.text()).toContain("'=Berit")
  expect(await (await home.request.get(server.url + '/api/v1/audit?action=exported')).json()).toMatchObject({ items: [{ actor: { via: 'api', kind: 'user' } }] })
})

/** The code of a step of 30 s (RFC 6238). */
function totp(secret: string, step: number): string {
  const bits = [...secret].map((c) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(c).toString(2).padStart(5, '0')).join('')
  const key = Buffer.from(bits.match(/.{8}/g)!.map((b) => parseInt(b, 2)))
  const counter = Buffer.alloc(8)
  counter.writeBigUInt64BE(BigInt(step))
  const sum = createHmac('sha1', key).update(counter).digest()
  return ((sum.readUInt32BE(sum[19]! & 15) & 0x7fffffff) % 1_000_000).toString().padStart(6, '0')
}

const step = () => Math.floor(Date.now() / 30_000)

async function logIn(page: Page, name: string) {
  await page.getByRole('button', { name: 'Log out' }).click()
  await page.getByRole('textbox', { name: 'E-mail' }).fill(name)
  await page.getByRole('textbox', { name: 'Password', exact: true }).fill(password)
  await page.getByRole('button', { name: 'Log in' }).click()
}

test('a second factor is set up by its QR code, asked for at the log-in, and each code works once', async ({ home, server }) => {
  await home.goto(server.url + '/me')
  await home.getByRole('button', { name: 'Set up' }).click()
  const enrol = home.getByRole('dialog', { name: 'Set up' })
  await expect(enrol.getByRole('img', { name: 'QR code' })).toBeVisible()
  const secret = (await enrol.locator('code').innerText()).trim()
  await enrol.getByRole('textbox', { name: 'Code' }).fill('12 34')
  await enrol.getByRole('button', { name: 'Set up' }).click()
  await expect(enrol.getByText('the code is wrong')).toBeVisible()
  const first = step()
  await enrol.getByRole('textbox', { name: 'Code' }).fill(totp(secret, first))
  await enrol.getByRole('button', { name: 'Set up' }).click()
  const once = home.getByRole('dialog', { name: 'Shown this once' })
  const codes = (await once.getByLabel('Recovery codes', { exact: true }).innerText()).trim().split(/\s+/)
  expect(codes).toHaveLength(10)
  await once.getByRole('button', { name: 'I have noted it' }).click()
  await expect(home.getByText('10 recovery codes left')).toBeVisible()

  await logIn(home, server.owner)
  await home.getByRole('textbox', { name: 'Code' }).fill(totp(secret, first)) // that which confirmed it
  await home.getByRole('button', { name: 'Log in' }).click()
  await expect(home.getByText('The code is wrong, was used before or is too old.')).toBeVisible()
  expect((await home.request.get(server.url + '/api/v1/me')).status()).toBe(401)
  await home.getByRole('textbox', { name: 'Code' }).fill(totp(secret, first + 1))
  await home.getByRole('button', { name: 'Log in' }).click()
  await expect(home.getByRole('button', { name: 'Log out' })).toBeVisible()
  await logIn(home, server.owner)
  await home.getByRole('textbox', { name: 'Code' }).fill(codes[2]!)
  await home.getByRole('button', { name: 'Log in' }).click()
  await expect(home.getByRole('button', { name: 'Log out' })).toBeVisible()

  await home.goto(server.url + '/me')
  await expect(home.getByText('9 recovery codes left')).toBeVisible()
  await home.getByRole('button', { name: 'Remove' }).click()
  const remove = home.getByRole('dialog', { name: 'Remove' })
  await remove.getByRole('textbox', { name: 'Code' }).fill(codes[3]!)
  await remove.getByRole('button', { name: 'Remove' }).click()
  await expect(home.getByRole('button', { name: 'Set up' })).toBeVisible()
  await home.goto(server.url + '/audit')
  const log = home.getByRole('region', { name: 'Audit log' })
  await expect(log.getByRole('row').filter({ hasText: 'second factor failed' })).toHaveCount(1)
  await expect(log.getByRole('row').filter({ hasText: 'used a recovery code of' })).toHaveCount(2)
  await expect(log.getByRole('row').filter({ hasText: 'logged out' })).toHaveCount(2)
  await expect(log.getByRole('row').filter({ hasText: 'deleted second factor' })).toHaveCount(1)
})

test('a user is invited by a link, which opens once', async ({ home, server, browser }) => {
  await home.goto(server.url + '/users')
  await home.getByRole('button', { name: 'Add a user' }).click()
  const add = home.getByRole('dialog', { name: 'Add a user' })
  await add.getByRole('textbox', { name: 'First name' }).fill('Berit')
  await add.getByRole('textbox', { name: 'E-mail' }).fill('berit@example.com')
  await add.getByRole('button', { name: 'Add a user' }).click()
  await home.getByRole('button', { name: 'Link to set a password for Berit', exact: true }).click()
  const invite = home.getByRole('dialog', { name: 'Link to set a password for Berit' })
  await invite.getByRole('button', { name: 'Make the link' }).click()
  const link = (await invite.locator('code').innerText()).trim()
  const berit = await (await browser.newContext()).newPage()
  const open = async () => {
    await berit.goto(link)
    await berit.getByRole('textbox', { name: 'Password', exact: true }).fill(password)
    await berit.getByRole('textbox', { name: 'The same once more' }).fill(password)
    await berit.getByRole('button', { name: 'Set password and start' }).click()
  }
  await open()
  await expect(berit.getByRole('button', { name: 'Log out' })).toBeVisible()
  expect(await (await berit.request.get(server.url + '/api/v1/me')).json()).toMatchObject({ user: { first_name: 'Berit', role: 'regular' } })
  await berit.getByRole('button', { name: 'Log out' }).click()
  await expect(berit.getByRole('heading', { name: 'Log in' })).toBeVisible()
  await open()
  await expect(berit.getByText('This link was used')).toBeVisible()
})

test('log-ins outlast a restart of the server, and a person ends those in other browsers', async ({ home, server, browser }) => {
  const other = await browser.newContext({ userAgent: 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) Gecko/20100101 Firefox/150.0', locale: 'en' })
  const page = await other.newPage()
  await page.goto(server.url)
  await page.getByRole('textbox', { name: 'E-mail' }).fill(server.owner)
  await page.getByRole('textbox', { name: 'Password', exact: true }).fill(password)
  await page.getByRole('button', { name: 'Log in' }).click()
  await expect(page.getByRole('button', { name: 'Log out' })).toBeVisible()

  await server.stop()
  await server.again()
  await home.goto(server.url + '/me')
  const list = home.getByRole('region', { name: 'Where you are logged in' })
  await expect(list.getByRole('row')).toHaveCount(3) // with the heading
  await expect(list.getByRole('row').filter({ hasText: 'this one' })).toContainText('127.0.0.1')
  const firefox = list.getByRole('row').filter({ hasText: 'Firefox, Windows' })
  expect((await page.request.get(server.url + '/api/v1/me')).status()).toBe(200)
  await home.setViewportSize({ width: 360, height: 740 })
  expect(await serious(home)).toEqual([])
  expect(await home.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(360)
  await firefox.getByRole('button', { name: /End the log-in from 127.0.0.1/ }).press('Enter')
  await expect(firefox).toHaveCount(0)
  expect((await page.request.get(server.url + '/api/v1/me')).status()).toBe(401)
  expect((await home.request.get(server.url + '/api/v1/me')).status()).toBe(200)
  await other.close()
})
