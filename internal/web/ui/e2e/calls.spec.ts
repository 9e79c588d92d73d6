import { picture, serious } from './looks'
import { expect, test } from './tandem'

test('a call shows itself while it is up, and its page what happened', async ({ home, server }) => {
  await home.goto(server.url + '/calls')
  await expect(home.getByText('There was no call yet.')).toBeVisible()
  const call = server.run('call', `sip:+12025550100@${server.sip}`, '--keys', '6s 1')
  await expect(home.getByRole('region', { name: 'Calls now' }).getByRole('link', { name: /\+12025550100/ })).toBeVisible()
  await home.getByRole('region', { name: 'Calls now' }).getByRole('link', { name: /\+12025550100/ }).click()
  await expect(home.getByText('The call is up.')).toBeVisible()
  await expect(home.getByText('key 1 by rfc4733')).toBeVisible()
  await call
  await expect(home.getByText('The call is up.')).toHaveCount(0)
  await home.getByRole('tab', { name: 'Path' }).click()
  const canvas = home.getByTestId('canvas')
  await home.getByRole('button', { name: 'Sample menu' }).click()
  await expect(canvas.locator('[data-step="menu"]')).toHaveAttribute('data-state', 'visited')
  await expect(canvas.locator('[data-step="digit_1"]')).toHaveAttribute('data-state', 'visited')
  await expect(canvas.locator('[data-step="digit_2"]')).not.toHaveAttribute('data-state')
  await home.getByRole('tab', { name: 'SIP' }).click()
  await expect(home.getByRole('img', { name: /SIP messages/ })).toContainText('INVITE')
  await expect(home.getByRole('img', { name: /SIP messages/ })).toContainText('200 (BYE)')
  await home.getByRole('tab', { name: 'Sound quality' }).click()
  await expect(home.getByRole('region', { name: 'Sound quality' })).toContainText('PCMU')
  await expect(home.getByRole('row', { name: 'Too many in, left out 0' })).toBeVisible()
  await expect(home.getByRole('img', { name: /^a: Loss/ })).toHaveAttribute('data-samples', /^[1-9]/)
  await home.goBack()
  await expect(home.getByRole('region', { name: 'Past calls' }).getByRole('link', { name: /\+12025550100/ })).toBeVisible()
})

test('a call is hung up from the page', async ({ home, server }) => {
  await home.goto(server.url + '/calls')
  const call = server.run('call', `sip:+12025550100@${server.sip}`, '--for', '60s').catch(() => '')
  await home.getByRole('button', { name: /Hang up the call/ }).click()
  await call
  await expect(home.getByRole('region', { name: 'Past calls' }).getByRole('row').nth(1)).toBeVisible()
})

test('the ladder of SIP messages is read on a telephone: it scrolls within its box, and nothing of it is cut off', async ({ home, server }) => {
  await server.run('call', `sip:+12025550100@${server.sip}`, '--keys', '1s 1', '--for', '3s')
  const calls = (await (await home.request.get(server.url + '/api/v1/calls')).json()) as { items: { id: string }[] }
  await home.setViewportSize({ width: 360, height: 740 })
  await home.goto(`${server.url}/calls/${calls.items[0]!.id}`)
  await home.getByRole('tab', { name: 'SIP' }).click()
  const box = home.getByTestId('ladder')
  await expect(box).toContainText('INVITE')
  await box.scrollIntoViewIfNeeded()
  const seen = await box.evaluate((e) => {
    const svg = e.querySelector('svg')!
    const all = svg.getBoundingClientRect()
    const cut = [...svg.querySelectorAll('text')].filter((x) => { const r = x.getBoundingClientRect(); return r.left < all.left || r.right > all.right || r.top < all.top || r.bottom > all.bottom }).map((x) => x.textContent)
    const view = e.querySelector<HTMLElement>('[tabindex="0"]')!
    const [first] = [...svg.querySelectorAll('text')].filter((x) => x.textContent === 'INVITE')
    const name = first!.getBoundingClientRect()
    return { cut, box: e.getBoundingClientRect().width, inner: view.scrollWidth, seen: view.clientWidth, invite: name.right - view.getBoundingClientRect().left, page: document.documentElement.scrollWidth }
  })
  expect(seen.cut).toEqual([])
  expect(seen.page).toBeLessThanOrEqual(360)
  expect(seen.box).toBeLessThanOrEqual(360)
  expect(seen.invite).toBeLessThanOrEqual(seen.seen) // what is said first is seen without scrolling
  await picture(home, 'call-sip-phone')
  const view = home.getByRole('region', { name: /SIP messages/ }).first()
  await view.focus()
  for (let n = 0; n < 40; n++) await home.keyboard.press('ArrowRight')
  await expect.poll(() => view.evaluate((v) => Math.ceil(v.scrollLeft + v.clientWidth) - v.scrollWidth)).toBeGreaterThanOrEqual(0)
  expect(await serious(home)).toEqual([])
})

