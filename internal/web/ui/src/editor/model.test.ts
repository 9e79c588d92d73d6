import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { addStep, beginAt, change, exitsOf, kindsOf, pasteStep, programOf, removeStep, renameStep, setAt, shownOf, stepAt, type Doc, type History, type Step } from './model'

const kinds = kindsOf(JSON.parse(readFileSync('../../../docs/flow.schema.json', 'utf8')))

const doc: Doc = { flow: 1, start: 'hello', meta: { owner: 'Anna' }, steps: {
  hello: { play: [{ say: 'Welcome' }], then: 'menu' },
  menu: { gather: { prompts: [{ say: 'Press 1' }] }, keys: { 1: 'sales', '#': 'bye' }, no_input: 'bye', invalid: 'menu' },
  ask: { listen: { language: 'en' }, phrases: [{ words: 'sales|buy', then: 'sales' }] },
  sales: { dial: { extension: '101', unknown_field: [1, { a: 2 }] }, busy: 'bye' },
  bye: { hang_up: null },
} }

test('every kind of step of the schema is known, with its ways', () => {
  expect(kinds.size).toBeGreaterThan(25)
  expect(kinds.get('dial')?.ways).toContain('no_answer')
  expect(kinds.get('gather')?.maps).toEqual(['keys'])
})

test('a program has a way for every exit that leads somewhere', () => {
  const p = programOf(doc, kinds)
  expect(p.nodes.map((n) => [n.id, n.step.kind, n.exits])).toEqual([
    ['hello', 'play', { next: 'menu' }], ['menu', 'gather', { 'key 1': 'sales', 'key #': 'bye', invalid: 'menu', 'no input': 'bye' }],
    ['ask', 'listen', { 'sales|buy': 'sales' }], ['sales', 'dial', { busy: 'bye' }], ['bye', 'hang_up', {}],
  ])
})

test('a step is shown in the shape that compiled flows have', () => {
  const step = (s: Step) => shownOf(s, Object.keys(s)[0]!)
  expect(step({ goto: 'A1' })).toEqual({ kind: 'goto', app: 'A1' })
  expect(step({ save_sound: 'S1' })).toEqual({ kind: 'save_sound', sound: 'S1' })
  expect(step({ play: [{ sound: 'S1' }, { say: 'Hello' }, { phrase: 'welcome' }] })).toEqual({ kind: 'play', prompts: [{ sound: 'S1' }, { text: 'Hello' }, { name: 'welcome' }] })
  expect(step({ queue: { id: 'q', name: 'Desk' } })).toEqual({ kind: 'queue', id: 'q', name: 'Desk' })
})

test('calls begin at another step, and the former one can be removed then', () => {
  expect(removeStep(doc, kinds, 'hello')).toBe(doc)
  const next = beginAt(doc, 'menu')
  expect(next.start).toBe('menu')
  expect(removeStep(next, kinds, 'hello').steps).not.toHaveProperty('hello')
  expect(beginAt(doc, 'nobody')).toBe(doc)
})

test('a change touches nothing else', () => {
  const next = setAt(doc, 'menu', ['keys', '2'], 'hello')
  expect(next.steps.menu!.keys).toEqual({ 1: 'sales', '#': 'bye', 2: 'hello' })
  expect(setAt(next, 'menu', ['keys', '2'], undefined)).toEqual(doc)
  expect(setAt(doc, 'ask', ['phrases', '0', 'then'], 'bye').steps.ask!.phrases).toEqual([{ words: 'sales|buy', then: 'bye' }])
  expect(next.steps.sales).toBe(doc.steps.sales)
  expect(next.meta).toBe(doc.meta)
})

test('a renamed step keeps its place and every way to it', () => {
  const next = renameStep(doc, kinds, 'bye', 'the end')
  expect(Object.keys(next.steps)).toEqual(['hello', 'menu', 'ask', 'sales', 'the end'])
  expect(next.steps.menu).toMatchObject({ keys: { '#': 'the end' }, no_input: 'the end' })
  expect(renameStep(doc, kinds, 'bye', 'menu')).toBe(doc)
  expect(renameStep(doc, kinds, 'hello', 'start').start).toBe('start')
})

test('a removed step leaves no way to it, and the first one stays', () => {
  const next = removeStep(doc, kinds, 'bye')
  expect(JSON.stringify(next)).not.toContain('bye')
  expect(next.steps.menu!.keys).toEqual({ 1: 'sales' })
  expect(removeStep(doc, kinds, 'hello')).toBe(doc)
})

test('new and pasted steps get a name of their own', () => {
  const { doc: one, name } = addStep(doc, 'hang_up')
  expect(name).toBe('hang-up')
  expect(addStep(one, 'hang_up').name).toBe('hang-up-2')
  const { doc: two, name: copy } = pasteStep(doc, 'sales', doc.steps.sales!)
  expect(copy).toBe('sales-2')
  expect(two.steps[copy]).toEqual(doc.steps.sales)
  expect(two.steps[copy]).not.toBe(doc.steps.sales)
})

test('every kind can be added', () => {
  for (const word of kinds.keys()) {
    const { doc: d, name } = addStep(doc, word)
    expect(exitsOf(d.steps[name]!, kinds.get(word)).every((e) => e.to === '')).toBe(true)
  }
})

test('undo and redo go through the changes, and a new change ends what was undone', () => {
  let h: History = { past: [], now: doc, future: [] }
  const a = setAt(doc, 'hello', ['then'], 'bye')
  const b = setAt(a, 'hello', ['label'], 'Hi')
  h = change(change(h, { to: a }), { to: b })
  h = change(h, 'undo')
  expect(h.now).toBe(a)
  expect(change(h, 'redo').now).toBe(b)
  h = change(change(h, 'undo'), 'undo')
  expect(h.now).toBe(doc)
  expect(change(change(h, { to: b }), 'redo').now).toBe(b)
})

test('a pointer leads to its step', () => {
  expect(stepAt('/steps/a~1b/dial/to')).toBe('a/b')
  expect(stepAt('/start')).toBe('')
})
