interface Waiting { state: string; queue?: string; since?: string | null }

/** The calls that wait in queues, by queue and then by when they came; queues by name. */
export function lines<C extends Waiting>(calls: C[]): [string, C[]][] {
  const by = new Map<string, C[]>()
  for (const c of calls) {
    if (c.state === 'queued' && c.queue) by.set(c.queue, [...(by.get(c.queue) ?? []), c])
  }
  for (const l of by.values()) l.sort((a, b) => Date.parse(a.since ?? '') - Date.parse(b.since ?? ''))
  return [...by].sort(([a], [b]) => a.localeCompare(b))
}

/** How long since a time, "0:07" or "1:02:03"; never below zero, whatever the browser's clock. */
export function waited(since: string | null | undefined, now: number): string {
  if (!since) return ''
  const s = Math.max(0, Math.floor((now - Date.parse(since)) / 1000))
  const two = (n: number) => String(n).padStart(2, '0')
  const m = Math.floor(s / 60)
  return m < 60 ? `${m}:${two(s % 60)}` : `${Math.floor(m / 60)}:${two(m % 60)}:${two(s % 60)}`
}
