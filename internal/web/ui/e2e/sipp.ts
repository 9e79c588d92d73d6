import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { expect, type Page } from '@playwright/test'
import { freePort, type Server } from './tandem'

const scenarios = resolve(import.meta.dirname, 'sipp')

export interface Run {
  scenario: string // file of e2e/sipp, without .xml
  server?: string // host:port that is called; without it SIPp is called
  number?: string
  key?: string // the key that is pressed, and after how many ms of the call
  after?: number
  port?: number // that SIPp takes, of UDP
  within?: number // s, 50 where it isn't said
}

/** Runs SIPp (Debian's sip-tester) for one call; the promise is kept when the call went as the scenario says. */
export async function sipp(r: Run): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), 'tandem-sipp-'))
  const port = r.port ?? (await freePort('udp'))
  const media = await freePort('udp')
  const args = [...(r.server ? [r.server] : []), '-sf', join(scenarios, r.scenario + '.xml'), '-i', '127.0.0.1', '-p', String(port), '-mi', '127.0.0.1', '-mp', String(media - (media % 2)),
    ...(r.number ? ['-s', r.number] : []), ...(r.key ? ['-key', 'key', r.key, '-d', String(r.after ?? 1000)] : []), '-m', '1', '-nostdin', '-timeout', `${r.within ?? 50}s`, '-timeout_error', '-trace_err', '-error_file', join(dir, 'errors.log')]
  try {
    await new Promise<void>((done, fail) => {
      const p = spawn('sipp', args, { cwd: dir, stdio: ['ignore', 'pipe', 'pipe'] })
      let said = ''
      for (const s of [p.stdout, p.stderr]) s.on('data', (b: Buffer) => { said = (said + b.toString()).slice(-3000) })
      p.on('error', (e) => fail(new Error(`sipp, which scripts/setup-test.sh installs: ${e.message}`)))
      p.on('close', (code) => (code === 0 ? done() : fail(new Error(`sipp ${r.scenario} ended with ${code}:\n${read(join(dir, 'errors.log'))}\n${said}`))))
    })
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}

export interface Event { kind: string; text?: string; origin?: { app?: string }; data?: Record<string, string> }

/** A call from SIPp that presses a key, and its timeline as the API tells it once it is over; app gives the steps of an app that were left, and by which exit. */
export async function called(page: Page, server: Server, number: string, key: string, after?: number): Promise<{ words: string; events: Event[]; app: (id: string) => string[] }> {
  const all = async () => ((await (await page.request.get(`${server.url}/api/v1/calls`)).json()) as { items: { id: string; to: string; end?: string }[] }).items.filter((c) => c.to === number && c.end)
  const before = (await all()).length
  await sipp({ scenario: 'press', server: server.sip, number, key, after })
  await expect.poll(async () => (await all()).length).toBe(before + 1)
  const call = (await (await page.request.get(`${server.url}/api/v1/calls/${(await all())[0]!.id}`)).json()) as { words: string; events: Event[] }
  return { ...call, app: (id) => call.events.filter((e) => e.kind === 'step' && e.origin?.app === id && e.data?.exit !== undefined).map((e) => `${e.data!.node}: ${e.data!.exit}`) }
}
