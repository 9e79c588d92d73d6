import type { Page } from '@playwright/test'
import { expect, test } from './tandem'

const saved = (page: Page) => expect(page.getByRole('status').filter({ hasText: /^saved$/ })).toBeVisible()

async function newApp(page: Page, url: string, name: string, template: string) {
  await page.goto(url + '/apps')
  await page.getByRole('button', { name: 'New IVR' }).click()
  const form = page.getByRole('dialog')
  await form.getByRole('textbox', { name: 'Name' }).fill(name)
  await form.getByRole('combobox', { name: 'Begin with' }).click()
  await page.getByRole('option', { name: template }).click()
  await form.getByRole('button', { name: 'New IVR' }).click()
  await page.getByRole('link', { name }).click()
  await expect(page.getByTestId('canvas')).toBeVisible()
}

test('a menu of three keys is built by hand, published and called', async ({ home, server }) => {
  await newApp(home, server.url, 'Desk', 'a menu of two keys')
  await home.getByRole('button', { name: 'Add a step' }).click()
  await home.getByRole('textbox', { name: 'Find a step' }).fill('play')
  await home.getByRole('button', { name: 'play', exact: true }).click()
  const step = home.getByRole('region', { name: 'Step play' })
  await step.getByRole('textbox', { name: 'Prompt 1' }).fill('You have reached the billing desk.')
  await step.getByRole('textbox', { name: 'Name of the step' }).fill('billing')
  await step.getByRole('textbox', { name: 'Name of the step' }).blur()
  await home.getByRole('region', { name: 'Step billing' }).getByRole('combobox', { name: 'next' }).click()
  await home.getByRole('option', { name: 'bye' }).click()
  await home.getByTestId('canvas').locator('[data-step="menu"]').click()
  const menu = home.getByRole('region', { name: 'Step menu' })
  await menu.getByRole('textbox', { name: 'New key' }).fill('3')
  await menu.getByRole('button', { name: 'Add', exact: true }).click()
  await menu.getByRole('combobox', { name: 'key 3' }).click()
  await home.getByRole('option', { name: 'billing' }).click()
  await saved(home)
  await home.getByRole('button', { name: 'Publish' }).click()
  await home.getByRole('button', { name: 'Publish now' }).click()
  await expect(home.getByText('Published: new calls run it.')).toBeVisible()

  const app = home.url().split('/').pop()!
  const account = (JSON.parse(await server.run('account', 'list', '--json')) as { id: string }[])[0]!.id
  await server.run('number', 'add', '+46850000033', '--account', account, '--app', app)
  await server.run('call', `sip:+46850000033@${server.sip}`, '--keys', '1s 3')
  const list = JSON.parse(await server.run('calls', '--json')) as { id: string; to: string }[]
  const shown = await server.run('calls', 'show', list.find((c) => c.to === '+46850000033')!.id)
  expect(shown).toContain('You have reached the billing desk.')
})

test('changes are undone and done again, steps copied, and the outline works by keyboard alone', async ({ home, server }) => {
  await newApp(home, server.url, 'Undo', 'an announcement')
  const canvas = home.getByTestId('canvas')
  await canvas.locator('[data-step="hello"]').click()
  await home.getByRole('region', { name: 'Step hello' }).getByRole('button', { name: 'Copy the step' }).click()
  await home.getByRole('heading', { name: 'Undo' }).click()
  await home.keyboard.press('Control+v')
  await expect(canvas.locator('[data-step="hello-2"]')).toBeVisible()
  await home.getByRole('button', { name: 'Undo' }).click()
  await expect(canvas.locator('[data-step="hello-2"]')).toHaveCount(0)
  await home.getByRole('button', { name: 'Redo' }).click()
  await expect(canvas.locator('[data-step="hello-2"]')).toBeVisible()
  await home.getByText('Outline').click()
  const outline = home.getByRole('navigation', { name: 'Outline' })
  await outline.getByRole('button', { name: /^hello-2/ }).focus()
  await home.keyboard.press('Enter')
  const step = home.getByRole('region', { name: 'Step hello-2' })
  await step.getByRole('button', { name: 'Remove the step' }).focus()
  await home.keyboard.press('Enter')
  await expect(outline.getByRole('button', { name: /^hello-2/ })).toHaveCount(0)
  await saved(home)
})

test('a fault stands at its field and keeps the flow from being published', async ({ home, server }) => {
  await newApp(home, server.url, 'Faulty', 'an announcement')
  await home.getByRole('button', { name: 'Add a step' }).click()
  await home.getByRole('textbox', { name: 'Find a step' }).fill('dial')
  await home.keyboard.press('Enter')
  const step = home.getByRole('region', { name: 'Step dial' })
  await expect(step.getByText(/there is no extension/).first()).toBeVisible()
  await expect(home.getByRole('button', { name: 'Publish' })).toBeDisabled()
  await expect(home.getByTestId('canvas').locator('[data-step="dial"]')).toHaveAttribute('data-found', 'true')
})

