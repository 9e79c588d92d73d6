import { spawn } from 'node:child_process'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { expect, type Page } from '@playwright/test'
import type { Server } from './tandem'

const samples = resolve(import.meta.dirname, '../../../../test/samples')

/** Runs one of the vendors' sample programs, and gives what it prints. */
export function sample(name: string, env: Record<string, string>): Promise<string> {
  const program = name.endsWith('.py') ? '/usr/bin/python3' : 'sh'
  return new Promise((done, fail) => {
    const p = spawn(program, [join(samples, name)], { env: { ...process.env, no_proxy: '*', ...env } })
    let out = ''
    for (const s of [p.stdout, p.stderr]) s.on('data', (b: Buffer) => { out += b.toString() })
    p.on('error', fail)
    p.on('close', (code) => (code === 0 ? done(out.trim()) : fail(new Error(`${name}: ${code} (scripts/setup-test.sh installs what it needs)\n${out}`))))
  })
}

/** Credentials of a vendor's API for the owner, as the page makes them. */
export async function credential(page: Page, server: Server, vendor: string): Promise<Record<string, string>> {
  const r = await page.request.post(server.url + '/api/v1/credentials', { headers: { Origin: server.url }, data: { for: vendor } })
  expect(r.status(), await r.text()).toBe(201)
  return ((await r.json()) as { fields: Record<string, string> }).fields
}

/** Requests of a vendor's API, which must succeed. */
export function vendor(base: string, token: string) {
  return async <T>(method: string, path: string, body?: unknown): Promise<T> => {
    const r = await fetch(base + path, { method, headers: { Authorization: 'Bearer ' + token, 'Content-Type': 'application/json' }, body: body === undefined ? undefined : JSON.stringify(body) })
    const text = await r.text()
    expect(r.ok, `${method} ${path}: ${r.status} ${text}`).toBe(true)
    return JSON.parse(text) as T
  }
}

/** A folder with WAV files, each a third of a second of a tone. */
export function sounds(...names: string[]): string {
  const dir = mkdtempSync(join(tmpdir(), 'tandem-sounds-'))
  names.forEach((name, n) => {
    const samples = 2667
    const b = Buffer.alloc(44 + 2 * samples)
    b.write('RIFF', 0)
    b.writeUInt32LE(36 + 2 * samples, 4)
    b.write('WAVEfmt ', 8)
    b.writeUInt32LE(16, 16)
    b.writeUInt16LE(1, 20) // PCM
    b.writeUInt16LE(1, 22) // channels
    b.writeUInt32LE(8000, 24)
    b.writeUInt32LE(16000, 28)
    b.writeUInt16LE(2, 32)
    b.writeUInt16LE(16, 34)
    b.write('data', 36)
    b.writeUInt32LE(2 * samples, 40)
    for (let i = 0; i < samples; i++) b.writeInt16LE(Math.round(8000 * Math.sin((2 * Math.PI * (500 + 200 * n) * i) / 8000)), 44 + 2 * i)
    writeFileSync(join(dir, name), b)
  })
  return dir
}
