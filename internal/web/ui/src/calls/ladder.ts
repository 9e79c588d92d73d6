import type { CallEvent } from '../api/events'

/** One SIP message between us and a party. */
export interface Rung { seq: number; at: string; text: string; peer: number; out: boolean; bad: boolean; leg: string }

export interface Ladder { peers: string[]; rungs: Rung[] }

/** How many letters a text takes the room of. */
export const letters = (s: string): number => [...s].length

/** The SIP messages of a timeline as a ladder: whom we spoke with, and what was said, in order. */
export function ladder(events: CallEvent[]): Ladder {
  const peers: string[] = []
  const rungs: Rung[] = []
  for (const e of events) {
    if (e.kind !== 'sip') continue
    const d = (e.data ?? {}) as Record<string, string>
    const leg = e.leg ?? ''
    const name = `${leg} ${d.peer ?? ''}`.trim()
    let peer = peers.indexOf(name)
    if (peer < 0) peer = peers.push(name) - 1
    const status = Number(d.status ?? 0)
    rungs.push({ seq: e.seq, at: e.at, text: status ? `${status} (${d.method ?? ''})` : (d.method ?? e.text), peer, out: d.dir === 'out', bad: status >= 400, leg })
  }
  return { peers, rungs }
}
