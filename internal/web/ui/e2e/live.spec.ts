import { sipp } from './sipp'
import { expect, freePort, test } from './tandem'

test('a talk is listened to, whispered to, held and sent elsewhere from its page', async ({ home, server }) => {
  test.setTimeout(120_000)
  const me = (await (await home.request.get(server.url + '/api/v1/me')).json()) as { user: { id: string } }
  await home.request.post(server.url + '/api/v1/extensions', { data: { number: '88', user: me.user.id } })
  await home.request.post(server.url + '/api/v1/numbers', { data: { number: '+46850000088', to: { kind: 'extension', id: '88' } } })
  await home.reload()
  await expect(home.getByRole('button', { name: 'Log out' })).toBeVisible()
  const desk = await home.context().newPage() // where it is listened from
  await desk.goto(server.url + '/calls')
  const call = server.run('call', `sip:+46850000088@${server.sip}`, '--for', '120s').catch(() => '')
  await home.getByRole('complementary', { name: 'Phone' }).getByRole('button', { name: 'Answer' }).click()
  await desk.getByRole('region', { name: 'Calls now' }).getByRole('link', { name: /\+46850000088/ }).click()

  const panel = desk.getByRole('complementary', { name: 'Phone' })
  await desk.getByRole('button', { name: 'Listen', exact: true }).click()
  await expect(panel.getByRole('status')).toContainText('Talks')
  await expect(desk.getByRole('cell', { name: / listens( more)?$/ })).toBeVisible()
  await expect(desk.getByRole('button', { name: 'Join', exact: true })).toBeDisabled() // one call at a time
  await panel.getByRole('button', { name: 'Hang up' }).click()
  await expect(panel.getByRole('status')).toContainText('Call ended')

  await desk.getByRole('button', { name: 'Whisper', exact: true }).click()
  await desk.getByRole('dialog', { name: 'Whisper' }).getByRole('button', { name: 'Whisper', exact: true }).click()
  await expect(desk.getByRole('cell', { name: /is heard by the called party/ })).toBeVisible()
  await panel.getByRole('button', { name: 'Hang up' }).click()
  await expect(panel.getByRole('status')).toContainText('Call ended')

  await desk.getByRole('button', { name: 'Hold the caller' }).click()
  await expect(desk.getByRole('cell', { name: /is on hold and hears/ })).toBeVisible()
  await desk.getByRole('button', { name: 'Take off hold' }).click()
  await expect(desk.getByRole('cell', { name: /talks again/ })).toBeVisible()

  // A telephone that is not the page's is rung for it, and joins once it answers.
  const port = await freePort('udp')
  const phone = sipp({ scenario: 'answer', port, within: 60 })
  await desk.getByRole('button', { name: 'Listen by telephone' }).click()
  const by = desk.getByRole('dialog', { name: 'Listen by telephone' })
  await by.getByRole('combobox', { name: 'Which telephone' }).click()
  await desk.getByRole('option', { name: 'SIP address' }).click()
  await by.getByRole('textbox', { name: 'SIP address' }).fill(`desk@127.0.0.1:${port}`)
  await by.getByRole('button', { name: 'Ring it' }).click()
  await phone
  await expect(desk.getByRole('cell', { name: / listens( more)?$/ })).toHaveCount(2)

  await desk.getByRole('button', { name: 'Send elsewhere' }).click()
  const dialog = desk.getByRole('dialog', { name: 'Send elsewhere' })
  await dialog.getByRole('combobox', { name: 'Calls go to' }).click()
  await desk.getByRole('option', { name: 'IVR', exact: true }).click()
  await dialog.getByRole('combobox', { name: 'Which' }).click()
  await desk.getByRole('option', { name: 'Sample menu' }).click()
  await dialog.getByRole('button', { name: 'Send elsewhere' }).click()
  await expect(dialog).toHaveCount(0)
  await expect(desk.getByRole('button', { name: 'Listen', exact: true })).toBeDisabled() // nobody talks any more
  await expect(desk.getByText('The call is up.')).toBeVisible()
  await desk.getByRole('button', { name: 'Hang up' }).first().click()
  await desk.getByRole('dialog', { name: 'Hang up' }).getByRole('button', { name: 'Hang up' }).click()
  await expect(desk.getByText('The call is up.')).toHaveCount(0)
  await call
})

