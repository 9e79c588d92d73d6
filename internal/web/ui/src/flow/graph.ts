import dagre from '@dagrejs/dagre'
import type { Names } from '../api/parties'

/** A compiled flow as GET /apps/{app}/program gives it, whatever language it was written in. */
export interface Program {
  app: string
  name?: string
  entry: string
  nodes: { id: string; origin?: string; step: { kind: string } & Record<string, unknown>; exits?: Record<string, string> }[]
}

export interface Place { id: string; kind: string; words: string; pointer: string; x: number; y: number }
export interface Way { id: string; from: string; to: string; exits: string[] }
export interface Graph { places: Place[]; ways: Way[] }

/** What the account calls the things that steps name by ids, and what is shown for an id that it does not have. */
export interface Called { names: Names; unknown: (id: string) => string }

const nameless: Called = { names: {}, unknown: (id) => id }

export const size = { width: 210, height: 62 } // of a step on the canvas, in px

/**
 * The steps of a program laid out from top to bottom, and the ways between them. Exits to one step are one way.
 * Where the ways are those of the graph before, they are the same objects, and steps stay where they were.
 */
export function graph(p: Program, before?: Graph, called = nameless): Graph {
  let ways = waysOf(p)
  if (before && same(ways, before.ways)) ways = before.ways
  const stays = ways === before?.ways && p.nodes.length === before.places.length && p.nodes.every((n, i) => n.id === before.places[i]!.id)
  const at = stays ? null : layout(p, ways)
  const places = p.nodes.map((n, i): Place => {
    const { x, y } = at?.(n.id) ?? before!.places[i]!
    return { id: n.id, kind: n.step.kind, words: words(n.step, called), pointer: n.origin ?? '', x, y }
  })
  return { places, ways }
}

/** Draws one program after the other, each from the graph of the one before. */
export function drawer(): (p: Program, called: Called) => Graph {
  let last: Graph | undefined
  return (p, called) => (last = graph(p, last, called))
}

function same(a: Way[], b: Way[]): boolean {
  return a.length === b.length && a.every((w, i) => w.id === b[i]!.id && w.exits.length === b[i]!.exits.length && w.exits.every((e, j) => e === b[i]!.exits[j]))
}

function waysOf(p: Program): Way[] {
  const known = new Set(p.nodes.map((n) => n.id))
  const ways: Way[] = []
  for (const n of p.nodes) {
    const together = new Map<string, string[]>()
    for (const [exit, to] of Object.entries(n.exits ?? {})) {
      if (known.has(to)) together.set(to, [...(together.get(to) ?? []), exit])
    }
    for (const [to, exits] of together) ways.push({ id: `${n.id}→${to}`, from: n.id, to, exits })
  }
  return ways
}

/** Where the upper left corner of each step is. */
function layout(p: Program, ways: Way[]): (id: string) => { x: number; y: number } {
  if (p.nodes.length > longest) {
    const plain = rows(p, ways)
    return (id) => corner(plain.get(id)!)
  }
  const g = new dagre.graphlib.Graph()
  g.setGraph({ rankdir: 'TB', nodesep: 36, ranksep: 64 })
  g.setDefaultEdgeLabel(() => ({}))
  for (const n of p.nodes) g.setNode(n.id, { ...size })
  for (const w of ways) g.setEdge(w.from, w.to)
  dagre.layout(g)
  return (id) => corner(g.node(id) as { x: number; y: number })
}

const corner = (middle: { x: number; y: number }) => ({ x: middle.x - size.width / 2, y: middle.y - size.height / 2 })

const longest = 200 // steps that dagre lays out: its time grows with the square of ways that cross

/** A plain layout for large flows: steps in rows by how many ways they are from the entry, at most 12 in a row. */
function rows(p: Program, ways: Way[]): Map<string, { x: number; y: number }> {
  const next = new Map<string, string[]>()
  for (const w of ways) next.set(w.from, [...(next.get(w.from) ?? []), w.to])
  const depth = new Map<string, number>([[p.entry, 0]])
  const queue = [p.entry]
  for (let i = 0; i < queue.length; i++) {
    for (const to of next.get(queue[i]!) ?? []) {
      if (depth.has(to)) continue
      depth.set(to, depth.get(queue[i]!)! + 1)
      queue.push(to)
    }
  }
  const last = Math.max(...depth.values()) + 1
  const by = new Map<number, string[]>()
  for (const n of p.nodes) {
    const d = depth.get(n.id) ?? last // no way leads there
    by.set(d, [...(by.get(d) ?? []), n.id])
  }
  const at = new Map<string, { x: number; y: number }>()
  let y = 0
  for (const d of [...by.keys()].sort((a, b) => a - b)) {
    const row = by.get(d)!
    for (let i = 0; i < row.length; i += 12) {
      const part = row.slice(i, i + 12)
      part.forEach((id, j) => at.set(id, { x: (j - (part.length - 1) / 2) * (size.width + 40), y }))
      y += size.height + 70
    }
  }
  return at
}