test('two people who edit one flow: the second is told, and nothing is overwritten', async ({ home, server, context }) => {
  await newApp(home, server.url, 'Shared', 'an announcement')
  const other = await context.newPage()
  await other.goto(home.url())
  await expect(other.getByTestId('canvas')).toBeVisible()
  const title = (p: Page) => p.getByRole('region', { name: 'Step hello' }).getByRole('textbox', { name: 'Title for people' })
  await title(home).fill('Mine')
  await saved(home)
  await home.getByRole('status').filter({ hasText: 'saved' }).waitFor()
  await expect.poll(async () => (await home.request.get(server.url + '/api/v1/apps/' + home.url().split('/').pop() + '/draft')).status()).toBe(200)
  await title(other).fill('Theirs')
  await expect(other.getByText('Somebody else changed this IVR meanwhile')).toBeVisible()
  await other.getByRole('button', { name: 'Load theirs' }).click()
  await expect(title(other)).toHaveValue('Mine')
})

test('an app of Sonetel’s API is edited on the canvas and reads back over that API', async ({ home, server }) => {
  const app = ((await (await home.request.get(server.url + '/api/v1/apps')).json()) as { items: { id: string; name: string }[] }).items.find((a) => a.name === 'Sample menu')!
  await home.goto(server.url + '/apps/' + app.id)
  await expect(home.getByTestId('canvas').locator('[data-step="menu"]')).toBeVisible()
  await home.getByTestId('canvas').locator('[data-step="menu"]').click()
  const menu = home.getByRole('region', { name: 'Step menu' })
  await menu.getByRole('combobox', { name: 'key 2' }).click()
  await home.getByRole('option', { name: 'digit_1', exact: true }).click()
  await saved(home)
  await expect.poll(async () => (await home.request.get(`${server.url}/api/v1/apps/${app.id}/draft`)).status()).toBe(200)
  await home.getByRole('button', { name: 'Publish' }).click()
  await home.getByRole('button', { name: 'Publish now' }).click()
  await expect(home.getByText('Published: new calls run it.')).toBeVisible()
  const kept = (await (await home.request.get(`${server.url}/api/v1/apps/${app.id}`)).json()) as { kind: string; document: { menu: Record<string, { id: string }> } }
  expect(kept.kind).toBe('sonetel')
  expect(kept.document.menu.digit_2!.id).toBe(kept.document.menu.digit_1!.id)
  await home.getByRole('button', { name: 'History' }).click()
  await expect(home.getByRole('dialog')).toContainText('Revision 2')
})

test('steps on the canvas and in the outline call IVRs, users, extensions, sounds and queues by their names, and mark ids that the account does not have', async ({ home, server }) => {
  const make = async (path: string, data: unknown) => {
    const r = await home.request.post(server.url + path, { headers: { Origin: server.url }, data })
    expect(r.status(), await r.text()).toBe(201)
    return (await r.json()) as { id: string }
  }
  const anna = await make('/api/v1/users', { first_name: 'Anna', last_name: 'Berg', email: 'anna@example.com' })
  await make('/api/v1/extensions', { number: '101', user: anna.id })
  const hours = ((await (await home.request.get(server.url + '/api/v1/apps')).json()) as { items: { id: string; name: string }[] }).items.find((a) => a.name === 'Opening hours')!
  const names = await make('/api/v1/apps', { name: 'Names', kind: 'native', document: { flow: 1, start: 'who', steps: {
    who: { gather: { prompts: [{ say: 'Press a key' }] }, keys: { 1: 'person', 2: 'elsewhere', 3: 'line', 4: 'short', 5: 'message', 6: 'room' } },
    person: { dial: { user: anna.id } }, elsewhere: { goto: hours.id }, line: { queue: { id: 'q-17', name: 'Support', members: [{ extension: '101' }] } },
    short: { dial: { extension: '101' }, failed: 'room' }, message: { record: { purpose: 'voicemail' }, recorded: 'leave' }, leave: { deliver: { user: anna.id } }, room: { conference: { room: 'monday' } },
  } } })
  const words: [string, string][] = [['person', 'user Anna Berg'], ['elsewhere', 'Opening hours'], ['line', 'Support'], ['short', 'extension 101 Anna Berg'], ['leave', 'user Anna Berg'], ['room', 'monday']]
  await home.goto(server.url + '/apps/' + names.id)
  for (const [step, text] of words) await expect(home.getByTestId('canvas').locator(`[data-step="${step}"] .words`)).toHaveText(text)
  await home.getByText('Outline').click()
  const outline = home.getByRole('navigation', { name: 'Outline' })
  for (const [step, text] of words) await expect(outline.locator(`[data-row="${step}"]`)).toContainText(text)
  await outline.getByRole('textbox', { name: 'Look for a step' }).fill('anna')
  await expect(outline.locator('[data-row]')).toHaveCount(3)
  await home.request.delete(server.url + '/api/v1/extensions/101', { headers: { Origin: server.url } })
  await home.reload()
  await expect(home.getByTestId('canvas').locator('[data-step="short"] .words')).toHaveText('extension 101 (unknown)')
})
