import type { Page } from '@playwright/test'
import { picture, serious, settled } from './looks'
import { expect, test, type Server } from './tandem'

const evil = '<img src=x onerror="window.ouch=1">'

/** Gives an account an app of its own at a number. */
async function answers(home: Page, server: Server, number: string, document: unknown): Promise<void> {
  const headers = { Origin: server.url }
  const app = await home.request.post(server.url + '/api/v1/apps', { headers, data: { kind: 'native', name: evil, document, publish: true } })
  expect(app.status(), await app.text()).toBe(201)
  const { id } = (await app.json()) as { id: string }
  const to = await home.request.post(server.url + '/api/v1/numbers', { headers, data: { number, to: { kind: 'app', id } } })
  expect(to.status(), await to.text()).toBe(201)
}

/** What axe finds on the page as it stands, and whether it is wider than a telephone; light, dark and narrow. */
async function looks(home: Page, name: string): Promise<void> {
  await picture(home, name)
  for (const colorScheme of ['dark', 'light'] as const) {
    await home.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
    await expect(home.locator('html')).toHaveAttribute('data-mantine-color-scheme', colorScheme)
    expect(await serious(home), `${name} ${colorScheme}`).toEqual([])
  }
  await home.setViewportSize({ width: 360, height: 740 })
  await home.reload()
  await settled(home)
  await picture(home, name + '-phone')
  expect(await serious(home), name + ' narrow').toEqual([])
  expect(await home.evaluate(() => document.documentElement.scrollWidth), name + ' is too wide').toBeLessThanOrEqual(360)
  await home.setViewportSize({ width: 1280, height: 800 })
}

test('who waits in a queue and who is in a room is seen, muted, recorded and sent out', async ({ home, server }) => {
  test.setTimeout(90_000)
  await answers(home, server, '+12025550111', { flow: 1, start: 'room', steps: {
    room: { conference: { room: 'team', music: [{ music: true }] }, then: 'bye', kicked: 'bye', full: 'bye', max_duration: 'bye', failed: 'bye' }, bye: { hang_up: { words: 'out of the room' } } } })
  await answers(home, server, '+12025550112', { flow: 1, start: 'wait', steps: {
    wait: { queue: { id: 'sales', members: [{ sip: 'nobody@127.0.0.1:9' }] }, completed: 'bye', no_answer: 'bye', full: 'bye', max_duration: 'bye', failed: 'bye' }, bye: { hang_up: {} } } })
  await home.goto(server.url + '/rooms')
  await expect(home.getByText('Nobody waits in a queue.')).toBeVisible()
  await expect(home.getByText('No conference room is up.')).toBeVisible()
  const calls = ['+12025550111', '+12025550111', '+12025550112'].map((n) => server.run('call', `sip:${n}@${server.sip}`, '--for', '80s').catch(() => ''))
  const members = home.getByRole('region', { name: 'Members of room team' }).getByRole('row')
  const waiting = home.getByRole('region', { name: 'Callers in queue sales' }).getByRole('row')
  await expect(members).toHaveCount(2)
  await expect(waiting).toHaveCount(1)
  await expect(waiting).toContainText(/\d:\d\d/)
  await looks(home, 'rooms')

  await members.first().getByRole('button', { name: /^Mute/ }).click()
  await expect(members.first()).toContainText('muted')
  await members.first().getByRole('button', { name: /be heard$/ }).click()
  await expect(members.first()).not.toContainText('muted')
  await home.getByRole('button', { name: 'Lock the room' }).click()
  await expect(home.getByText('locked', { exact: true })).toBeVisible()
  await server.run('call', `sip:+12025550111@${server.sip}`, '--for', '5s').catch(() => '') // hung up by the flow
  await expect(members).toHaveCount(2)
  await home.getByRole('button', { name: 'Open the room' }).click()
  await expect(home.getByText('locked', { exact: true })).toHaveCount(0)
  await home.getByRole('button', { name: 'Record the room' }).click()
  await expect(home.getByText('being recorded')).toBeVisible()
  await home.getByRole('button', { name: 'Stop the recording' }).click()
  await expect(home.getByText('being recorded')).toHaveCount(0)
  await members.first().getByRole('button', { name: /^Send/ }).click()
  await expect(members).toHaveCount(1)
  await home.getByRole('button', { name: 'End the room' }).click()
  await home.getByRole('dialog', { name: 'End room team?' }).getByRole('button', { name: 'End the room' }).click()
  await expect(home.getByText('No conference room is up.')).toBeVisible()
  await waiting.getByRole('button', { name: /^Hang up/ }).click()
  await expect(home.getByText('Nobody waits in a queue.')).toBeVisible()
  await Promise.all(calls) // the calls are over for their callers too
})