test('past calls are searched on the server', async ({ home, server }) => {
  await server.run('call', `sip:+12025550100@${server.sip}`, '--for', '2s').catch(() => '')
  await home.goto(server.url + '/calls')
  const list = home.getByRole('region', { name: 'Past calls' })
  await expect(list.getByRole('link', { name: /\+12025550100/ })).toBeVisible()
  await home.getByRole('searchbox', { name: 'Find a call' }).fill('no such call')
  await expect(home.getByText('No call is like that.')).toBeVisible()
  await home.getByRole('searchbox', { name: 'Find a call' }).fill('2025550')
  await expect(list.getByRole('link', { name: /\+12025550100/ })).toBeVisible()
})

test('a sound is recorded by phone, heard and kept', async ({ home, server }) => {
  test.setTimeout(120_000)
  const me = (await (await home.request.get(server.url + '/api/v1/me')).json()) as { user: { id: string } }
  await home.request.post(server.url + '/api/v1/extensions', { data: { number: '88', user: me.user.id } })
  await home.goto(server.url + '/sounds')
  await home.getByRole('button', { name: 'Add a sound' }).first().click()
  const dialog = home.getByRole('dialog', { name: 'Add a sound' })
  await dialog.getByRole('tab', { name: 'By phone' }).click()
  await dialog.getByRole('textbox', { name: 'Name' }).fill('We are closed')
  await dialog.getByRole('combobox', { name: 'Which' }).click()
  await home.getByRole('option', { name: '88' }).click()
  await dialog.getByRole('button', { name: 'Ring', exact: true }).click()
  const call = (await dialog.getByRole('link').getAttribute('href'))!.split('/').pop()!
  const happened = async (kind: string, text = '') => {
    const c = (await (await home.request.get(server.url + '/api/v1/calls/' + call)).json()) as { events: { kind: string; text: string; at: string }[] }
    return c.events.find((e) => e.kind === kind && e.text.includes(text))
  }
  const panel = home.getByRole('complementary', { name: 'Phone' })
  await home.keyboard.press('Escape') // the dialog is in front of the telephone
  await panel.getByRole('button', { name: 'Answer' }).click()
  await expect(panel.getByRole('status')).toContainText('Talks')
  await panel.getByRole('button', { name: '#', exact: true }).click() // cuts the words
  await expect.poll(async () => {
    const began = await happened('recording.started')
    return began ? Date.now() - Date.parse(began.at) : 0
  }, { timeout: 60_000 }).toBeGreaterThan(1500)
  await panel.getByRole('button', { name: '#', exact: true }).click()
  await expect.poll(() => happened('recording.finished')).toBeTruthy()
  await panel.getByRole('button', { name: '1', exact: true }).click()
  await expect(panel.getByRole('status')).toContainText('Call ended', { timeout: 60_000 })
  const list = (await (await home.request.get(server.url + '/api/v1/sounds')).json()) as { items: { name: string; source: string; seconds: number }[] }
  const made = list.items.find((s) => s.name === 'We are closed')
  expect(made?.source).toBe('phone')
  expect(made?.seconds).toBeGreaterThan(0.4)
})

test('calls are counted, and drawn on the flow that they went through', async ({ home, server }) => {
  await server.run('call', `sip:+12025550100@${server.sip}`, '--keys', '6s 1')
  const apps = (await (await home.request.get(server.url + '/api/v1/apps')).json()) as { items: { id: string; name: string }[] }
  await home.goto(server.url + '/statistics')
  await expect(home.locator('[data-stat="stats.calls"]')).toHaveText('1')
  await expect(home.getByRole('region', { name: 'Number, table' }).getByRole('link', { name: '+12025550100' })).toBeVisible()
  await home.getByRole('combobox', { name: 'IVR' }).selectOption(apps.items.find((a) => a.name === 'Sample menu')!.id)
  await expect(home.getByText('1 calls were followed, the newest of 1.')).toBeVisible()
  await expect(home.getByTestId('drop').first()).toBeVisible()
  await home.getByRole('region', { name: 'Where calls went, table' }).getByRole('link', { name: 'call 1' }).first().click()
  await expect(home.getByRole('heading', { level: 1 })).toContainText('+12025550100')
})

