/** A time as people of a language read it. */
export function clock(time: string | null | undefined, language: string): string {
  return time ? new Date(time).toLocaleString(language, { dateStyle: 'short', timeStyle: 'medium' }) : ''
}

/** From one time to another, "1:02:03" or "4.2 s". */
export function length(from: string | null | undefined, to: string | null | undefined): string {
  if (!from || !to) return ''
  const s = (Date.parse(to) - Date.parse(from)) / 1000
  if (s < 60) return s.toFixed(1) + ' s'
  const two = (n: number) => String(Math.floor(n)).padStart(2, '0')
  return s < 3600 ? `${Math.floor(s / 60)}:${two(s % 60)}` : `${Math.floor(s / 3600)}:${two((s % 3600) / 60)}:${two(s % 60)}`
}

/** Seconds after the call's start, "+1.204". */
export function offset(start: string | null | undefined, at: string): string {
  return '+' + (start ? (Date.parse(at) - Date.parse(start)) / 1000 : 0).toFixed(3)
}

/** The parties of the talk, by their legs, that are on hold now by order. */
export function held(events: { kind: string; leg?: string }[]): string[] {
  const now = new Set<string>()
  for (const e of events) {
    if (e.kind === 'talk.held') now.add(e.leg ?? 'a')
    else if (e.kind === 'talk.resumed') now.delete(e.leg ?? 'a')
    else if (e.kind === 'bridge.ended') now.clear()
  }
  return [...now]
}

/** Whether the call is recorded by order: its newest such recording, while it is made. */
export function taped(events: { kind: string; data?: unknown }[]): 'recording' | 'paused' | null {
  let now: 'recording' | 'paused' | null = null
  for (const e of events) {
    const data = (e.data ?? {}) as Record<string, unknown>
    if (data.beside === undefined) continue
    switch (e.kind) {
      case 'recording.started':
      case 'recording.resumed':
        now = 'recording'
        break
      case 'recording.paused':
        now = 'paused'
        break
      case 'recording.finished':
      case 'recording.failed':
      case 'recording.dropped':
        now = null
    }
  }
  return now
}

/** The parties that the timeline tells of and that have not left, with whom each reaches. */
export function legsUp(events: { kind: string; leg?: string; text?: string }[]): { id: string; to: string }[] {
  const up = new Map<string, string>()
  for (const e of events) {
    if (!e.leg) continue
    if (e.kind === 'leg.ended') up.delete(e.leg)
    else if (e.kind === 'leg.answered') up.set(e.leg, e.text ?? '')
    else if (e.leg === 'a' && !up.has('a')) up.set('a', '')
  }
  return [...up].map(([id, to]) => ({ id, to }))
}
