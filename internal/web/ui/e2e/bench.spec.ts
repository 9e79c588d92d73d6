import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Page } from '@playwright/test'
import { serious } from './looks'
import { expect, test, type Server } from './tandem'
import { credential } from './vendors'

const flow = `flow: 1
start: menu
steps:
  menu:
    gather: {prompts: [{tone: beep}], first_digit: 4s}
    keys: {1: one, 2: two}
    no_input: bye
  one: {play: [{tone: ringback}], then: bye}
  two: {play: [{tone: busy}]}
  bye: {play: [{tone: beep}]}
`
const document = (text: string) => ({ format: 'yaml', text })
const number = '+4685000001'

async function made(home: Page, server: Server): Promise<string> {
  const headers = { Origin: server.url }
  const app = await home.request.post(server.url + '/api/v1/apps', { headers, data: { kind: 'native', name: 'Desk', document: document(flow) } })
  expect(app.status(), await app.text()).toBe(201)
  const { id } = (await app.json()) as { id: string }
  const to = await home.request.post(server.url + '/api/v1/numbers', { headers, data: { number, to: { kind: 'app', id } } })
  expect(to.status(), await to.text()).toBe(201)
  return id
}

test('an IVR is heard: keys are chosen beside the sound and on the canvas, and the transcript follows', async ({ home, server }) => {
  const id = await made(home, server)
  await home.goto(`${server.url}/apps/${id}`)
  await home.getByRole('tab', { name: 'Listen' }).click()
  await home.getByRole('button', { name: 'Hear it' }).click()
  const transcript = home.getByRole('list', { name: 'Transcript' })
  await expect(transcript.getByRole('listitem')).toHaveCount(1)
  await home.getByRole('button', { name: 'Press 1, to one' }).click()
  await expect(home.getByRole('textbox', { name: 'Keys' })).toHaveValue('1')
  await expect(transcript.getByRole('listitem').filter({ hasText: 'The caller presses 1' })).toBeVisible()
  const canvas = home.getByTestId('canvas')
  for (const step of ['menu', 'one', 'bye']) await expect(canvas.locator(`[data-step="${step}"]`)).toHaveAttribute('data-state', /visited|now/)
  await expect(canvas.locator('[data-step="two"]')).not.toHaveAttribute('data-state')
  // The sound goes on, and what is heard is marked.
  await transcript.getByRole('button').first().click()
  await expect(transcript.locator('[data-heard]')).toHaveCount(1)
  await expect.poll(() => home.getByLabel('What a caller hears').evaluate((a: HTMLAudioElement) => a.currentTime)).toBeGreaterThan(0)
  const [wav] = await Promise.all([home.waitForEvent('download'), home.getByRole('link', { name: 'WAV', exact: true }).click()])
  expect(wav.suggestedFilename()).toBe('path-1.wav')
  expect(readFileSync(await wav.path()).subarray(0, 4).toString()).toBe('RIFF')
  const [vtt] = await Promise.all([home.waitForEvent('download'), home.getByRole('link', { name: 'WebVTT' }).click()])
  expect(readFileSync(await vtt.path(), 'utf8')).toMatch(/^WEBVTT\n\n.*presses 1/s)
  // From the beginning again, and on by a click on the canvas.
  await home.getByRole('textbox', { name: 'Keys' }).fill('')
  await home.getByRole('button', { name: 'Hear it' }).click()
  await expect(home.getByRole('button', { name: 'Press 2, to two' })).toBeVisible()
  await canvas.locator('[data-step="two"]').click()
  await expect(transcript.getByRole('listitem').filter({ hasText: 'The caller presses 2' })).toBeVisible()
  await home.getByRole('button', { name: 'The whole menu' }).click()
  await expect(home.getByRole('group', { name: 'Chapters' }).getByRole('button')).toHaveText([/Desk/, /key 1/, /key 2/])
  await home.getByRole('textbox', { name: 'Keys' }).fill('soon')
  await home.getByRole('button', { name: 'Hear it' }).click()
  await expect(home.getByText(/"soon" is neither keys nor a time/)).toBeVisible()
})

test('an application that an IVR asks is asked where its address is given, and who orders by itself is said', async ({ home, server }) => {
  const asked: string[] = []
  const application = createServer((req, res) => {
    asked.push(`${req.method} ${req.url}`)
    res.end(JSON.stringify({ verbs: [{ type: 'SAY', message: { language: 'en-GB', gender: 'female', text: 'Good morning' } }] }))
  })
  await new Promise<void>((done) => application.listen(0, '127.0.0.1', done))
  try {
    const headers = { Origin: server.url }
    const make = async (data: object) => {
      const app = await home.request.post(server.url + '/api/v1/apps', { headers, data })
      expect(app.status(), await app.text()).toBe(201)
      return ((await app.json()) as { id: string }).id
    }
    const id = await make({ kind: 'native', name: 'Asks', document: document('flow: 1\nstart: ask\nsteps:\n  ask: {fetch: {dialect: routee, url: "https://ivr.example/plan"}, failed: bye}\n  bye: {play: [{tone: beep}]}\n') })
    await home.goto(`${server.url}/apps/${id}?try=listen`)
    await expect(home.getByRole('textbox', { name: 'Address of the application' })).toHaveCount(0)
    await home.getByRole('button', { name: 'Hear it' }).click()
    await expect(home.getByRole('alert').filter({ hasText: 'The application was not asked' })).toContainText('https://ivr.example/plan')
    const address = home.getByRole('textbox', { name: 'Address of the application' })
    await address.fill('ivr.example')
    await home.getByRole('button', { name: 'Hear it' }).click()
    await expect(home.getByText(/"ivr.example" is no http address/)).toBeVisible()
    expect(asked).toEqual([])
    await address.fill(`http://127.0.0.1:${(application.address() as AddressInfo).port}`)
    await home.getByRole('button', { name: 'Hear it' }).click()
    await expect(home.getByRole('list', { name: 'Transcript' })).toContainText('Good morning')
    await expect(home.getByRole('alert').filter({ hasText: 'was not asked' })).toHaveCount(0)
    expect(asked).toEqual(['POST /plan'])
    await home.mouse.move(0, 0) // a button that is pointed at has another colour, which fades
    await expect.poll(() => serious(home)).toEqual([])

    const { app_id } = await credential(home, server, 'hoiio')
    const ordered = await make({ kind: 'hoiio', name: 'Orders', document: { notify_url: 'https://ivr.example/answer', app_id } })
    await home.goto(`${server.url}/apps/${ordered}?try=listen`)
    await expect(home.getByRole('alert').filter({ hasText: 'An application decides' })).toContainText('tandem listen')
  } finally {
    application.close()
  }
})

