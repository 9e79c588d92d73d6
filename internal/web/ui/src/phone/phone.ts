import { api, need, type Schema } from '../api/client'
import { listen } from '../api/events'

export type Line = Schema<'PhoneCall'>

/** What the telephone of this page is at. */
export interface Phone {
  ready: boolean // calls to the user ring here
  line: Line | null // the call of this page, also a moment after its end
  ringing: Line | null // a call that comes in
  heard: boolean // the way for sound is there, both ways: before that an answer does not count
  mine: boolean // the microphone is sent; false = listen and press keys
  why: string // why not, as the browser says it: 'insecure', 'none' or its own words
  muted: boolean
  keys: string // that were pressed in this call
  fault: string
}

const idle: Phone = { ready: false, line: null, ringing: null, heard: false, mine: false, why: '', muted: false, keys: '', fault: '' }
const longestRing = 60_000

/**
 * A telephone in the page: it offers media by POST, hears of its calls by
 * the page's stream of server-sent events, and sends keys as RFC 4733. It has one call at a time.
 */
export class Telephone {
  private now: Phone = idle
  private readonly told = new Set<() => void>()
  private leaveStream: (() => void) | null = null
  private page = ''
  private pc: RTCPeerConnection | null = null
  private audio: AudioContext | null = null
  private mic: MediaStream | null = null
  private sender: RTCRtpSender | null = null
  private meters: { in?: AnalyserNode; out?: AnalyserNode } = {}
  private readonly early = new Map<string, Line>() // states that came before the answer to our POST
  /** Where sound is played; the page gives it. */
  speaker: HTMLAudioElement | null = null
  /** The microphone that was chosen; '' = the browser's usual one. */
  device = ''

  readonly get = (): Phone => this.now
  readonly subscribe = (f: () => void): (() => void) => {
    this.told.add(f)
    return () => this.told.delete(f)
  }

  private set(part: Partial<Phone>): void {
    this.now = { ...this.now, ...part }
    for (const f of this.told) f()
  }

  /** Makes this page ring when the user is called, until close. */
  open(): void {
    if (this.leaveStream) return
    this.leaveStream = listen((kind, data) => {
      if (kind === 'phone.call') this.take(JSON.parse(data) as Line)
      else if (kind === 'lost') this.set({ ready: false })
      else if (kind === 'phone.ready') {
        this.page = (JSON.parse(data) as { page: string }).page
        this.set({ ready: true })
      }
    })
    window.addEventListener('pagehide', this.leave)
  }

  close(): void {
    this.leave()
    window.removeEventListener('pagehide', this.leave)
    this.leaveStream?.()
    this.leaveStream = null
    this.end()
    this.set(idle)
  }

  private readonly leave = (): void => {
    const { line } = this.now
    if (line && line.state !== 'over') navigator.sendBeacon(`/api/v1/phone/calls/${line.id}/hangup`)
  }

  private take(l: Line): void {
    const { line, ringing } = this.now
    if (line?.id === l.id) {
      if (l.state === 'over') this.end()
      this.set({ line: { ...line, ...l, sdp: line.sdp } })
    } else if (ringing?.id === l.id) {
      this.set({ ringing: l.state === 'ringing' ? { ...ringing, ...l, sdp: l.sdp || ringing.sdp } : null })
    } else if (l.direction === 'incoming' && l.state === 'ringing' && l.sdp) {
      this.set({ ringing: l })
    } else {
      this.early.set(l.id, l)
      setTimeout(() => this.early.delete(l.id), longestRing)
    }
  }

  /** Calls an app, a number, an extension or a room. */
  async call(what: Omit<Schema<'PhoneCallInput'>, 'sdp' | 'page'>): Promise<void> {
    if (this.busy()) return
    this.set({ fault: '', keys: '', line: null })
    try {
      const pc = await this.connect()
      await pc.setLocalDescription(await pc.createOffer())
      const line = (await need(api.POST('/api/v1/phone/calls', { body: { ...what, sdp: pc.localDescription?.sdp ?? '', ...(this.page ? { page: this.page } : {}) } }))) as Line
      this.set({ line })
      await pc.setRemoteDescription({ type: 'answer', sdp: line.sdp ?? '' })
      const early = this.early.get(line.id)
      if (early) this.take(early)
    } catch (e) {
      this.fail(e)
    }
  }

