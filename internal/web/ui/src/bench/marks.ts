import type { Schema } from '../api/client'

/** What the bench shows on the canvas: a path that is heard, or what no test has reached. */
export interface Marks {
  visited?: Set<string>
  /** Ways that were taken, and ways that no test takes: "from→to". */
  taken?: Set<string>
  now?: string
  missing?: Set<string>
  untaken?: Set<string>
}

/** The steps and ways of a path, as far as it is in an app. */
export function walked(path: Schema<'HeardStep'>[], app: string): Marks {
  const taken = new Set<string>()
  path.forEach((s, i) => {
    const before = path[i - 1]
    if (before?.app === app && s.app === app) taken.add(`${before.node}→${s.node}`)
  })
  return { visited: new Set(path.filter((s) => s.app === app).map((s) => s.node)), taken }
}

/** What no test has reached. A way is untaken when none of the exits by which it leads is taken. */
export function unreached(gaps: Schema<'TestGap'>[], ways: { id: string; from: string; to: string; exits: string[] }[]): Marks {
  const missing = new Set<string>()
  const count = new Map<string, number>()
  for (const g of gaps) {
    if (!g.node) continue
    if (!g.exit) missing.add(g.node)
    else if (g.to) count.set(`${g.node}→${g.to}`, (count.get(`${g.node}→${g.to}`) ?? 0) + 1)
  }
  const untaken = new Set(ways.filter((w) => (count.get(w.id) ?? 0) >= w.exits.length).map((w) => w.id))
  return { missing, untaken }
}

/** The line of a transcript that is heard at a time, in seconds; -1 = none. A later one goes before an earlier one that still sounds. */
export function lineAt(lines: { from: number; to: number; key?: boolean }[], time: number): number {
  let at = -1
  lines.forEach((l, i) => { if (l.from <= time && time < Math.max(l.to, l.from + 0.3)) at = i })
  return at
}

/** The tests of a text: their names and the lines where they begin. */
export function testsOf(text: string): { name: string; line: number }[] {
  const all: { name: string; line: number }[] = []
  text.split('\n').forEach((l, i) => {
    const m = /^test\s+"?(.*?)"?\s*$/.exec(l)
    if (m) all.push({ name: m[1]!, line: i + 1 })
  })
  return all
}

export interface Part { from: Date; to: Date }

/** A time in parts of one length, the oldest first. */
export function parts(hours: number, now: Date, n: number): Part[] {
  const begin = now.getTime() - hours * 3_600_000
  const length = (hours * 3_600_000) / n
  return Array.from({ length: n }, (_, i) => ({ from: new Date(begin + i * length), to: new Date(begin + (i + 1) * length) }))
}

export type Sum = Schema<'Sum'>

/** Two sums as one. */
export function plus(a: Sum, b: Sum): Sum {
  return {
    calls: a.calls + b.calls, same: a.same + b.same, elsewhere: a.elsewhere + b.elsewhere, skipped: a.skipped + b.skipped,
    outcomes: [...(a.outcomes ?? []), ...(b.outcomes ?? [])].slice(0, 1000),
  }
}
