import { Skeleton } from '@mantine/core'
import { lazy, Suspense, useMemo } from 'react'
import { Trouble } from '../parts/Trouble'
import { useProgram } from './useProgram'

const Canvas = lazy(() => import('./Canvas'))

export interface FlowViewProps {
  app: string
  /** Steps lit, by JSON Pointer into the app's document or by the node's id. */
  lit?: string[]
  /** The step where the call is now, likewise. */
  now?: string
  /** How many calls ended at a step, and how many came there, by pointer or id. */
  drop?: Record<string, { ended: number; reached: number }>
  select?: (id: string) => void
  height?: number | string
}

/** The flow that an app's calls run, drawn, with what happened on it. Nothing can be changed. */
export function FlowView(p: FlowViewProps) {
  const { program, graph, error, pending } = useProgram(p.app)
  const marks = useMemo(() => {
    const ids = new Map<string, string>()
    for (const n of program?.nodes ?? []) {
      if (n.origin !== undefined && !ids.has(n.origin)) ids.set(n.origin, n.id)
      ids.set(n.id, n.id)
    }
    const at = (place: string) => ids.get(place) ?? place
    return {
      visited: new Set((p.lit ?? []).map(at)), now: p.now === undefined ? undefined : at(p.now),
      drop: new Map(Object.entries(p.drop ?? {}).map(([k, v]) => [at(k), v])),
    }
  }, [program, p.lit, p.now, p.drop])
  if (error) return <Trouble error={error} />
  if (pending || !graph || !program) return <Skeleton height={p.height ?? 520} />
  return (
    <Suspense fallback={<Skeleton height={p.height ?? 520} />}>
      <Canvas graph={graph} entry={program.entry} visited={marks.visited} now={marks.now} drop={marks.drop} select={p.select} height={p.height} />
    </Suspense>
  )
}
