import { mkdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join, resolve } from 'node:path'
import { expect, type Page } from '@playwright/test'

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const pictures = resolve(import.meta.dirname, '../../../../docs/screenshots')

interface Finding { id: string; impact: string; help: string; nodes: { html: string; target: string[]; failureSummary: string }[] }

/** Lets what fades in and out come to its end: axe takes a half-faded text for a pale one, and a window that closes for one without a name. */
async function still(page: Page) {
  const moving = () => page.evaluate(() => document.getAnimations().filter((a) => a.playState === 'running' && a.effect?.getComputedTiming().iterations !== Infinity).length)
  for (let calm = 0, left = 50; calm < 3 && left > 0; left--) {
    calm = (await moving()) === 0 ? calm + 1 : 0
    await page.waitForTimeout(100)
  }
}

/** What axe finds on the page that is shown, and is serious or critical. */
export async function serious(page: Page): Promise<string[]> {
  await still(page)
  await page.evaluate(axe)
  const found = await page.evaluate(async () => ((await (window as unknown as { axe: { run: () => Promise<{ violations: unknown[] }> } }).axe.run()).violations)) as Finding[]
  return found.filter((f) => f.impact === 'serious' || f.impact === 'critical').map((f) => `${f.id}: ${f.help}: ${f.nodes.map((n) => n.html.slice(0, 160)).join(' | ')}`)
}

/** Lets every page be looked at: the headings are there, and what is loading has come. */
export async function settled(page: Page) {
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible()
  await expect(page.locator('.mantine-Skeleton-root, .mantine-Loader-root')).toHaveCount(0)
}

export async function picture(page: Page, name: string) {
  if (!process.env.UPDATE) return
  mkdirSync(pictures, { recursive: true })
  await page.screenshot({ path: join(pictures, name + '.png') })
}
