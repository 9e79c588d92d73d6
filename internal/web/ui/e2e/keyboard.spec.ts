import type { Locator, Page } from '@playwright/test'
import { expect, password, test } from './tandem'

const atIt = (target: Locator) => target.evaluate((e) => e === document.activeElement)

/** Presses Tab until the focus is at something, and no more often than a person would bear. */
async function reach(page: Page, target: Locator, key: 'Tab' | 'Shift+Tab' = 'Tab', most = 60) {
  for (let n = 0; !(await atIt(target)); n++) {
    if (n === most) throw new Error(`${most} times ${key} do not lead to ${target}; the focus is at ${await page.evaluate(() => document.activeElement?.outerHTML.slice(0, 200))}`)
    await page.keyboard.press(key)
  }
}

/** Writes over what a text field has that the focus is at. */
async function write(page: Page, text: string) {
  await page.keyboard.press('Control+a')
  await page.keyboard.type(text)
}

/** Adds a step of a kind under a name, whose panel has the focus then. */
async function add(page: Page, kind: string, name: string): Promise<Locator> {
  await page.keyboard.press('Alt+n')
  await expect(page.getByRole('textbox', { name: 'Find a step' })).toBeFocused()
  await page.keyboard.type(kind)
  await page.keyboard.press('Enter')
  await expect(page.getByRole('region', { name: `Step ${kind}`, exact: true }).getByRole('textbox', { name: 'Name of the step' })).toBeFocused()
  await page.keyboard.type(name) // the kind's own name is selected
  await page.keyboard.press('Tab')
  const panel = page.getByRole('region', { name: `Step ${name}`, exact: true })
  await expect(panel.getByRole('textbox', { name: 'Title for people' })).toBeFocused()
  return panel
}

test('a menu of three keys is built, published, called and keyed by the keyboard alone, and its steps light up', async ({ page, server }) => {
  test.setTimeout(240_000)
  await page.addInitScript(() => { for (const kind of ['pointerdown', 'mousedown', 'touchstart']) addEventListener(kind, () => { (window as unknown as { pointed?: string }).pointed = kind }, true) })
  await page.goto(server.setup)
  await reach(page, page.getByRole('textbox', { name: 'Password', exact: true }))
  await page.keyboard.type(password)
  await reach(page, page.getByRole('textbox', { name: 'The same once more' }))
  await page.keyboard.type(password)
  await page.keyboard.press('Enter')
  await expect(page.getByRole('button', { name: 'Log out' })).toBeVisible()

  await reach(page, page.getByRole('link', { name: 'IVRs', exact: true }))
  await page.keyboard.press('Enter')
  await expect(page.getByRole('heading', { level: 1, name: 'IVRs' })).toBeVisible()
  await page.keyboard.press('Tab') // the page has the focus, not its frame
  await expect(page.getByRole('button', { name: 'New IVR' })).toBeFocused()
  await page.keyboard.press('Enter')
  await expect(page.getByRole('dialog').getByRole('textbox', { name: 'Name' })).toBeFocused()
  await page.keyboard.type('Front desk')
  await page.keyboard.press('Tab')
  await expect(page.getByRole('combobox', { name: 'Begin with' })).toBeFocused()
  await page.keyboard.press('ArrowDown')
  await expect(page.getByRole('option', { name: 'nothing' })).toBeVisible()
  for (let n = 0; n < 3; n++) await page.keyboard.press('ArrowDown')
  await page.keyboard.press('Enter')
  await expect(page.getByRole('combobox', { name: 'Begin with' })).toHaveValue('nothing')
  await reach(page, page.getByRole('dialog').getByRole('button', { name: 'New IVR' }))
  await page.keyboard.press('Enter')
  await expect(page.getByRole('dialog')).toHaveCount(0)
  await reach(page, page.getByRole('link', { name: 'Front desk' }))
  await page.keyboard.press('Enter')
  const canvas = page.getByTestId('canvas')
  await expect(canvas.locator('[data-step="bye"]')).toBeVisible()

  for (const name of ['sales', 'support', 'billing']) {
    const panel = await add(page, 'play', name)
    await reach(page, panel.getByRole('textbox', { name: 'Prompt 1' }))
    await write(page, `This is ${name}.`)
    await reach(page, panel.getByRole('combobox', { name: 'next' }))
    await page.keyboard.type('bye')
    await page.keyboard.press('Enter')
    await expect(panel.getByRole('combobox', { name: 'next' })).toHaveValue('bye')
  }
  const menu = await add(page, 'gather', 'menu')
  await reach(page, menu.getByRole('textbox', { name: 'Prompt 1' }))
  await write(page, 'For sales press 1, for support press 2, for billing the hash key.')
  await reach(page, menu.getByRole('textbox', { name: 'first digit' }))
  await write(page, '30s')
  for (const [key, to] of [['1', 'sales'], ['2', 'support'], ['#', 'billing']] as const) {
    await reach(page, menu.getByRole('textbox', { name: 'New key' }))
    await page.keyboard.type(key)
    await page.keyboard.press('Enter')
    await expect(menu.getByRole('combobox', { name: `key ${key}` })).toBeFocused() // where the key leads is asked next
    await page.keyboard.type(to)
    await page.keyboard.press('Enter')
    await expect(menu.getByRole('combobox', { name: `key ${key}` })).toHaveValue(to)
  }
  await page.keyboard.press('Alt+i')
  await reach(page, menu.getByRole('button', { name: 'Calls begin here' }), 'Shift+Tab', 3)
  await page.keyboard.press('Enter')
  await expect(menu.getByRole('textbox', { name: 'Name of the step' })).toBeFocused()

  await expect(page.getByRole('status').filter({ hasText: /^saved$/ })).toBeVisible()
  await expect(page.getByRole('button', { name: 'Publish', exact: true })).toBeEnabled()
  await page.keyboard.press('Alt+p')
  await reach(page, page.getByRole('dialog', { name: 'Publish' }).getByRole('button', { name: 'Publish now' }))
  await page.keyboard.press('Enter')
  await expect(page.getByText('Published: new calls run it.')).toBeVisible()

  const phone = page.getByRole('complementary', { name: 'Phone' })
  const now = page.getByRole('button', { name: 'Call it now' })
  for (const [key, to] of [['1', 'sales'], ['#', 'billing']] as const) {
    await expect(now).toBeFocused() // after a publication, and again when the call is over
    await page.keyboard.press('Enter')
    await expect(phone.getByRole('status')).toContainText('Talks')
    await expect(phone).toBeFocused()
    await expect(canvas.locator('[data-step="menu"]')).toHaveAttribute('data-state', 'now')
    await page.keyboard.press(key)
    await expect(canvas.locator(`[data-step="${to}"]`)).toHaveAttribute('data-state', /visited|now/)
    await expect(phone.getByRole('status')).toContainText('Call ended')
  }
  await expect(now).toBeFocused()
  await page.keyboard.press('Alt+c')
  await expect(phone.getByRole('status')).toContainText('Talks')
  await expect(phone).toBeFocused()
  await reach(page, phone.getByRole('button', { name: 'Hang up' }), 'Tab', 15)
  await page.keyboard.press('Enter')
  await expect(phone.getByRole('status')).toContainText('Call ended')
  await expect(now).toBeFocused()
  expect(await page.evaluate(() => (window as unknown as { pointed?: string }).pointed)).toBeUndefined()
})