  async answer(): Promise<void> {
    const { ringing } = this.now
    if (!ringing || this.busy()) return
    this.set({ fault: '', keys: '' })
    try {
      const pc = await this.connect()
      await pc.setRemoteDescription({ type: 'offer', sdp: ringing.sdp ?? '' })
      await pc.setLocalDescription(await pc.createAnswer())
      this.set({ line: ringing, ringing: null })
      const line = (await need(api.POST('/api/v1/phone/calls/{id}/answer', { params: { path: { id: ringing.id } }, body: { sdp: pc.localDescription?.sdp ?? '' } }))) as Line
      this.take(line)
    } catch (e) {
      this.set({ ringing: null })
      this.fail(e)
    }
  }

  decline(): void {
    const { ringing } = this.now
    if (ringing) void api.DELETE('/api/v1/phone/calls/{id}', { params: { path: { id: ringing.id } } })
    this.set({ ringing: null })
  }

  async hangUp(): Promise<void> {
    const { line } = this.now
    if (!line || line.state === 'over') return
    try {
      await need(api.DELETE('/api/v1/phone/calls/{id}', { params: { path: { id: line.id } } }))
    } catch (e) {
      this.fail(e)
    }
  }

  /** Presses a key for 100 ms. */
  press(key: string): void {
    const dtmf = this.sender?.dtmf
    if (!dtmf || this.now.line?.state !== 'up') return
    dtmf.insertDTMF(dtmf.toneBuffer + key, 100, 70)
    this.set({ keys: (this.now.keys + key).slice(-40) })
  }

  mute(muted: boolean): void {
    this.mic?.getAudioTracks().forEach((t) => { t.enabled = !muted })
    this.set({ muted })
  }

  /** How loud it is now, 0 to 1: what is heard, and what is sent. */
  levels(): { in: number; out: number } {
    return { in: level(this.meters.in), out: level(this.meters.out) }
  }

  private busy(): boolean {
    return this.pc !== null
  }

  /** A connection with the microphone, or with silence: without a track browsers send no keys. */
  private async connect(): Promise<RTCPeerConnection> {
    const audio = (this.audio = new AudioContext())
    const pc = (this.pc = new RTCPeerConnection())
    void audio.resume()
    let sent: MediaStream
    try {
      if (!window.isSecureContext) throw new Error('insecure')
      this.mic = await navigator.mediaDevices.getUserMedia({ audio: this.device ? { deviceId: { exact: this.device } } : true })
      sent = this.mic
      this.set({ mine: true, why: '' })
    } catch (e) {
      sent = silence(audio)
      const name = e instanceof Error ? e.message : String(e)
      this.set({ mine: false, why: e instanceof DOMException && e.name === 'NotFoundError' ? 'none' : name })
    }
    const track = sent.getAudioTracks()[0]
    if (track) this.sender = pc.addTrack(track, sent)
    if (this.mic) this.meters.out = meter(audio, this.mic)
    pc.ontrack = (e) => {
      const heard = new MediaStream([e.track])
      if (this.speaker) {
        this.speaker.srcObject = heard
        void this.speaker.play().catch((x: Error) => this.set({ fault: x.message }))
      }
      this.meters.in = meter(audio, heard)
    }
    pc.onconnectionstatechange = () => {
      if (pc !== this.pc) return
      if (pc.connectionState === 'failed') this.set({ fault: 'media' })
      if (pc.connectionState === 'connected') this.set({ heard: true })
    }
    return pc
  }

  private fail(e: unknown): void {
    this.end()
    this.set({ fault: e instanceof Error ? e.message : String(e) })
  }

  private end(): void {
    this.mic?.getTracks().forEach((t) => t.stop())
    this.pc?.close()
    void this.audio?.close()
    this.pc = this.mic = this.audio = this.sender = null
    this.meters = {}
    this.set({ muted: false, heard: false })
  }
}

function silence(audio: AudioContext): MediaStream {
  const to = audio.createMediaStreamDestination()
  const gain = audio.createGain()
  gain.gain.value = 0
  const source = audio.createConstantSource()
  source.connect(gain).connect(to)
  source.start()
  return to.stream
}

function meter(audio: AudioContext, of: MediaStream): AnalyserNode {
  const a = audio.createAnalyser()
  a.fftSize = 1024
  audio.createMediaStreamSource(of).connect(a)
  return a
}

function level(a: AnalyserNode | undefined): number {
  if (!a) return 0
  const data = new Float32Array(a.fftSize)
  a.getFloatTimeDomainData(data)
  let most = 0
  for (const x of data) most = Math.max(most, Math.abs(x))
  return Math.min(1, most)
}
