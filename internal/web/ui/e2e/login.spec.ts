import { expect, password, test } from './tandem'

test('the printed link sets a password, and the log-in holds', async ({ home, server }) => {
  await expect(home.getByRole('list', { name: 'IVRs' })).toContainText('Sample menu')
  await home.reload()
  await expect(home.getByRole('button', { name: 'Log out' })).toBeVisible()
  await home.getByRole('button', { name: 'Log out' }).click()
  await expect(home.getByRole('heading', { name: 'Log in' })).toBeVisible()
  await home.getByRole('textbox', { name: 'E-mail' }).fill(server.owner)
  await home.getByRole('textbox', { name: 'Password', exact: true }).fill('wrong password')
  await home.getByRole('button', { name: 'Log in' }).click()
  await expect(home.getByText('Name and password do not fit.')).toBeVisible()
  await home.getByRole('textbox', { name: 'Password', exact: true }).fill(password)
  await home.getByRole('button', { name: 'Log in' }).click()
  await expect(home.getByRole('button', { name: 'Log out' })).toBeVisible()
})

test('a link works once, and passwords that will not do are refused at their field', async ({ page, server }) => {
  await page.goto(server.setup)
  await page.getByRole('textbox', { name: 'Password', exact: true }).fill('short')
  await page.getByRole('textbox', { name: 'The same once more' }).fill('short')
  await page.getByRole('button', { name: 'Set password and start' }).click()
  await expect(page.getByText('10 are the least')).toBeVisible()
  await page.getByRole('textbox', { name: 'Password', exact: true }).fill(password)
  await page.getByRole('textbox', { name: 'The same once more' }).fill(password + 'x')
  await page.getByRole('button', { name: 'Set password and start' }).click()
  await expect(page.getByText('The two passwords are not the same.')).toBeVisible()
  await page.getByRole('textbox', { name: 'The same once more' }).fill(password)
  await page.getByRole('button', { name: 'Set password and start' }).click()
  await expect(page.getByRole('button', { name: 'Log out' })).toBeVisible()
  await page.context().clearCookies()
  await page.goto(server.setup)
  await page.getByRole('textbox', { name: 'Password', exact: true }).fill(password)
  await page.getByRole('textbox', { name: 'The same once more' }).fill(password)
  await page.getByRole('button', { name: 'Set password and start' }).click()
  await expect(page.getByText('This link was used')).toBeVisible()
})

test('no request leaves the server', async ({ page, server }) => {
  const away: string[] = []
  page.on('request', (r) => { if (!r.url().startsWith(server.url) && !/^(data|blob):/.test(r.url())) away.push(r.url()) })
  const refused: string[] = []
  page.on('console', (m) => { if (/Content Security Policy/.test(m.text())) refused.push(m.text()) })
  await page.goto(server.setup)
  await expect(page.getByRole('heading', { name: 'Welcome to Tandem' })).toBeVisible()
  expect(away).toEqual([])
  expect(refused).toEqual([])
})