const targets = ['extension', 'user', 'number', 'sip', 'group', 'app', 'mailbox', 'phones', 'dialled'] // who is called, as native documents name them

/** What a step does, as far as fits on it. */
export function words(step: Record<string, unknown>, called = nameless): string {
  const first = (step.prompts as Record<string, unknown>[] | undefined)?.[0]
  if (first) return prompt(first, called) + ((step.prompts as unknown[]).length > 1 ? ' …' : '')
  const to = step.to as { kind?: string; id?: string } | undefined
  if (to?.kind) return party(to.kind, to.id ?? '', called) + more(step)
  if (step.kind === 'goto' || step.kind === 'subflow') return nameOf('app', text(step.app), called)
  const box = step.mailbox as { app?: string; name?: string; user?: string; email?: string } | undefined // of a compiled flow
  if (typeof box === 'object') return box.user ? party('mailbox', box.user, called) : (box.email || box.name || nameOf('app', text(box.app), called))
  for (const k of targets) if (text(step[k])) return party(k, text(step[k]), called) + more(step)
  if (step.kind === 'queue') return text(step.name) || text(step.id)
  if (text(step.sound)) return nameOf('sound', text(step.sound), called)
  for (const k of ['room', 'url', 'name', 'cause', 'key', 'for']) if (text(step[k])) return text(step[k])
  return ''
}

const text = (x: unknown): string => (typeof x === 'string' || typeof x === 'number' ? String(x) : '')

const more = (step: Record<string, unknown>): string => (Array.isArray(step.also) && step.also.length > 0 ? ' …' : '')

const party = (kind: string, id: string, called: Called): string => `${kind} ${nameOf(kind, id, called)}`.trim()

const lists: Record<string, string> = { extension: 'owned', phones: 'owned' } // where the names of a kind are, if not under its own name

/** What something of a kind is called; documents name things by id or by name. An id that the account does not have is marked. */
function nameOf(kind: string, id: string, called: Called): string {
  const list = called.names[lists[kind] ?? kind]
  if (!list || id === '' || id.includes('${')) return id
  return (list.find((o) => o.value === id) ?? list.find((o) => o.label === id))?.label ?? called.unknown(id)
}

function prompt(p: Record<string, unknown>, called: Called): string {
  const known = called.names.sound?.find((o) => o.value === p.sound)
  if (known) return known.label
  for (const k of ['text', 'standard', 'name', 'sound', 'url']) if (typeof p[k] === 'string' && p[k]) return k === 'text' ? `“${p[k]}”` : k === 'sound' ? nameOf(k, p[k], called) : p[k]
  return ''
}

/** The step that is next to one in a direction (x to the right, y downwards), or that one where there is none. */
export function beside(g: Graph, id: string, towards: { x: number; y: number }): string {
  const from = g.places.find((p) => p.id === id)
  if (!from) return id
  let [best, least] = [id, Infinity]
  for (const p of g.places) {
    const [dx, dy] = [p.x - from.x, p.y - from.y]
    const ahead = dx * towards.x + dy * towards.y
    const aside = Math.abs(dx * towards.y) + Math.abs(dy * towards.x)
    if (ahead > 1 && ahead + 2 * aside < least) [best, least] = [p.id, ahead + 2 * aside]
  }
  return best
}

/** The exits by which a way leads, in a few words. */
export function exitWords(exits: string[]): string {
  const keys = exits.filter((e) => e.startsWith('key ')).map((e) => e.slice(4))
  const others = exits.filter((e) => !e.startsWith('key ') && e !== 'next')
  return [keys.length ? keys.join(' ') : '', ...others].filter(Boolean).join(', ')
}

/** The path of a call through an app, from its timeline: steps in order, each with the exit by which it was left. */
export function path(events: { kind: string; origin?: { app?: string }; data?: unknown }[], app: string): { node: string; exit?: string }[] {
  const all: { node: string; exit?: string }[] = []
  for (const e of events) {
    if (e.kind !== 'step' || e.origin?.app !== app) continue
    const d = (e.data ?? {}) as Record<string, string>
    if (!d.node) continue
    const last = all.at(-1)
    if (d.exit === undefined) all.push({ node: d.node })
    else if (last && last.node === d.node && last.exit === undefined) last.exit = d.exit
  }
  return all
}

/** What of a graph a path lights: the steps that it went through, and the ways ("from→to") that it took. */
export function lit(walked: { node: string; exit?: string }[], program: Program | undefined): { visited: Set<string>; taken: Set<string> } {
  const taken = new Set<string>()
  for (const w of walked) {
    const to = program?.nodes.find((n) => n.id === w.node)?.exits?.[w.exit ?? '']
    if (to) taken.add(`${w.node}→${to}`)
  }
  return { visited: new Set(walked.map((w) => w.node)), taken }
}