test('a message that a caller left is listened to, downloaded and removed', async ({ home, server }) => {
  test.setTimeout(90_000)
  await answers(home, server, '+12025550113', { flow: 1, start: 'message', steps: {
    message: { record: { purpose: 'voicemail', finish: '#', max_length: '3s' }, recorded: 'deliver' }, deliver: { deliver: {} , then: 'bye' }, bye: { hang_up: {} } } })
  await home.goto(server.url + '/messages')
  await expect(home.getByText('There is no message here.')).toBeVisible()
  await server.run('call', `sip:+12025550113@${server.sip}`, '--say', 'Please call me back about the order', '--for', '8s')
  const row = home.getByRole('region', { name: 'Voicemail' }).getByRole('row').nth(1)
  await expect(row).toContainText('no address')
  await expect(home.getByText('Messages that reached nobody by mail: 1.')).toBeVisible()
  await looks(home, 'messages')

  await expect(row).toContainText('new')
  await row.getByRole('button', { name: /^Listen/ }).click()
  const dialog = home.getByRole('dialog', { name: /^the message from/ })
  await dialog.getByRole('button', { name: 'Play' }).click()
  await expect(dialog).toContainText(/[1-9]/)
  const download = home.waitForEvent('download')
  await dialog.getByRole('link', { name: 'Download the message' }).click()
  expect((await download).suggestedFilename()).toMatch(/\.wav$/)
  await dialog.getByRole('button', { name: 'Close' }).click()
  await expect(row.getByRole('button', { name: /as new$/ })).toBeVisible() // listening marked it
  await row.getByRole('button', { name: /as new$/ }).click()
  await expect(row.getByRole('button', { name: /as heard$/ })).toBeVisible()

  const boxes = home.getByRole('region', { name: 'Mailboxes' }).last()
  await expect(home.getByText('This server has no mail server')).toBeVisible() // the owner has an address
  await boxes.getByRole('button', { name: /^Change / }).first().click()
  const form = home.getByRole('dialog', { name: /^Change / })
  await form.getByRole('textbox', { name: 'E-mail address' }).fill('nowhere')
  await form.getByRole('button', { name: 'Save' }).click()
  await expect(form.getByText('is no e-mail address')).toBeVisible()
  await form.getByRole('textbox', { name: 'E-mail address' }).fill('box@example.com')
  await form.getByRole('textbox', { name: 'Greeting as text' }).fill(evil)
  await form.getByRole('textbox', { name: 'Messages that it may keep' }).fill('5')
  await form.getByRole('button', { name: 'Save' }).click()
  await expect(boxes.getByRole('row', { name: /box@example.com/ })).toContainText(evil)
  await expect(boxes.getByRole('row', { name: /box@example.com/ })).toContainText('of 5')
  await row.getByRole('button', { name: /^Remove/ }).click()
  await home.getByRole('dialog', { name: /^Remove the message/ }).getByRole('button', { name: 'Remove' }).click()
  await expect(home.getByText('There is no message here.')).toBeVisible()
  expect(await home.evaluate(() => (window as unknown as { ouch?: number }).ouch)).toBeUndefined()
})