test('a call that is up is sent keys, recorded, sent to a step and transferred from its page', async ({ home, server }) => {
  test.setTimeout(120_000)
  const me = (await (await home.request.get(server.url + '/api/v1/me')).json()) as { user: { id: string } }
  await home.request.post(server.url + '/api/v1/extensions', { data: { number: '88', user: me.user.id } })
  await home.goto(server.url + '/calls')
  const call = server.run('call', `sip:+12025550100@${server.sip}`, '--for', '120s').catch(() => '')
  await home.getByRole('region', { name: 'Calls now' }).getByRole('link', { name: /\+12025550100/ }).click()
  await expect(home.getByText('The call is up.')).toBeVisible()

  await home.getByRole('button', { name: 'Send keys' }).click()
  const keys = home.getByRole('dialog', { name: 'Send keys' })
  await keys.getByRole('textbox', { name: 'Keys' }).fill('12x')
  await keys.getByRole('button', { name: 'Send keys' }).click()
  await expect(keys.getByRole('textbox', { name: 'Keys' })).toHaveAttribute('aria-invalid', 'true') // the server says why, at the field
  await keys.getByRole('textbox', { name: 'Keys' }).fill('12#')
  await keys.getByRole('button', { name: 'Send keys' }).click()
  await expect(home.getByRole('cell', { name: /keys 12# are sent to/ })).toBeVisible()

  await home.getByRole('button', { name: 'Record', exact: true }).click()
  await expect(home.getByRole('cell', { name: /recording RE\S+ started/ })).toBeVisible()
  await home.getByRole('button', { name: 'Pause the recording' }).click()
  await expect(home.getByRole('cell', { name: /recording RE\S+ paused/ })).toBeVisible()
  await home.getByRole('button', { name: 'Go on recording' }).click()
  await expect(home.getByRole('cell', { name: /recording RE\S+ goes on/ })).toBeVisible()
  await home.getByRole('button', { name: 'Stop recording' }).click()
  await expect(home.getByRole('cell', { name: /recording RE\S+ of \S+ finished/ })).toBeVisible()
  await expect(home.getByRole('button', { name: 'Record', exact: true })).toBeVisible()

  await home.getByRole('button', { name: 'Send elsewhere' }).click()
  const where = home.getByRole('dialog', { name: 'Send elsewhere' })
  await where.getByRole('combobox', { name: 'Calls go to' }).click()
  await home.getByRole('option', { name: 'IVR', exact: true }).click()
  await where.getByRole('combobox', { name: 'Which' }).click()
  await home.getByRole('option', { name: 'Sample menu' }).click()
  await where.getByRole('combobox', { name: 'Begins at the step' }).click()
  await home.getByRole('option', { name: /^menu \(/ }).click()
  await where.getByRole('button', { name: 'Send elsewhere' }).click()
  await expect(where).toHaveCount(0)
  await expect(home.getByRole('cell', { name: /ordered to go on to step menu of/ })).toBeVisible()
  await expect(home.getByText('The call is up.')).toBeVisible()

  await home.getByRole('button', { name: 'Transfer' }).click()
  const to = home.getByRole('dialog', { name: 'Transfer' })
  await to.getByRole('combobox', { name: 'Calls go to' }).click()
  await home.getByRole('option', { name: 'Extension', exact: true }).click()
  await to.getByRole('combobox', { name: 'Which' }).click()
  await home.getByRole('option', { name: '88', exact: true }).click()
  await to.getByRole('button', { name: 'Transfer' }).click()
  await expect(home.getByRole('cell', { name: /ordered to be transferred to/ })).toBeVisible()
  await home.getByRole('complementary', { name: 'Phone' }).getByRole('button', { name: 'Answer' }).click()
  await expect(home.getByRole('complementary', { name: 'Phone' }).getByRole('status')).toContainText('Talks')
  await home.getByRole('complementary', { name: 'Phone' }).getByRole('button', { name: 'Hang up' }).click()
  await expect(home.getByText('The call is up.')).toHaveCount(0)
  await call
})
