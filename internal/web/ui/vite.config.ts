import { readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import react from '@vitejs/plugin-react'
import { defineConfig, type Plugin } from 'vite'

// The server sends these instead of compressing at each request.
function packed(): Plugin {
  let out = ''
  return {
    name: 'packed',
    apply: 'build',
    configResolved: (c) => { out = c.build.outDir },
    closeBundle: () => {
      for (const name of readdirSync(join(out, 'assets'))) {
        if (!/\.(js|css|svg)$/.test(name)) continue
        const body = readFileSync(join(out, 'assets', name))
        if (body.length > 1000) writeFileSync(join(out, 'assets', name + '.gz'), gzipSync(body, { level: 9 }))
      }
    },
  }
}

export default defineConfig({
  plugins: [react(), packed()],
  build: { outDir: '../dist/app', emptyOutDir: true, target: 'es2022', modulePreload: { polyfill: false } },
  server: { proxy: Object.fromEntries(['/api', '/session', '/docs'].map((p) => [p, process.env.TANDEM ?? 'http://127.0.0.1:8080'])) },
  test: { environment: 'jsdom', include: ['src/**/*.test.{ts,tsx}'] },
} as Parameters<typeof defineConfig>[0])
