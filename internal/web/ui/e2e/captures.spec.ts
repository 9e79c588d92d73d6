import { readFileSync } from 'node:fs'
import { serious } from './looks'
import { expect, test } from './tandem'

test('the packets of a call are captured from its page and downloaded there', async ({ home, server }) => {
  test.setTimeout(120_000)
  await home.goto(server.url + '/calls')
  const call = server.run('call', `sip:+12025550100@${server.sip}`, '--for', '60s').catch(() => '')
  await home.getByRole('region', { name: 'Calls now' }).getByRole('link', { name: /\+12025550100/ }).click()
  await home.getByRole('button', { name: 'Capture packets' }).click()
  await expect(home.getByRole('cell', { name: "the call's packets are captured" })).toBeVisible()
  await home.getByRole('button', { name: 'Stop the capture' }).click()
  await expect(home.getByRole('button', { name: 'Capture packets' })).toBeVisible()
  await expect(home.getByText(/[1-9]\d* packets, \d+ kB/)).toBeVisible()
  const [file] = await Promise.all([home.waitForEvent('download'), home.getByRole('link', { name: 'Download packets' }).click()])
  expect(file.suggestedFilename()).toMatch(/^call-.*\.pcapng$/)
  expect(readFileSync(await file.path()).subarray(0, 4).toString('hex')).toBe('0a0d0d0a')
  expect(await serious(home)).toEqual([])
  await home.getByRole('button', { name: 'Hang up' }).first().click()
  await home.getByRole('dialog', { name: 'Hang up' }).getByRole('button', { name: 'Hang up' }).click()
  await call
  await expect(home.getByRole('link', { name: 'Download packets' })).toBeVisible()
  await home.getByRole('button', { name: 'Remove the capture' }).click()
  await home.getByRole('dialog').getByRole('button', { name: 'Remove', exact: true }).click()
  await expect(home.getByRole('link', { name: 'Download packets' })).toHaveCount(0)
})

test('each call of an account is captured when its settings say so', async ({ home, server }) => {
  test.setTimeout(120_000)
  await home.goto(server.url + '/account')
  await home.getByRole('switch', { name: /Capture the packets of each call/ }).click({ force: true })
  await home.getByRole('button', { name: 'Save' }).click()
  await expect(home.getByRole('switch', { name: /Capture the packets of each call/ })).toBeChecked()
  await server.run('call', `sip:+12025550100@${server.sip}`, '--for', '3s').catch(() => '')
  await home.goto(server.url + '/calls')
  await home.getByRole('region', { name: 'Past calls' }).getByRole('link', { name: /\+12025550100/ }).click()
  await expect(home.getByRole('link', { name: 'Download packets' })).toBeVisible({ timeout: 20_000 })
})
