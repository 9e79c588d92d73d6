/** Sound as samples of one channel, from -1 to 1. */
export interface Samples { rate: number; data: Float32Array }

/** WAV of 16 bits, which the server takes. */
export function wav(s: Samples): Blob {
  return new Blob([wavBytes(s)], { type: 'audio/wav' })
}

/** The same as bytes: RIFF with PCM of one channel. */
export function wavBytes(s: Samples): ArrayBuffer {
  const bytes = new DataView(new ArrayBuffer(44 + 2 * s.data.length))
  const text = (at: number, word: string) => { for (let i = 0; i < word.length; i++) bytes.setUint8(at + i, word.charCodeAt(i)) }
  text(0, 'RIFF')
  bytes.setUint32(4, 36 + 2 * s.data.length, true)
  text(8, 'WAVEfmt ')
  bytes.setUint32(16, 16, true)
  bytes.setUint16(20, 1, true) // PCM
  bytes.setUint16(22, 1, true) // one channel
  bytes.setUint32(24, s.rate, true)
  bytes.setUint32(28, 2 * s.rate, true)
  bytes.setUint16(32, 2, true)
  bytes.setUint16(34, 16, true)
  text(36, 'data')
  bytes.setUint32(40, 2 * s.data.length, true)
  s.data.forEach((x, i) => bytes.setInt16(44 + 2 * i, Math.round(Math.max(-1, Math.min(1, x)) * 32767), true))
  return bytes.buffer
}

/** One channel of several. */
export function mono(channels: Float32Array[]): Float32Array {
  const first = channels[0] ?? new Float32Array()
  if (channels.length === 1) return first
  const out = new Float32Array(first.length)
  for (const c of channels) c.forEach((x, i) => { out[i] = (out[i] ?? 0) + x / channels.length })
  return out
}

/** The part from one second to another. */
export function trim(s: Samples, from: number, to: number): Samples {
  const a = Math.max(0, Math.round(from * s.rate))
  return { rate: s.rate, data: s.data.slice(a, Math.max(a, Math.round(to * s.rate))) }
}

/** The loudest sample's size, 0 to 1. */
export function peak(s: Samples): number {
  let most = 0
  for (const x of s.data) most = Math.max(most, Math.abs(x))
  return most
}

/** The same with its peak at -1 dB of full scale. Silence stays as it is. */
export function normalise(s: Samples): Samples {
  const most = peak(s)
  if (most < 1e-4) return s
  const by = 10 ** (-1 / 20) / most
  return { rate: s.rate, data: s.data.map((x) => x * by) }
}

/** Fewer samples a second, by the mean of those that fall together: telephones carry 16 kHz at the most. */
export function slower(s: Samples, rate: number): Samples {
  if (s.rate <= rate) return s
  const step = s.rate / rate
  const out = new Float32Array(Math.floor(s.data.length / step))
  for (let i = 0; i < out.length; i++) {
    const a = Math.floor(i * step)
    const b = Math.max(a + 1, Math.floor((i + 1) * step))
    let sum = 0
    for (let j = a; j < b; j++) sum += s.data[j] ?? 0
    out[i] = sum / (b - a)
  }
  return { rate, data: out }
}

/** Reads any audio that this browser plays. */
export async function decode(file: Blob): Promise<Samples> {
  const audio = new AudioContext()
  try {
    const b = await audio.decodeAudioData(await file.arrayBuffer())
    return { rate: b.sampleRate, data: mono(Array.from({ length: b.numberOfChannels }, (_, i) => b.getChannelData(i))) }
  } finally {
    await audio.close()
  }
}
