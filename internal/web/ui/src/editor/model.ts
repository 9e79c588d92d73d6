import type { Program } from '../flow/graph'
import { onePlace } from './place'

/** Native documents (docs/flow-format.md) as the editor changes them. Every function gives a new document and leaves the old one as it is. */
export type Step = Record<string, unknown>
export interface Doc { flow: number; name?: string; start: string; steps: Record<string, Step>; [more: string]: unknown }

type Schema = Record<string, unknown>

/** What a step may be: its word, its ways on, and the schema of its fields. */
export interface Kind { word: string; ways: string[]; maps: string[]; phrases: boolean; body: Schema }

const object = (x: unknown): Schema => (typeof x === 'object' && x !== null ? (x as Schema) : {})

/** The kinds of steps that the server's schema of native documents has. */
export function kindsOf(schema: unknown): Map<string, Kind> {
  const all = new Map<string, Kind>()
  const step = object(object(object(schema).$defs).step)
  for (const one of (step.allOf as unknown[] | undefined) ?? []) {
    const word = (object(object(one).if).required as string[] | undefined)?.[0]
    if (!word) continue
    const properties = object(object(object(one).then).properties)
    const isWay = (p: unknown) => object(p).$ref === '#/$defs/way'
    all.set(word, {
      word, body: object(properties[word]), phrases: 'phrases' in properties,
      ways: Object.keys(properties).filter((k) => isWay(properties[k])),
      maps: Object.keys(properties).filter((k) => isWay(object(properties[k]).additionalProperties)),
    })
  }
  return all
}

/** Which kind a step is; '' when it is none. */
export function wordOf(step: Step, kinds: Map<string, Kind>): string {
  return Object.keys(step).find((k) => kinds.has(k)) ?? ''
}

/** A way on from a step: the exit as people read it, where it stands in the step, and where it leads; '' = the call ends. */
export interface Exit { name: string; at: string[]; to: string }

export function exitsOf(step: Step, kind: Kind | undefined): Exit[] {
  if (!kind) return []
  const all: Exit[] = []
  const text = (x: unknown) => (x === null || x === undefined ? '' : String(x))
  for (const m of kind.maps) for (const [key, to] of Object.entries(object(step[m]))) all.push({ name: m === 'keys' ? 'key ' + key : key, at: [m, key], to: text(to) })
  if (kind.phrases) ((step.phrases as Schema[] | undefined) ?? []).forEach((p, i) => all.push({ name: text(p.words), at: ['phrases', String(i), 'then'], to: text(p.then) }))
  for (const w of kind.ways) all.push({ name: w === 'then' ? 'next' : w.replaceAll('_', ' '), at: [w], to: text(step[w]) })
  return all
}

/** The document as a program's graph takes it. */
export function programOf(doc: Doc, kinds: Map<string, Kind>): Program {
  return {
    app: '', entry: doc.start, nodes: Object.entries(doc.steps).map(([id, step]) => {
      const word = wordOf(step, kinds)
      const exits = exitsOf(step, kinds.get(word)).filter((e) => e.to !== '' && e.to in doc.steps)
      return { id, origin: '/steps/' + pointer(id), step: shownOf(step, word), exits: Object.fromEntries(exits.map((e) => [e.name, e.to])) }
    }),
  }
}

/** A step as its words on the canvas are made of: in the shape that compiled flows have. */
export const shownOf = (step: Step, word: string): Program['nodes'][number]['step'] => ({ kind: word || '?', prompts: promptsOf(step[word]), ...fields(word, step[word]) })

const alone: Record<string, string> = { goto: 'app', subflow: 'app', save_sound: 'sound' } // what a step names that has a text in place of fields

function fields(word: string, body: unknown): Schema {
  if (Array.isArray(body)) return {}
  if (typeof body === 'string') return { [alone[word] ?? 'name']: body }
  return Object.fromEntries(Object.entries(object(body)).filter(([k]) => k !== 'prompts'))
}

function promptsOf(body: unknown): Schema[] | undefined {
  const list = Array.isArray(body) ? body : (object(body).prompts as unknown[] | undefined)
  return list?.map((x) => {
    const p = object(x)
    if ('say' in p) return { text: String(p.say) }
    if ('sound' in p) return { sound: String(p.sound) }
    return { name: String(Object.values(p)[0] ?? '') }
  })
}

/** A name as a part of a JSON Pointer (RFC 6901). */
export const pointer = (name: string) => name.replaceAll('~', '~0').replaceAll('/', '~1')

/** The step that a JSON Pointer leads into; '' = none. */
export function stepAt(at: string): string {
  const [, steps, name] = at.split('/')
  return steps === 'steps' && name !== undefined ? name.replaceAll('~1', '/').replaceAll('~0', '~') : ''
}

/** The document with another value at a path within a step; undefined takes it away. */
export function setAt(doc: Doc, step: string, at: string[], value: unknown): Doc {
  const change = (x: unknown, path: string[]): unknown => {
    const [key, ...rest] = path
    if (key === undefined) return value
    if (Array.isArray(x)) return x.map((y, i) => (String(i) === key ? change(y, rest) : (y as unknown)))
    const copy = { ...object(x) }
    const next = change(copy[key], rest)
    if (next === undefined) delete copy[key]
    else copy[key] = next
    return copy
  }
  return { ...doc, steps: Object.fromEntries(Object.entries(doc.steps).map(([n, s]) => [n, n === step ? (change(s, at) as Step) : s])) }
}

