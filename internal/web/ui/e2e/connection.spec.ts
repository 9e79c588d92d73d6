import { expect, test } from './tandem'

const lost = 'No connection to the server.'

test('pages that follow calls say that the server is away, and follow again when it is back', async ({ home, server }) => {
  test.setTimeout(120_000)
  const call = (number: string) => server.run('call', `sip:${number}@${server.sip}`, '--for', '120s').catch(() => '')
  await home.goto(server.url + '/calls')
  const first = call('+12025550100')
  const link = home.getByRole('region', { name: 'Calls now' }).getByRole('link', { name: /\+12025550100/ })
  const page = await home.context().newPage() // of the call
  const where = new URL((await link.getAttribute('href'))!, server.url).href
  await page.goto(where)
  await expect(page.getByText('The call is up.')).toBeVisible()
  const rooms = await home.context().newPage()
  await rooms.goto(server.url + '/rooms')
  const all = [home, page, rooms]
  for (const p of all) {
    await expect(p.getByRole('button', { name: 'Log out' })).toBeVisible()
    await expect(p.getByText(lost)).toHaveCount(0)
  }

  await server.stop()
  for (const p of all) await expect(p.getByText(lost)).toHaveCount(1)
  await first

  await server.again()
  // Log-ins outlast the server's process: each page goes on by itself.
  for (const p of all) await expect(p.getByText(lost)).toHaveCount(0, { timeout: 30_000 })
  for (const p of all) await expect(p.getByRole('button', { name: 'Log out' })).toBeVisible()
  await expect(page.getByText('The call is up.')).toHaveCount(0) // it ended while nobody told
  await home.goto(server.url + '/calls')
  const second = call('+12025550100')
  await home.getByRole('region', { name: 'Calls now' }).getByRole('link', { name: /\+12025550100/ }).click()
  await home.getByRole('button', { name: 'Hang up' }).first().click()
  await home.getByRole('dialog', { name: 'Hang up' }).getByRole('button', { name: 'Hang up' }).click()
  await expect(home.getByText('The call is up.')).toHaveCount(0)
  await second
})

test('a stream that an answer without events ended is opened again', async ({ home, server }) => {
  await home.route('**/events*', (r) => r.fulfill({ status: 502, body: 'no' }))
  await home.goto(server.url + '/calls')
  await expect(home.getByText(lost)).toHaveCount(1)
  await home.unroute('**/events*')
  await expect(home.getByText(lost)).toHaveCount(0)
})
