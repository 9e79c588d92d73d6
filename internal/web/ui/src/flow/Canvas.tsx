import '@xyflow/react/dist/style.css'
import './flow.css'
import { useComputedColorScheme } from '@mantine/core'
import { Background, Controls, Handle, MiniMap, Position, ReactFlow, type Edge, type Node, type NodeProps, useReactFlow, useStoreApi } from '@xyflow/react'
import { memo, useEffect, useMemo, useRef, useState, type KeyboardEvent } from 'react'
import { useTexts } from '../texts'
import { beside, exitWords, size, type Graph } from './graph'

export interface CanvasProps {
  graph: Graph
  entry: string
  /** Steps that a call went through, and where it is now. */
  visited?: Set<string>
  now?: string
  /** Ways that it took: "from→to". */
  taken?: Set<string>
  /** Steps that no test reaches, and ways that none takes. */
  missing?: Set<string>
  untaken?: Set<string>
  /** What the checker found, by step: the words. */
  findings?: Map<string, string[]>
  /** How many calls ended at a step, of how many that reached it. */
  drop?: Map<string, { ended: number; reached: number }>
  /** How many of the calls that reached a step went on by a way, "from→to": drawn as its width and percent. */
  shares?: Map<string, { calls: number; of: number }>
  /** Makes the canvas one to edit: a way is drawn from a step to another. */
  connect?: (from: string, to: string) => void
  selected?: string
  /** keyboard: by Enter, and not by a click. */
  select?: (id: string, keyboard: boolean) => void
  height?: number | string
}

type StepNode = Node<{ kind: string; words: string; entry: boolean; state: '' | 'visited' | 'now'; findings: string[]; missing?: boolean; drop?: { ended: number; reached: number } }, 'step'>

const kinds = { step: memo(Step) }

const nothing: string[] = []

/** Gives nodes that are as they were as the same objects: the canvas works anew on the others alone. */
function keeper(): (now: StepNode[]) => StepNode[] {
  let last = new Map<string, StepNode>()
  return (now) => {
    const all = now.map((n) => {
      const o = last.get(n.id)
      return o && o.position.x === n.position.x && o.position.y === n.position.y && o.selected === n.selected && o.ariaLabel === n.ariaLabel && o.domAttributes?.tabIndex === n.domAttributes?.tabIndex && alike(o.data, n.data) ? o : n
    })
    last = new Map(all.map((n) => [n.id, n]))
    return all
  }
}

const alike = (a: Record<string, unknown>, b: Record<string, unknown>) => Object.keys(a).every((k) => Object.is(a[k], b[k]))