test('a call is begun between two others, is told something, and its recording is taken away after a question', async ({ home, server }) => {
  test.setTimeout(120_000)
  const headers = { Origin: server.url }
  const me = (await (await home.request.get(server.url + '/api/v1/me')).json()) as { user: { id: string } }
  await home.request.post(server.url + '/api/v1/extensions', { headers, data: { number: '88', user: me.user.id } })
  const made = await home.request.post(server.url + '/api/v1/apps', { headers, data: { kind: 'native', name: 'Waits', publish: true, document: { flow: 1, start: 'hold', steps: { hold: { wait: '40s' } } } } })
  expect(made.status(), await made.text()).toBe(201)
  await home.goto(server.url + '/calls')
  await expect(home.getByRole('button', { name: 'Phone', exact: true })).toHaveAttribute('data-ready', 'true')
  await home.getByRole('button', { name: 'Begin a call' }).click()
  const form = home.getByRole('dialog', { name: 'Begin a call' })
  await form.getByRole('combobox', { name: 'Which' }).first().click()
  await home.getByRole('option', { name: '88' }).click()
  await form.getByRole('combobox', { name: 'Which' }).nth(1).click()
  await home.getByRole('option', { name: 'Waits' }).click()
  await form.getByRole('spinbutton', { name: /Ring the first/ }).or(form.getByRole('textbox', { name: /Ring the first/ })).fill('3')
  await form.getByRole('button', { name: 'Begin the call' }).click()
  await expect(form.getByText(/expected number >= 5|at least 5|>= 5/)).toBeVisible() // the server's message at its field
  await form.getByRole('spinbutton', { name: /Ring the first/ }).or(form.getByRole('textbox', { name: /Ring the first/ })).fill('30')
  await form.getByRole('button', { name: 'Begin the call' }).click()
  const phone = home.getByRole('complementary', { name: 'Phone' })
  await phone.getByRole('button', { name: 'Answer' }).click()
  await expect(phone.getByRole('status')).toContainText('Talks')
  await home.getByRole('region', { name: 'Calls now' }).getByRole('link').first().click()

  await home.getByRole('button', { name: 'Record', exact: true }).click()
  await home.getByRole('button', { name: 'Say something' }).click()
  const say = home.getByRole('dialog', { name: 'Say something' })
  await say.getByRole('textbox', { name: 'A text that is spoken' }).fill('Please stay on the line.')
  await say.getByRole('switch', { name: 'Again and again, until it is stopped' }).check()
  await say.getByRole('button', { name: 'Say something' }).click()
  await expect(home.getByText(/Please stay on the line\./).first()).toBeVisible() // on the timeline
  await home.getByRole('button', { name: 'Stop what sounds' }).click()
  await expect(home.getByRole('button', { name: 'Stop what sounds' })).toHaveCount(0)
  await phone.getByRole('button', { name: 'Hang up' }).click()
  await expect(phone.getByRole('status')).toContainText('Call ended')
  await home.getByRole('tab', { name: 'Recordings' }).click()
  await expect(home.getByRole('link', { name: /Download/i })).toBeVisible()
  await home.getByRole('button', { name: 'Remove', exact: true }).click()
  await home.getByRole('dialog', { name: /the recording of/ }).getByRole('button', { name: 'Remove' }).last().click()
  await expect(home.getByRole('link', { name: /Download/i })).toHaveCount(0)
})