test('tests are written and run, past calls replayed, and a draft is given to a part of the callers first', async ({ home, server }) => {
  test.setTimeout(120_000)
  const id = await made(home, server)
  await server.run('call', `sip:${number}@${server.sip}`, '--keys', '2s 1')
  await home.goto(`${server.url}/apps/${id}?try=tests`)
  const text = home.getByRole('textbox', { name: 'Tests as text' })
  await text.fill('test "it rings"\n  caller dances\n')
  await home.getByRole('button', { name: 'Run all' }).click()
  await expect(home.getByRole('alert').filter({ hasText: 'can’t be read' })).toContainText('Line 2')
  await text.fill('')
  await home.getByRole('button', { name: 'Write what is missing' }).click()
  await expect(text).toHaveValue(/presses 2/)
  await home.getByRole('button', { name: 'Run all' }).click()
  await expect(home.getByRole('status').filter({ hasText: /[1-9] passed, 0 failed/ })).toBeVisible()
  await home.getByRole('button', { name: 'Save the tests' }).click()
  await expect(home.getByRole('button', { name: 'Save the tests' })).toBeDisabled()
  const all = await text.inputValue()
  // What one test alone does not reach stands on the canvas.
  await text.fill('test "key 2"\n  caller +46701112233 dials +4685000001\n  hears "beep"\n  waits 2s\n  presses 2\n  hears "busy"\n  hears "moo"\n')
  await home.getByRole('button', { name: 'Run all' }).click()
  await expect(home.getByRole('status').filter({ hasText: '0 passed, 1 failed' })).toBeVisible()
  await expect(home.getByText(/^Expected: hears "moo"/)).toBeVisible()
  const canvas = home.getByTestId('canvas')
  await expect(canvas.locator('[data-step="one"]')).toHaveAttribute('data-missing', 'true')
  await expect(canvas.locator('[data-step="two"]')).not.toHaveAttribute('data-missing')
  await text.fill(all)

  // The draft sends key 1 elsewhere: yesterday's call ends there, and a test fails.
  const draft = await home.request.put(`${server.url}/api/v1/apps/${id}/draft`, { headers: { Origin: server.url }, data: { document: document(flow.replace('1: one', '1: two')) } })
  expect(draft.status(), await draft.text()).toBe(200)
  await home.goto(`${server.url}/apps/${id}?try=replay`)
  await home.getByRole('button', { name: 'Run them on the draft' }).click()
  await expect(home.getByText('Of 1 calls 1 end elsewhere.')).toBeVisible()
  const row = home.getByRole('region', { name: 'Calls that go another way' }).getByRole('row').nth(1)
  await expect(row).toContainText('Step 2 was one')
  await row.getByRole('link').click()
  await home.getByRole('button', { name: 'Replay on the draft' }).click()
  await expect(home.getByRole('status').filter({ hasText: 'It goes another way.' })).toContainText('is two')

  await home.goto(`${server.url}/apps/${id}?try=callers`)
  await expect(home.getByText(/Callers get revision 1/)).toBeVisible()
  await home.getByRole('button', { name: 'Publish', exact: true }).click()
  const dialog = home.getByRole('dialog', { name: 'Publish' })
  await expect(dialog.getByRole('alert').filter({ hasText: 'Keeps it from being published' })).toContainText('test-failed')
  await dialog.getByRole('button', { name: 'Try yesterday’s calls on this draft' }).click()
  await expect(dialog.getByText('Of 1 calls 1 end elsewhere.')).toBeVisible()
  await dialog.getByText('A part of them first').click()
  await dialog.getByRole('textbox', { name: 'Part of the callers' }).fill('20')
  await dialog.getByRole('textbox', { name: 'Publish nevertheless, because' }).fill('trying it')
  await dialog.getByRole('button', { name: 'Publish now' }).click()
  await expect(dialog).toHaveCount(0)
  await expect(home.getByText('20 % of the callers get another revision')).toBeVisible()
  await expect(home.getByText('Published nevertheless, because: trying it')).toBeVisible()
  await home.getByRole('button', { name: 'Publish it for all' }).click()
  await expect(home.getByText('20 % of the callers get another revision')).toHaveCount(0)
  const published = async () => JSON.stringify(await (await home.request.get(`${server.url}/api/v1/apps/${id}`)).json())
  await expect.poll(published).toContain('1: two')
  await home.getByRole('button', { name: /Back to revision \d+ now/ }).click()
  await expect.poll(published).toContain('1: one')
})
