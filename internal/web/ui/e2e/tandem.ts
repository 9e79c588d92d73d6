import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { createSocket } from 'node:dgram'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { expect, test as base, type Page } from '@playwright/test'

/** A server of its own on loopback, with an empty data folder, for one test. */
export interface Server {
  url: string
  sip: string
  data: string
  setup: string // the owner's set-up link
  owner: string // the owner's log-in
  run: (...args: string[]) => Promise<string> // a command of bin/tandem on this server's data
  stop: () => Promise<void>
  again: () => Promise<void> // starts it anew after stop, on the same data and addresses
}

const binary = resolve(import.meta.dirname, '../../../../bin/tandem')
export const password = 'correct horse battery'

// Below the range that the kernel takes the ports of outgoing connections from, so
// that none of those is in the way when the server comes to listen.
export async function freePort(kind: 'tcp' | 'udp'): Promise<number> {
  for (let left = 50; ; left--) {
    const port = 10_000 + Math.floor(10_000 * Math.random())
    try {
      await bind(kind, port)
      return port
    } catch (e) {
      if (left === 0) throw e
    }
  }
}

function bind(kind: 'tcp' | 'udp', port: number): Promise<void> {
  return new Promise((done, fail) => {
    if (kind === 'tcp') {
      const s = createServer().on('error', fail)
      s.listen(port, '127.0.0.1', () => s.close(() => done()))
    } else {
      const s = createSocket('udp4').on('error', fail)
      s.bind(port, '127.0.0.1', () => s.close(() => done()))
    }
  })
}

function command(env: NodeJS.ProcessEnv, args: string[]): Promise<string> {
  return new Promise((done, fail) => {
    const p = spawn(binary, args, { env })
    let out = ''
    let err = ''
    p.stdout.on('data', (b: Buffer) => { out += b.toString() })
    p.stderr.on('data', (b: Buffer) => { err += b.toString() })
    p.on('error', fail)
    p.on('close', (code) => (code === 0 ? done(out) : fail(new Error(`tandem ${args.join(' ')}: ${code}\n${out}${err}`))))
  })
}

async function start(more: NodeJS.ProcessEnv): Promise<{ server: Server; log: () => string }> {
  const data = mkdtempSync(join(tmpdir(), 'tandem-web-'))
  const http = `127.0.0.1:${await freePort('tcp')}`
  const sip = `127.0.0.1:${await freePort('udp')}`
  const low = 30000 + 2 * (process.pid % 2000)
  const env = { ...process.env, TANDEM_ALLOW_LOOPBACK: '1', TANDEM_DRAIN_TIME: '0', TANDEM_DATA: data, TANDEM_HTTP: http, TANDEM_SIP: sip,
    TANDEM_PUBLIC: '127.0.0.1', TANDEM_RTP: `${low}-${low + 400}`, ...more }
  let p: ChildProcess
  let log = ''
  const serve = (runs: RegExp) => new Promise<void>((done, fail) => {
    p = spawn(binary, ['serve'], { env, stdio: ['ignore', 'pipe', 'pipe'] })
    let said = ''
    p.stderr!.on('data', (b: Buffer) => { log += b.toString() })
    p.stdout!.on('data', (b: Buffer) => {
      said += b.toString()
      log += b.toString()
      if (runs.test(said)) done()
    })
    p.on('error', fail)
    p.on('close', (code) => fail(new Error(`tandem ended with ${code}:\n${log}`)))
  })
  const stop = () => new Promise<void>((done) => {
    if (p.exitCode !== null || p.signalCode !== null) return done()
    p.removeAllListeners('close')
    p.on('close', () => done())
    p.kill('SIGTERM')
  })
  await serve(/is running\.\n\n {2}[^]*\n\n$/)
  const setup = /https?:\/\/\S+\/setup\?token=\S+/.exec(log)?.[0] ?? ''
  const owner = /you log in as (\S+);/.exec(log)?.[1] ?? ''
  return { server: { url: `http://${http}`, sip, data, setup, owner, run: (...args) => command(env, args), stop, again: () => serve(/is running\./) }, log: () => log }
}

interface Fixtures {
  settings: NodeJS.ProcessEnv // environment of the server, by test.use
  server: Server
  home: Page // a page on which the owner has logged in
}

export const test = base.extend<Fixtures>({
  settings: [{}, { option: true }],
  server: async ({ settings }, use, info) => {
    const s = await start(settings)
    await use(s.server)
    if (info.status !== info.expectedStatus) await info.attach('server.log', { body: s.log(), contentType: 'text/plain' })
    await s.server.stop()
    rmSync(s.server.data, { recursive: true, force: true })
  },
  home: async ({ page, server }, use) => {
    await page.goto(server.setup)
    await page.getByRole('textbox', { name: 'Password', exact: true }).fill(password)
    await page.getByRole('textbox', { name: 'The same once more' }).fill(password)
    await page.getByRole('button', { name: 'Set password and start' }).click()
    await expect(page.getByRole('button', { name: 'Log out' })).toBeVisible()
    await use(page)
  },
})

export { expect } from '@playwright/test'
