import { expect, test } from 'vitest'
import { beside, drawer, exitWords, graph, path, words, type Called, type Program } from './graph'

const menu: Program = {
  app: 'A', entry: 'hello', nodes: [
    { id: 'hello', step: { kind: 'play', prompts: [{ kind: 'speech', text: 'Welcome' }] }, exits: { next: 'menu' } },
    { id: 'menu', origin: '/menu', step: { kind: 'gather' }, exits: { 'key 1': 'sales', 'key 2': 'sales', 'no input': 'menu', invalid: 'gone' } },
    { id: 'sales', step: { kind: 'dial', to: { kind: 'user', id: '7' } } },
  ],
}

test('a graph has every step once and one way for all exits to a step', () => {
  const g = graph(menu)
  expect(g.places.map((p) => [p.id, p.words])).toEqual([['hello', '“Welcome”'], ['menu', ''], ['sales', 'user 7']])
  expect(g.ways.map((w) => [w.from, w.to, exitWords(w.exits)])).toEqual([['hello', 'menu', ''], ['menu', 'sales', '1 2'], ['menu', 'menu', 'no input']])
  const [hello, , sales] = g.places
  expect(sales!.y).toBeGreaterThan(hello!.y)
})

test('no two steps lie on each other', () => {
  const many: Program = { app: 'A', entry: '0', nodes: Array.from({ length: 60 }, (_, i) => ({ id: String(i), step: { kind: 'play' }, exits: { next: String((i * 7 + 1) % 60), failed: String((i * 3) % 60) } })) }
  const { places } = graph(many)
  expect(new Set(places.map((p) => `${Math.round(p.x)} ${Math.round(p.y)}`)).size).toBe(60)
})

test('a flow of a thousand steps is laid out in rows, none on another', () => {
  const n = 1000
  const many: Program = { app: 'A', entry: '0', nodes: Array.from({ length: n }, (_, i) => ({ id: String(i), step: { kind: 'play' }, exits: { next: String((i * 7 + 1) % n), failed: String((i * 3 + 5) % n) } })) }
  const { places, ways } = graph(many)
  expect(new Set(places.map((p) => `${p.x} ${p.y}`)).size).toBe(n)
  expect(ways.length).toBeGreaterThan(n)
})

test('a path is the steps of one app in order, with the exits taken', () => {
  const step = (app: string, node: string, exit?: string) => ({ kind: 'step', origin: { app }, data: exit === undefined ? { node } : { node, exit } })
  expect(path([step('A', 'hello'), step('A', 'hello', 'next'), { kind: 'digit' }, step('A', 'menu'), step('B', 'other'), step('A', 'menu', 'key 1'), step('A', 'sales')], 'A'))
    .toEqual([{ node: 'hello', exit: 'next' }, { node: 'menu', exit: 'key 1' }, { node: 'sales' }])
})

test('a step says who it calls, in a compiled flow and in a native document', () => {
  expect(words({ kind: 'dial', to: { kind: 'user', id: '7' } })).toBe('user 7')
  expect(words({ kind: 'dial', extension: '002' })).toBe('extension 002')
  expect(words({ kind: 'dial', dialled: 2 })).toBe('dialled 2')
})

const called: Called = {
  names: { user: [{ value: 'u7', label: 'Anna Berg' }], mailbox: [{ value: 'u7', label: 'Anna Berg' }], owned: [{ value: '101', label: '101 Anna Berg' }], app: [{ value: 'a1', label: 'Front desk' }], sound: [{ value: 's1', label: 'Welcome' }] },
  unknown: (id) => `${id} (unknown)`,
}

test.each([
  [{ kind: 'play', prompts: [{ kind: 'sound', sound: 's1', standard: 'welcome' }] }, 'Welcome'],
  [{ kind: 'play', prompts: [{ kind: 'sound', sound: 's2', standard: 'welcome' }] }, 'welcome'],
  [{ kind: 'play', prompts: [{ sound: 's2' }, { text: 'Hello' }] }, 's2 (unknown) …'],
  [{ kind: 'play', prompts: [{ sound: '${digits}' }] }, '${digits}'],
  [{ kind: 'dial', to: { kind: 'user', id: 'u7' }, also: [{ kind: 'user', id: 'u8' }] }, 'user Anna Berg …'],
  [{ kind: 'dial', extension: '101' }, 'extension 101 Anna Berg'],
  [{ kind: 'dial', extension: '999' }, 'extension 999 (unknown)'],
  [{ kind: 'dial', to: { kind: 'number', id: '+46850000001' } }, 'number +46850000001'],
  [{ kind: 'goto', app: 'a1' }, 'Front desk'],
  [{ kind: 'goto', app: 'Front desk' }, 'Front desk'],
  [{ kind: 'subflow', app: 'a9' }, 'a9 (unknown)'],
  [{ kind: 'save-sound', sound: 's1' }, 'Welcome'],
  [{ kind: 'deliver', mailbox: { app: 'a1', user: 'u7' } }, 'mailbox Anna Berg'],
  [{ kind: 'deliver', mailbox: { app: 'a1' } }, 'Front desk'],
  [{ kind: 'dial', mailbox: 'u7' }, 'mailbox Anna Berg'],
  [{ kind: 'record', user: 'u7' }, 'user Anna Berg'],
  [{ kind: 'queue', id: 'q-17', name: 'Support', members: [] }, 'Support'],
  [{ kind: 'queue', id: 'support', members: [] }, 'support'],
  [{ kind: 'conference', room: 'monday' }, 'monday'],
])('what a step names is called as the account calls it: %j', (step, want) => {
  expect(words(step, called)).toBe(want)
})

test('an id is not called unknown while nobody knows what there is', () => {
  expect(words({ kind: 'dial', to: { kind: 'user', id: 'u9' } }, { ...called, names: {} })).toBe('user u9')
})

test('names that come later leave steps and ways where they are', () => {
  const draw = drawer()
  const before = draw(menu, { ...called, names: {} })
  const after = draw(menu, called)
  expect(after.ways).toBe(before.ways)
  expect(after.places.map((p) => [p.x, p.y])).toEqual(before.places.map((p) => [p.x, p.y]))
  expect([before.places[2]!.words, after.places[2]!.words]).toEqual(['user 7', 'user 7 (unknown)'])
})

test('arrows lead to the step that is next in a direction, and stay where there is none', () => {
  const at = (id: string, x: number, y: number) => ({ id, kind: 'play', words: '', pointer: '', x, y })
  const g = { ways: [], places: [at('top', 100, 0), at('left', 0, 100), at('right', 250, 100), at('far', 100, 400)] }
  expect(beside(g, 'top', { x: 0, y: 1 })).toBe('left')
  expect(beside(g, 'left', { x: 1, y: 0 })).toBe('right')
  expect(beside(g, 'right', { x: -1, y: 0 })).toBe('left')
  expect(beside(g, 'far', { x: 0, y: -1 })).toBe('top')
  expect(beside(g, 'top', { x: 0, y: -1 })).toBe('top')
  expect(beside(g, 'gone', { x: 0, y: 1 })).toBe('gone')
})