/** A name for a new step that no other has. */
export function freeName(doc: Doc, wish: string): string {
  if (!(wish in doc.steps)) return wish
  for (let i = 2; ; i++) if (!(`${wish}-${i}` in doc.steps)) return `${wish}-${i}`
}

const first: Record<string, unknown> = {
  play: { prompts: [{ say: 'Hello' }] }, gather: { prompts: [{ say: 'Press a key' }], barge_in: true, first_digit: '5s' }, dial: { extension: '101' }, transfer: { extension: '101' },
  queue: { id: 'queue', members: [{ extension: '101' }] }, wait: '1s', goto: '', subflow: '', set: { name: 'value' }, count: { name: 'tries', limit: 3 }, reset: 'tries',
  if: { value: '${call.from}', begins_with: '+46' }, hours: { timezone: 'UTC', open: [{ days: 'mon-fri', from: '09:00', to: '17:00' }] }, request: { url: 'https://' },
  sms: { text: 'Hello' }, set_caller: { number: '+46' }, deliver: { email: 'you@example.com' }, save: { topic: 'calls', fields: {} }, conference: { room: 'room' },
  fetch: { dialect: 'routee', url: 'https://' }, record: { purpose: 'voicemail', beep: true, max_length: '2m' }, listen: { prompts: [{ say: 'How can we help?' }], language: 'en' },
}

/** Adds a step of a kind, with a beginning that can be published where there is one. */
export function addStep(doc: Doc, word: string): { doc: Doc; name: string } {
  const name = freeName(doc, word.replaceAll('_', '-'))
  return { doc: { ...doc, steps: { ...doc.steps, [name]: { [word]: first[word] ?? null } } }, name }
}

/** A copy of a step under a name of its own, with the same ways on. */
export function pasteStep(doc: Doc, name: string, step: Step): { doc: Doc; name: string } {
  const free = freeName(doc, name)
  return { doc: { ...doc, steps: { ...doc.steps, [free]: structuredClone(step) } }, name: free }
}

/** Leads every way to a step elsewhere; to '' the ways are gone. */
function redirect(step: Step, kinds: Map<string, Kind>, from: string, to: string): Step {
  let out = step
  for (const e of exitsOf(step, kinds.get(wordOf(step, kinds)))) {
    if (e.to === from) out = setAt({ flow: 1, start: '', steps: { s: out } }, 's', e.at, to === '' ? undefined : to).steps.s!
  }
  return out
}

/** The document whose calls begin at another step; as it was where there is none of that name. */
export const beginAt = (doc: Doc, name: string): Doc => (name in doc.steps && name !== doc.start ? { ...doc, start: name } : doc)

/** The document without a step; ways to it are gone. The first step stays. */
export function removeStep(doc: Doc, kinds: Map<string, Kind>, name: string): Doc {
  if (name === doc.start) return doc
  return { ...doc, steps: Object.fromEntries(Object.entries(doc.steps).filter(([n]) => n !== name).map(([n, s]) => [n, redirect(s, kinds, name, '')])) }
}

/** The document with a step under another name; ways to it follow. The document as it was when the name is taken or empty. */
export function renameStep(doc: Doc, kinds: Map<string, Kind>, name: string, to: string): Doc {
  if (to === '' || to === name || to in doc.steps) return doc
  return { ...doc, start: doc.start === name ? to : doc.start, steps: Object.fromEntries(Object.entries(doc.steps).map(([n, s]) => [n === name ? to : n, redirect(s, kinds, name, to)])) }
}

/** What was, is and will be: undo and redo. typing is the text that the last change was typed into, and when, in ms. */
export interface History { past: Doc[]; now: Doc; future: Doc[]; typing?: { path: string; at: number } }

const longest = 200 // changes that can be undone
const pause = 2_000 // ms without a letter after which typing is another change

export type Change = { to: Doc; at?: number } | 'undo' | 'redo' | { begin: Doc }

export function change(h: History, c: Change): History {
  if (c === 'undo') {
    const last = h.past.at(-1)
    return last ? { past: h.past.slice(0, -1), now: last, future: [h.now, ...h.future] } : h
  }
  if (c === 'redo') {
    const [next, ...rest] = h.future
    return next ? { past: [...h.past, h.now], now: next, future: rest } : h
  }
  if ('begin' in c) return { past: [], now: c.begin, future: [] }
  if (c.to === h.now) return h
  const where = c.at === undefined ? null : onePlace(h.now, c.to)
  const typing = where?.text && c.at !== undefined ? { path: where.path, at: c.at } : undefined
  if (typing && h.typing && typing.path === h.typing.path && typing.at - h.typing.at < pause && h.future.length === 0) return { past: h.past, now: c.to, future: [], typing }
  return { past: [...h.past, h.now].slice(-longest), now: c.to, future: [], typing }
}
