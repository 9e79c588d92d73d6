import type { Page, TestInfo } from '@playwright/test'
import { expect, test } from './tandem'

const steps = 1000

/** A flow of so many steps: menus of three keys, each key with two prompts that lead to the next menu. */
function large(): object {
  const all: Record<string, object> = {}
  const menus = Math.floor((steps - 1) / 7)
  for (let m = 0; m < menus; m++) {
    all[`menu-${m}`] = { gather: { prompts: [{ say: 'Choose.' }], barge_in: true, first_digit: '5s' }, keys: { 1: `a-${m}`, 2: `c-${m}`, 3: `e-${m}` }, no_input: 'bye' }
    for (const [x, y] of [['a', 'b'], ['c', 'd'], ['e', 'f']] as const) {
      all[`${x}-${m}`] = { label: `Prompt ${x} of ${m}`, play: [{ tone: 'beep' }], then: `${y}-${m}` }
      all[`${y}-${m}`] = { label: `Prompt ${y} of ${m}`, play: [{ tone: 'beep' }], then: m + 1 < menus ? `menu-${m + 1}` : 'bye' }
    }
  }
  for (let n = Object.keys(all).length; n < steps - 1; n++) all[`spare-${n}`] = { play: [{ tone: 'beep' }], then: 'bye' }
  all.bye = { hang_up: null }
  return { flow: 1, start: 'menu-0', steps: all }
}

/** What the page did while something was done on it: its frames, and tasks that were longer than 50 ms, in ms. */
async function measured(page: Page, what: string, info: TestInfo, act: () => Promise<void>): Promise<void> {
  await page.evaluate(() => {
    const w = window as unknown as { frames: number[]; tasks: number[]; stop: () => void }
    w.frames = []
    w.tasks = []
    let on = true
    let last = performance.now()
    const frame = (now: number) => {
      w.frames.push(now - last)
      last = now
      if (on) requestAnimationFrame(frame)
    }
    requestAnimationFrame(frame)
    const long = new PerformanceObserver((list) => { for (const e of list.getEntries()) w.tasks.push(e.duration) })
    long.observe({ entryTypes: ['longtask'] })
    w.stop = () => { on = false; long.disconnect() }
  })
  await act()
  const got = await page.evaluate(() => {
    const w = window as unknown as { frames: number[]; tasks: number[]; stop: () => void }
    w.stop()
    const sorted = w.frames.slice(1).sort((a, b) => a - b)
    const at = (q: number) => Math.round(sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? 0)
    return { frames: sorted.length, median: at(0.5), p95: at(0.95), worst: at(1), over100: sorted.filter((f) => f > 100).length, tasks: w.tasks.map(Math.round) }
  })
  const words = `${what}: ${got.frames} frames, ${got.median} ms in the middle, 95 % within ${got.p95} ms, ${got.worst} ms at most, ${got.over100} over 100 ms; long tasks: ${got.tasks.join(' ') || 'none'} ms`
  console.log(words)
  await info.attach(what, { body: words, contentType: 'text/plain' })
}

test('a flow of 1,000 steps scrolls and is edited; frame times are reported', async ({ home, server }, info) => {
  test.setTimeout(120_000)
  const document = large()
  expect(Object.keys((document as { steps: object }).steps)).toHaveLength(steps)
  const made = await home.request.post(server.url + '/api/v1/apps', { headers: { Origin: server.url }, data: { kind: 'native', name: 'Large', document } })
  expect(made.status(), await made.text()).toBe(201)
  const { id } = (await made.json()) as { id: string }
  await home.goto(server.url + '/apps')
  await expect(home.getByRole('link', { name: 'Large' })).toBeVisible()
  const canvas = home.getByTestId('canvas')
  await measured(home, 'opened', info, async () => {
    await home.getByRole('link', { name: 'Large' }).click()
    await expect(canvas.locator('.step').first()).toBeVisible()
  })
  expect(home.url()).toContain(id)

  // From near, what is in sight is drawn alone.
  const drawn = () => canvas.locator('.react-flow__node').count()
  const near = async () => {
    await canvas.getByRole('button', { name: 'Zoom In' }).click()
    return drawn()
  }
  await expect.poll(near).toBeLessThan(60)
  await measured(home, 'scrolled on the canvas', info, async () => {
    const box = (await canvas.boundingBox())!
    for (let n = 0; n < 10; n++) {
      await home.mouse.move(box.x + box.width / 2, box.y + box.height - 40)
      await home.mouse.down()
      await home.mouse.move(box.x + box.width / 2, box.y + 40, { steps: 10 })
      await home.mouse.up()
    }
  })
  expect(await drawn()).toBeLessThan(60)

  await home.getByText('Outline', { exact: true }).click()
  const outline = home.getByRole('navigation', { name: 'Outline' })
  await outline.getByRole('textbox', { name: 'Look for a step' }).fill('menu-70')
  await home.keyboard.press('Enter')
  const panel = home.getByRole('region', { name: 'Step menu-70', exact: true })
  await expect(panel).toBeVisible()
  await outline.getByRole('textbox', { name: 'Look for a step' }).fill('')
  await expect.poll(() => outline.getByRole('button').count()).toBeLessThan(300)
  await measured(home, 'outline scrolled', info, async () => {
    await outline.getByRole('button', { name: /^menu-0/ }).hover()
    for (let n = 0; n < 20; n++) await home.mouse.wheel(0, 300)
  })
  await home.getByText('Canvas', { exact: true }).click()
  await expect(canvas.locator('[data-step="menu-70"]')).toBeVisible()

  await measured(home, 'typed into a step', info, async () => {
    await panel.getByRole('textbox', { name: 'Prompt 1' }).fill('')
    await panel.getByRole('textbox', { name: 'Prompt 1' }).pressSequentially('Press one, two or three.')
  })
  await expect(canvas.locator('[data-step="menu-70"]')).toContainText('Press one, two or three.')
  await measured(home, 'a step added and led to', info, async () => {
    await home.getByRole('button', { name: 'Add a step' }).click()
    await home.getByRole('textbox', { name: 'Find a step' }).fill('play')
    await home.getByRole('dialog').getByRole('button', { name: 'play', exact: true }).click()
    await expect(home.getByRole('region', { name: 'Step play', exact: true })).toBeVisible()
  })
  await expect(home.getByRole('status').filter({ hasText: /^saved$/ })).toBeVisible()
  const kept = (await (await home.request.get(`${server.url}/api/v1/apps/${id}/flow`)).json()) as { flow: { steps: Record<string, { gather?: { prompts: { say: string }[] } }> } }
  expect(Object.keys(kept.flow.steps)).toHaveLength(steps + 1)
  expect(kept.flow.steps['menu-70']!.gather!.prompts[0]!.say).toBe('Press one, two or three.')
})
