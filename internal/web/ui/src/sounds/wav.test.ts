import { expect, test } from 'vitest'
import { mono, normalise, peak, slower, trim, wavBytes } from './wav'

const tone = (rate: number, n: number, size = 0.5) => Float32Array.from({ length: n }, (_, i) => size * Math.sin((2 * Math.PI * 440 * i) / rate))
const close = (a: number, b: number) => expect(Math.abs(a - b)).toBeLessThan(0.01)

test('a WAV has the header and the samples', () => {
  const b = new DataView(wavBytes({ rate: 8000, data: Float32Array.from([0, 1, -1, 2, 0.5]) }))
  expect(b.byteLength).toBe(54)
  expect(b.getUint32(24, true)).toBe(8000)
  expect(b.getUint32(40, true)).toBe(10)
  expect([0, 1, 2, 3, 4].map((i) => b.getInt16(44 + 2 * i, true))).toEqual([0, 32767, -32767, 32767, 16384])
})

test('normalise brings the peak to -1 dB and leaves silence', () => {
  close(peak(normalise({ rate: 8000, data: tone(8000, 800, 0.1) })), 0.891)
  expect(peak(normalise({ rate: 8000, data: new Float32Array(10) }))).toBe(0)
})

test('trim takes the part, and no more than there is', () => {
  const s = { rate: 10, data: Float32Array.from({ length: 30 }, (_, i) => i / 100) }
  expect([...trim(s, 1, 2).data].map((x) => Math.round(x * 100))).toEqual([10, 11, 12, 13, 14, 15, 16, 17, 18, 19])
  expect(trim(s, 2.5, 9).data.length).toBe(5)
  expect(trim(s, 2, 1).data.length).toBe(0)
})

test('slower keeps a tone', () => {
  const s = slower({ rate: 48000, data: tone(48000, 48000) }, 16000)
  expect(s.rate).toBe(16000)
  expect(s.data.length).toBe(16000)
  close(peak(s), 0.5)
})

test('mono is the mean of the channels', () => {
  expect([...mono([Float32Array.from([1, 0]), Float32Array.from([0, 0.5])])]).toEqual([0.5, 0.25])
})