test('in the editor the focus is seen wherever it is, arrows lead from step to step, and what is taken away leaves it near', async ({ home, server }) => {
  const app = ((await (await home.request.get(server.url + '/api/v1/apps')).json()) as { items: { id: string; name: string }[] }).items.find((a) => a.name === 'Opening hours')!
  await home.goto(server.url + '/apps/' + app.id)
  const canvas = home.getByTestId('canvas')
  await expect(canvas.locator('.step').first()).toBeVisible()

  // Every place that Tab leads to looks otherwise than without the focus.
  await home.evaluate(() => (document.activeElement as HTMLElement).blur())
  for (let n = 0; n < 150; n++) {
    await home.keyboard.press('Tab')
    const over = await home.evaluate(() => {
      const w = window as unknown as { stops: Map<Element, string>; looks: (e: Element) => string }
      w.looks ??= (e) => [e, e.parentElement!, e.firstElementChild ?? e].map((x) => { const s = getComputedStyle(x); return [s.outlineStyle, s.outlineWidth, s.outlineColor, s.boxShadow, s.borderColor, s.top].join() }).join(';')
      w.stops ??= new Map()
      const at = document.activeElement!
      if (at === document.body || w.stops.has(at)) return true
      w.stops.set(at, '')
      return false
    })
    if (over) break
    await home.waitForTimeout(160) // colours of borders change within a moment
    await home.evaluate(() => {
      const w = window as unknown as { stops: Map<Element, string>; looks: (e: Element) => string }
      w.stops.set(document.activeElement!, w.looks(document.activeElement!))
    })
  }
  await home.evaluate(() => (document.activeElement as HTMLElement).blur())
  await home.waitForTimeout(300)
  const stops = await home.evaluate(() => {
    const w = window as unknown as { stops: Map<Element, string>; looks: (e: Element) => string }
    return [...w.stops].map(([e, looks]) => ({ html: e.outerHTML.slice(0, 150), seen: looks !== w.looks(e) }))
  })
  expect(stops.length).toBeGreaterThan(30)
  expect(stops.filter((s) => !s.seen).map((s) => s.html)).toEqual([])

  // The canvas is one stop; arrows go from step to step, Enter opens the panel of one.
  await home.keyboard.press('Alt+o')
  const first = await home.evaluate(() => document.activeElement?.getAttribute('data-id'))
  expect(first).toBeTruthy()
  expect(await canvas.locator('.react-flow__node[tabindex="0"]').count()).toBe(1)
  await home.keyboard.press('ArrowDown')
  await expect.poll(() => home.evaluate(() => document.activeElement?.getAttribute('data-id'))).not.toBe(first)
  const second = (await home.evaluate(() => document.activeElement?.getAttribute('data-id')))!
  await home.keyboard.press('Enter')
  await expect(home.getByRole('region', { name: `Step ${second}`, exact: true }).getByRole('textbox', { name: 'Name of the step' })).toBeFocused()
  const panel = home.getByRole('region', { name: `Step ${second}`, exact: true })
  await panel.getByRole('textbox', { name: 'Title for people' }).focus()
  await home.keyboard.type('Two words') // letter by letter: no letter takes the focus away
  await expect(panel.getByRole('textbox', { name: 'Title for people' })).toHaveValue('Two words')
  await home.keyboard.press('Alt+k')
  await expect(home.getByRole('dialog', { name: 'Keys' })).toContainText('Alt+N')
  await home.keyboard.press('Escape')
  await expect(panel.getByRole('textbox', { name: 'Title for people' })).toBeFocused()
  await home.keyboard.press('Alt+n')
  await expect(home.getByRole('textbox', { name: 'Find a step' })).toBeFocused()
  await home.keyboard.press('Escape')
  await expect(panel.getByRole('textbox', { name: 'Title for people' })).toBeFocused()
  await reach(home, panel.getByRole('button', { name: 'Remove the step' }), 'Shift+Tab', 5)
  await home.keyboard.press('Enter')
  await expect(home.getByRole('region', { name: /^Step / }).getByRole('textbox', { name: 'Name of the step' })).toBeFocused()
})
