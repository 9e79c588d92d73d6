import { mkdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join, resolve } from 'node:path'
import { expect, type Page } from '@playwright/test'

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const pictures = resolve(import.meta.dirname, '../../../../docs/screenshots')

interface Finding { id: string; impact: string; help: string; nodes: { html: string; target: string[]; failureSummary: string }[] }

/** What axe finds on the page that is shown, and is serious or critical. */
export async function serious(page: Page): Promise<string[]> {
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
