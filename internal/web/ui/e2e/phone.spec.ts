import { expect, test } from './tandem'

test('from an empty data folder: Call it now, hear the menu, press 1, see the step lit', async ({ home }) => {
  await expect(home.getByTestId('canvas').locator('[data-step="menu"]')).toBeVisible()
  // What the page hears is measured where it is played.
  await home.getByRole('button', { name: 'Call it now' }).first().click()
  const panel = home.getByRole('complementary', { name: 'Phone' })
  await expect(panel.getByRole('status')).toContainText('Talks')
  await expect.poll(() => home.evaluate(async () => {
    const heard = document.querySelector('audio')!.srcObject as MediaStream | null
    if (!heard) return 0
    const audio = new AudioContext()
    const meter = audio.createAnalyser()
    audio.createMediaStreamSource(heard).connect(meter)
    const data = new Float32Array(meter.fftSize)
    let most = 0
    for (let i = 0; i < 20; i++) {
      await new Promise((done) => setTimeout(done, 50))
      meter.getFloatTimeDomainData(data)
      for (const x of data) most = Math.max(most, Math.abs(x))
    }
    await audio.close()
    return most
  })).toBeGreaterThan(0.05)
  const menu = home.getByTestId('canvas').locator('[data-step="menu"]')
  await expect(menu).toHaveAttribute('data-state', 'now')
  await panel.getByRole('button', { name: '1', exact: true }).click()
  await expect(home.getByTestId('canvas').locator('[data-step="digit_1"]')).toHaveAttribute('data-state', 'visited')
  await expect(panel.getByRole('status')).toContainText('Call ended')
  await panel.getByRole('link', { name: 'what happened' }).click()
  await expect(home.getByText('key 1 by rfc4733')).toBeVisible()
})

test('keys by the keyboard, and hang-up by the page', async ({ home }) => {
  await home.getByRole('button', { name: 'Call it now' }).first().click()
  const panel = home.getByRole('complementary', { name: 'Phone' })
  await expect(panel.getByRole('status')).toContainText('Talks')
  await home.keyboard.press('2')
  await expect(panel.getByLabel('Keys pressed')).toHaveText('2')
  await panel.getByRole('button', { name: 'Hang up' }).click()
  await expect(panel.getByRole('status')).toContainText('Call ended')
})

test('the owner’s extension rings in the page', async ({ home, server }) => {
  const me = (await (await home.request.get(server.url + '/api/v1/me')).json()) as { user: { id: string } }
  await home.request.post(server.url + '/api/v1/extensions', { data: { number: '88', user: me.user.id } })
  await home.request.post(server.url + '/api/v1/numbers', { data: { number: '+46850000088', to: { kind: 'extension', id: '88' } } })
  await home.reload()
  await expect(home.getByRole('button', { name: 'Log out' })).toBeVisible()
  const call = server.run('call', `sip:+46850000088@${server.sip}`, '--for', '6s').catch(() => '')
  const panel = home.getByRole('complementary', { name: 'Phone' })
  await panel.getByRole('button', { name: 'Answer' }).click()
  await expect(panel.getByRole('status')).toContainText('Talks')
  await call
  await expect(panel.getByRole('status')).toContainText('Call ended')
})
