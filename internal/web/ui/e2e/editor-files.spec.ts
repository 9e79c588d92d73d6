import type { Page } from '@playwright/test'
import { expect, test } from './tandem'

async function make(page: Page, url: string, name: string, document: object): Promise<string> {
  const r = await page.request.post(url + '/api/v1/apps', { headers: { Origin: url }, data: { kind: 'native', name, document, publish: true } })
  expect(r.status(), await r.text()).toBe(201)
  return ((await r.json()) as { id: string }).id
}

test('a file of a vendor is imported with its losses told, and exported in another format', async ({ home, server }) => {
  await home.goto(server.url + '/apps')
  await home.getByRole('button', { name: 'Import' }).click()
  const form = home.getByRole('dialog')
  await form.getByRole('textbox', { name: 'Name' }).fill('From a file')
  await form.getByRole('combobox', { name: 'Format of the file' }).click()
  await home.getByRole('option', { name: 'sonetel' }).click()
  await form.getByRole('textbox', { name: 'The document' }).fill('{"app_type":"ivr","name":"Shop","menu":{"digit_1":{"action":"disconnect"}}}')
  await form.getByRole('button', { name: 'Import as an IVR of our own' }).click()
  await expect(home.getByTestId('canvas')).toBeVisible()
  await expect(home.getByTestId('canvas').locator('[data-step="menu"]')).toBeVisible()
  await home.goto(server.url + '/apps')
  await home.getByRole('button', { name: 'Export From a file' }).click()
  const out = home.getByRole('dialog')
  await expect(out).toContainText('steps:')
  await out.getByRole('combobox', { name: 'Export as' }).click()
  await home.getByRole('option', { name: 'smartflo' }).click()
  await expect(out).toContainText('Lost in this format')
  const file = home.waitForEvent('download')
  await out.getByRole('button', { name: 'Download' }).click()
  expect((await file).suggestedFilename()).toBe('From-a-file.smartflo.json')
})

test('what a draft changes is told in words before it is published, and in the history', async ({ home, server }) => {
  const id = await make(home, server.url, 'Words', { flow: 1, start: 'a', steps: { a: { play: [{ say: 'Good morning' }], then: 'b' }, b: { hang_up: {} } } })
  await home.goto(`${server.url}/apps/${id}`)
  await home.getByRole('region', { name: 'Step a' }).getByRole('textbox', { name: 'Prompt 1' }).fill('Good evening')
  await expect(home.getByRole('status').filter({ hasText: /^saved$/ })).toBeVisible()
  await home.getByRole('button', { name: 'Publish' }).click()
  await expect(home.getByTestId('diff')).toContainText('Good evening')
  await home.getByRole('textbox', { name: 'Note' }).fill('later in the day')
  await home.getByRole('button', { name: 'Publish now' }).click()
  await expect(home.getByText('Published: new calls run it.')).toBeVisible()
  await home.getByRole('button', { name: 'History' }).click()
  await expect(home.getByRole('dialog')).toContainText('later in the day')
  await home.getByRole('button', { name: 'Compare revision 1 with what runs now' }).click()
  await expect(home.getByRole('dialog')).toContainText('Good evening')
})
