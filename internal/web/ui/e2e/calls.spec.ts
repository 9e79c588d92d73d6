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
