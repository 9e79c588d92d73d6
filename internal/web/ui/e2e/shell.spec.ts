import { expect, test } from './tandem'

test('colours and language are chosen, and stay chosen', async ({ home }) => {
  const scheme = () => home.locator('html').getAttribute('data-mantine-color-scheme')
  expect(await scheme()).toBe('light')
  await home.getByRole('button', { name: 'Show dark' }).click()
  expect(await scheme()).toBe('dark')
  await home.getByRole('combobox', { name: 'Language' }).selectOption('Svenska')
  await expect(home.getByRole('heading', { name: 'Hem', level: 1 })).toBeVisible()
  await home.reload()
  await expect(home.getByRole('heading', { name: 'Hem', level: 1 })).toBeVisible()
  expect(await scheme()).toBe('dark')
  await expect(home.locator('html')).toHaveAttribute('lang', 'sv')
  await expect(home).toHaveTitle('Hem · Tandem')
})

test('a lost connection is said, and the pages go on when it is back', async ({ home, context }) => {
  await context.setOffline(true)
  await expect(home.getByText('No connection to the server.')).toBeVisible()
  await home.getByRole('link', { name: 'Numbers', exact: true }).click() // its part of the app can't be loaded
  await expect(home.getByRole('button', { name: 'Try again' })).toBeVisible()
  await context.setOffline(false)
  await expect(home.getByText('No connection to the server.')).toHaveCount(0)
  await home.getByRole('button', { name: 'Try again' }).click()
  await expect(home.getByRole('heading', { name: 'Numbers', level: 1 })).toBeVisible()
})

test('the keyboard alone goes past the navigation and to another page', async ({ home, server }) => {
  await home.goto(server.url + '/')
  await expect(home.getByRole('heading', { name: 'Home', level: 1 })).toBeVisible()
  await home.keyboard.press('Tab')
  await expect(home.getByRole('link', { name: 'Go to the content' })).toBeFocused()
  await home.keyboard.press('Enter')
  await expect(home.getByRole('main')).toBeFocused()
  const calls = home.getByRole('link', { name: 'Calls', exact: true })
  for (let n = 0; n < 60 && !(await calls.evaluate((e) => e === document.activeElement)); n++) await home.keyboard.press('Shift+Tab')
  await home.keyboard.press('Enter')
  await expect(home.getByRole('heading', { name: 'Calls', level: 1 })).toBeVisible()
  await expect(calls).toHaveAttribute('aria-current', 'page')
})

test('an address without a page says so, and leads home', async ({ home, server }) => {
  await home.goto(server.url + '/no/such/page')
  await expect(home.getByText('There is no page at this address.')).toBeVisible()
  await home.getByRole('link', { name: 'Go to the home page' }).click()
  await expect(home.getByRole('heading', { name: 'Home', level: 1 })).toBeVisible()
})

test('each page leads to its operations in the API explorer, which takes the log-in', async ({ home, context, server }) => {
  await home.goto(server.url + '/numbers')
  const opened = context.waitForEvent('page')
  await home.getByRole('link', { name: 'This page over the API' }).click()
  const docs = await opened
  const heading = docs.getByRole('heading', { name: 'Numbers', exact: true })
  await expect(heading).toBeFocused()
  const operation = docs.locator('details', { hasText: 'GET' }).filter({ has: docs.locator('summary code', { hasText: /^\/numbers$|\/api\/v1\/numbers$/ }) }).first()
  await operation.locator('summary').click()
  const answer = docs.waitForResponse((r) => r.url().endsWith('/api/v1/numbers'))
  await operation.getByRole('button', { name: 'Try it out!' }).click()
  expect((await answer).status()).toBe(200)
})

test('first steps are ticked off as they are done, and can be hidden', async ({ home, server }) => {
  const steps = home.getByRole('list', { name: 'First steps' })
  await expect(steps.getByRole('listitem').nth(0)).toContainText('done')
  await expect(steps.getByRole('listitem').nth(1)).toContainText('to do')
  await server.run('call', `sip:+12025550100@${server.sip}`, '--for', '1s')
  await expect(steps.getByRole('listitem').nth(1)).toContainText('done')
  await expect(home.getByRole('list', { name: 'Recent calls' }).getByRole('link')).toHaveCount(1)
  await home.getByRole('button', { name: 'Hide the first steps' }).click()
  await expect(steps).toHaveCount(0)
  await home.reload()
  await expect(home.getByRole('list', { name: 'Recent calls' })).toBeVisible()
  await expect(steps).toHaveCount(0)
})