/** A flow drawn: steps, ways between them, and the path of a call lit. Loaded when it is first shown. */
export default function Canvas(p: CanvasProps) {
  const { t } = useTexts()
  const scheme = useComputedColorScheme('light')
  const [keep] = useState(keeper)
  const [walk, walkTo] = useState('') // the step that arrows have led to
  const tabbed = [walk, p.selected].find((id) => p.graph.places.some((n) => n.id === id)) ?? p.entry // one step is reached by Tab, the others by arrows
  const nodes = useMemo(() => keep(p.graph.places.map((n): StepNode => ({
    id: n.id, type: 'step', position: { x: n.x, y: n.y }, width: size.width, height: size.height, selected: n.id === p.selected, ariaLabel: `${n.kind} ${n.id}`, domAttributes: { tabIndex: n.id === tabbed ? 0 : -1 },
    data: { kind: n.kind, words: n.words || n.id, entry: n.id === p.entry, state: n.id === p.now ? 'now' : p.visited?.has(n.id) ? 'visited' : '', findings: p.findings?.get(n.id) ?? nothing, missing: p.missing?.has(n.id), drop: p.drop?.get(n.id) },
  }))), [keep, tabbed, p.graph.places, p.entry, p.visited, p.now, p.selected, p.findings, p.missing, p.drop])
  const { ways } = p.graph
  const edges = useMemo(() => ways.map((w): Edge => {
    const share = p.shares?.get(w.id)
    const part = share && share.of > 0 ? Math.min(1, share.calls / share.of) : 0
    return {
      id: w.id, source: w.from, target: w.to, className: p.taken?.has(w.id) ? 'taken' : p.untaken?.has(w.id) ? 'untaken' : undefined, focusable: false,
      label: [exitWords(w.exits), share && `${Math.round(100 * part)} %`].filter(Boolean).join(' · '),
      style: p.shares && { strokeWidth: 1 + 9 * part, strokeOpacity: share ? 1 : 0.3 },
    }
  }), [ways, p.taken, p.untaken, p.shares])
  const keyed = (e: KeyboardEvent) => { // on a step that has the focus
    const id = (e.target as HTMLElement).closest('.react-flow__node')?.getAttribute('data-id')
    if (!id || e.altKey || e.ctrlKey || e.metaKey) return
    if (e.key in arrows) {
      e.preventDefault()
      walkTo(beside(p.graph, id, arrows[e.key]!))
    } else if (p.select && (e.key === 'Enter' || e.key === ' ')) {
      e.preventDefault()
      walkTo('')
      p.select(id, true)
    }
  }
  return (
    <div style={{ height: p.height ?? 520 }} role="region" aria-label={t('flow.canvas')} data-testid="canvas" onKeyDown={keyed}>
      <ReactFlow nodes={nodes} edges={edges} nodeTypes={kinds} colorMode={scheme} fitView minZoom={0.1} onlyRenderVisibleElements nodesDraggable={false} nodesConnectable={!!p.connect} deleteKeyCode={null}
        onConnect={(c) => p.connect?.(c.source, c.target)} onNodeClick={(_, n) => { walkTo(''); p.select?.(n.id, false) }} fitViewOptions={{ maxZoom: 1 }}>
        <Background />
        <Follow graph={p.graph} selected={p.selected} />
        <Follow graph={p.graph} selected={walk} focus />
        <Follow graph={p.graph} selected={p.now} />
        <Controls showInteractive={false} />
        {p.graph.places.length > 30 && <MiniMap pannable zoomable />}
      </ReactFlow>
    </div>
  )
}

const arrows: Record<string, { x: number; y: number }> = { ArrowDown: { x: 0, y: 1 }, ArrowUp: { x: 0, y: -1 }, ArrowRight: { x: 1, y: 0 }, ArrowLeft: { x: -1, y: 0 } }

/** Brings a step that was chosen elsewhere, or where a call comes to, into sight; with focus, that is given to it. */
function Follow({ graph, selected, focus }: { graph: Graph; selected?: string; focus?: boolean }) {
  const flow = useReactFlow()
  const store = useStoreApi()
  const last = useRef(selected)
  useEffect(() => {
    if (selected === last.current) return
    last.current = selected
    const at = graph.places.find((n) => n.id === selected)
    if (!at) return
    const { transform: [x, y, zoom], width, height } = store.getState()
    const [left, top] = [at.x * zoom + x, at.y * zoom + y]
    if (left < 0 || top < 0 || left + size.width * zoom > width || top + size.height * zoom > height) void flow.setCenter(at.x + size.width / 2, at.y + size.height / 2, { zoom: Math.max(zoom, 0.6) })
    if (!focus) return
    let tries = 20 // what was out of sight is drawn within some frames
    const give = () => {
      const step = store.getState().domNode?.querySelector<HTMLElement>(`.react-flow__node[data-id="${CSS.escape(at.id)}"]`)
      if (step) step.focus({ preventScroll: true })
      else if (tries-- > 0) frame = requestAnimationFrame(give)
    }
    let frame = requestAnimationFrame(give)
    return () => cancelAnimationFrame(frame)
  }, [flow, focus, graph, selected, store])
  return null
}

function Step({ data, id }: NodeProps<StepNode>) {
  const { t } = useTexts()
  return (
    <div className="step" data-state={data.state || undefined} data-step={id} data-found={data.findings.length > 0 || undefined} data-missing={data.missing || undefined} title={data.findings.join('\n') || undefined}>
      {!data.entry && <Handle type="target" position={Position.Top} />}
      <div className="kind">{data.kind}</div>
      <div className="words">{data.words}</div>
      {data.drop && data.drop.ended > 0 && <div className="drop" data-testid="drop">{t('flow.drop', { n: data.drop.ended, of: data.drop.reached })}</div>}
      <Handle type="source" position={Position.Bottom} />
    </div>
  )
}
