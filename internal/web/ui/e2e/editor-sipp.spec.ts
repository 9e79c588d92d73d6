import type { Page } from '@playwright/test'
import { called, sipp } from './sipp'
import { expect, freePort, test } from './tandem'

const saved = (page: Page) => expect(page.getByRole('status').filter({ hasText: /^saved$/ })).toBeVisible()

/** Adds a step of a kind and gives it a name; its panel is open then. */
async function add(page: Page, kind: string, name: string) {
  await page.getByRole('button', { name: 'Add a step' }).click()
  await page.getByRole('textbox', { name: 'Find a step' }).fill(kind)
  await page.getByRole('dialog').getByRole('button', { name: kind, exact: true }).click()
  const called = page.getByRole('region', { name: `Step ${kind}` }).getByRole('textbox', { name: 'Name of the step' })
  await called.fill(name)
  await called.blur()
  const panel = page.getByRole('region', { name: `Step ${name}`, exact: true })
  await expect(panel).toBeVisible()
  return panel
}

/** Draws a way on the canvas, from the lower edge of a step to the upper one of another. */
async function draw(page: Page, from: string, to: string) {
  const canvas = page.getByTestId('canvas')
  await canvas.getByRole('button', { name: 'Fit View' }).click()
  const handle = (step: string, kind: string) => canvas.locator(`.react-flow__node[data-id="${step}"] .react-flow__handle.${kind}`)
  const way = canvas.locator(`.react-flow__edge[data-id="${from}→${to}"]`)
  await expect(async () => { // the canvas may move while it is laid out anew
    if (await way.count() === 0) await handle(from, 'source').dragTo(handle(to, 'target'), { timeout: 5_000 })
    await expect(way).toHaveCount(1, { timeout: 1_000 })
  }).toPass()
}

test('a menu of three keys is built on an empty canvas, published, given a number, and its keys are pressed by SIPp', async ({ home, server }) => {
  test.skip(process.getuid?.() !== 0, 'SIPp sends keys through a raw socket, for which one has to be root')
  test.setTimeout(120_000)
  const port = await freePort('udp')
  const desk = sipp({ scenario: 'answer', port, within: 110 })
  desk.catch(() => undefined) // it is looked at after key 2
  await home.goto(server.url + '/apps')
  await home.getByRole('button', { name: 'New IVR' }).click()
  const form = home.getByRole('dialog')
  await form.getByRole('textbox', { name: 'Name' }).fill('Front desk')
  await form.getByRole('combobox', { name: 'Begin with' }).click()
  await home.getByRole('option', { name: 'nothing' }).click()
  await form.getByRole('button', { name: 'New IVR' }).click()
  await home.getByRole('link', { name: 'Front desk' }).click()
  await expect(home.getByTestId('canvas').locator('[data-step="bye"]')).toBeVisible()

  const billing = await add(home, 'play', 'billing')
  await billing.getByRole('textbox', { name: 'Prompt 1' }).fill('You have reached the billing desk.')
  const person = await add(home, 'dial', 'person')
  await person.getByRole('combobox', { name: 'Kind of destination 1' }).click()
  await home.getByRole('option', { name: 'SIP address' }).click()
  await person.getByRole('textbox', { name: 'Destination 1' }).fill(`desk@127.0.0.1:${port}`)
  const other = await add(home, 'goto', 'elsewhere')
  await other.getByRole('combobox', { name: 'goto' }).click()
  await home.getByRole('option', { name: 'Opening hours' }).click()
  const menu = await add(home, 'gather', 'menu')
  await menu.getByRole('button', { name: 'Calls begin here' }).click()
  await menu.getByRole('textbox', { name: 'Prompt 1' }).fill('For billing press 1, for a person press 2, for our hours press 3.')
  await expect(menu.getByRole('switch', { name: 'barge in' })).toBeChecked()
  await menu.getByRole('textbox', { name: 'first digit' }).fill('20s')
  for (const [key, to] of [['1', 'billing'], ['2', 'person'], ['3', 'elsewhere']] as const) {
    await menu.getByRole('button', { name: `Add key ${key}`, exact: true }).click()
    await menu.getByRole('combobox', { name: `key ${key}` }).click()
    await home.getByRole('option', { name: to, exact: true }).click()
  }
  await draw(home, 'billing', 'bye')
  await saved(home)
  await home.getByRole('button', { name: 'Publish', exact: true }).click()
  await home.getByRole('dialog', { name: 'Publish' }).getByRole('button', { name: 'Publish now' }).click()
  await expect(home.getByText('Published: new calls run it.')).toBeVisible()
  const app = home.url().split('/').pop()!

  const number = '+46850000034'
  await home.getByRole('link', { name: 'Numbers', exact: true }).click()
  await home.getByRole('button', { name: 'Add a number' }).click()
  const at = home.getByRole('dialog', { name: 'Add a number' })
  await at.getByRole('textbox', { name: 'Number' }).fill(number)
  await at.getByRole('combobox', { name: 'Calls go to' }).click()
  await home.getByRole('option', { name: 'IVR', exact: true }).click()
  await at.getByRole('combobox', { name: 'Which' }).click()
  await home.getByRole('option', { name: 'Front desk' }).click()
  await at.getByRole('button', { name: 'Add a number' }).click()
  await expect(home.getByRole('row', { name: /\+46850000034/ })).toContainText('IVR Front desk')

  const one = await called(home, server, number, '1')
  expect(one.events.some((e) => e.kind === 'digit' && e.data?.digit === '1' && e.data.method === 'rfc4733'), JSON.stringify(one.events)).toBe(true)
  expect(one.app(app)).toEqual(['menu: key 1', 'billing: next'])
  expect(JSON.stringify(one.events)).toContain('You have reached the billing desk.')
  const two = await called(home, server, number, '2')
  await desk
  expect(two.app(app)).toEqual(['menu: key 2', 'person: completed'])
  expect(two.events.map((e) => e.kind)).toContain('bridge.started')
  const three = await called(home, server, number, '3')
  expect(three.app(app)[0]).toBe('menu: key 3')
  expect(three.events.filter((e) => e.kind === 'app.entered').map((e) => e.data?.name)).toEqual(['Front desk', 'Opening hours'])
})
