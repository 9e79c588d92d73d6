import { serious } from './looks'
import { expect, test } from './tandem'

test.describe('with settings', () => {
  test.use({ settings: { TANDEM_SMTP_HOST: '127.0.0.1', TANDEM_SMTP_PASSWORD: 'hidden-password', TANDEM_SMTP_USER: 'tandem' } })

  test('the server’s page has the addresses, and each setting with where it comes from, and no secret', async ({ home, server }) => {
    await home.goto(server.url + '/server')
    const main = home.getByRole('main')
    await expect(main.getByText(server.sip, { exact: true })).toHaveCount(3) // UDP, TCP and the setting
    await expect(main.getByText(server.url, { exact: true })).toBeVisible()
    await expect(main.getByText('Mail server for voicemail: yes')).toBeVisible()
    await expect(main.getByText('Gateway for text messages: no')).toBeVisible()
    const row = (key: string) => home.getByRole('region', { name: 'Settings in effect' }).getByRole('row', { name: new RegExp('^' + key.replace('.', '\\.') + ' ') })
    await expect(row('smtp.host')).toContainText('127.0.0.1')
    await expect(row('smtp.host')).toContainText('TANDEM_SMTP_HOST')
    await expect(row('smtp.password')).toContainText('set, not shown')
    await expect(row('smtp.port')).toContainText('default')
    expect(await home.content()).not.toContain('hidden-password')
    await home.getByRole('textbox', { name: 'Search' }).fill('SMTP')
    await home.getByRole('switch', { name: 'Only those that are not the default' }).check()
    await expect(row('smtp.host')).toBeVisible()
    await expect(row('smtp.port')).toHaveCount(0)
    await expect(row('realm')).toHaveCount(0)
  })
})

test('each page’s way to the API leads to a section of the explorer', async ({ home, server, context }) => {
  const places = home.getByRole('navigation', { name: 'Menu' }).locator('a:not([target=_blank])')
  const found: Record<string, string> = {}
  for (let i = 0; i < await places.count(); i++) {
    await places.nth(i).click()
    await expect(places.nth(i)).toHaveAttribute('aria-current', 'page')
    const href = await home.getByRole('link', { name: 'This page over the API' }).getAttribute('href')
    found[new URL(home.url()).pathname] = new URLSearchParams(new URL(href!, server.url).hash.slice(1)).get('section') ?? ''
  }
  expect(Object.keys(found).length).toBeGreaterThan(14)
  const docs = await context.newPage()
  await docs.goto(server.url + '/docs/api')
  const headings = docs.getByRole('heading', { level: 2 })
  await expect(headings.filter({ hasText: 'Webhooks' }).first()).toBeVisible()
  const sections = await headings.allInnerTexts()
  for (const [page, section] of Object.entries(found)) expect(sections, page).toContain(section)
})

test('the secrets of webhooks are replaced, and the vendors’ are signed too', async ({ home, server }) => {
  const nowhere = 'http://127.0.0.1:9/nowhere'
  await home.goto(server.url + '/webhooks')
  await home.getByRole('button', { name: 'Add a webhook' }).click()
  const form = home.getByRole('dialog', { name: 'Add a webhook' })
  await form.getByRole('textbox', { name: 'Address' }).fill(nowhere)
  await form.getByRole('button', { name: 'Add a webhook' }).click()
  const once = home.getByRole('dialog', { name: 'Shown this once' })
  const first = await once.locator('code').innerText()
  await once.getByRole('button', { name: 'I have noted it' }).click()
  await home.getByRole('button', { name: `Give ${nowhere} a new secret` }).click()
  await home.getByRole('dialog', { name: /^Give / }).getByRole('button', { name: 'Make a new secret' }).click()
  await expect(once.locator('code')).toHaveText(/^whsec_/)
  expect(await once.locator('code').innerText()).not.toBe(first)
  await once.getByRole('button', { name: 'I have noted it' }).click()
  const vendors = home.getByRole('region', { name: 'Webhooks of the vendors’ APIs' })
  await vendors.getByRole('switch', { name: 'Sign them by Standard Webhooks too' }).check()
  await vendors.getByRole('button', { name: 'Save' }).click()
  await expect(once.locator('code')).toHaveText(/^whsec_/)
  await once.getByRole('button', { name: 'I have noted it' }).click()
  await vendors.getByRole('button', { name: 'Make a new secret' }).click()
  await home.getByRole('dialog', { name: 'Give the vendors’ webhooks a new secret' }).getByRole('button', { name: 'Make a new secret' }).click()
  await expect(once.locator('code')).toHaveText(/^whsec_/)
  await once.getByRole('button', { name: 'I have noted it' }).click()
  await home.reload()
  await expect(vendors.getByRole('switch', { name: 'Sign them by Standard Webhooks too' })).toBeChecked()
  expect(await serious(home)).toEqual([])
})
