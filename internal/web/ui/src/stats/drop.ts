import type { Schema } from '../api/client'
import type { Program } from '../flow/graph'

/** A part of a whole, "25 %". */
export function share(n: number, of: number): string {
  return of > 0 ? Math.round((100 * n) / of) + ' %' : '–'
}

/**
 * What a flow shows of counts: how many ended at a step, and by way ("from→to") how
 * many of the calls that reached its first step took it. Exits to one step are one way.
 */
export function drop(steps: Schema<'StepStat'>[], program: Program | undefined): { drop: Map<string, { ended: number; reached: number }>; shares: Map<string, { calls: number; of: number }> } {
  const ends = new Map(steps.map((s) => [s.node, { ended: s.ended, reached: s.reached }]))
  const shares = new Map<string, { calls: number; of: number }>()
  for (const s of steps) {
    const exits = program?.nodes.find((n) => n.id === s.node)?.exits ?? {}
    for (const e of s.exits ?? []) {
      const to = exits[e.exit]
      if (to === undefined) continue
      const way = `${s.node}→${to}`
      shares.set(way, { calls: (shares.get(way)?.calls ?? 0) + e.calls, of: s.reached })
    }
  }
  return { drop: ends, shares }
}
