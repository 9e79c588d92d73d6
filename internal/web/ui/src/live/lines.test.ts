import { expect, test } from 'vitest'
import { lines, waited } from './lines'

test('callers stand in their queues in the order in which they came', () => {
  const calls = [
    { id: 'b', state: 'queued', queue: 'sales', since: '2026-11-26T10:00:05Z' },
    { id: 'talks', state: 'talking', queue: 'sales', since: '2026-11-26T09:00:00Z' },
    { id: 'a', state: 'queued', queue: 'sales', since: '2026-11-26T10:00:00.5Z' },
    { id: 'c', state: 'queued', queue: 'help', since: '2026-11-26T10:00:00Z' },
    { id: 'none', state: 'answered' },
  ]
  expect(lines(calls).map(([q, l]) => [q, l.map((c) => c.id)])).toEqual([['help', ['c']], ['sales', ['a', 'b']]])
})

test('a wait in words, and none below zero', () => {
  const at = '2026-11-26T10:00:00Z'
  const now = Date.parse(at)
  expect([0, 7_900, 61_000, 3_723_000, -5_000].map((d) => waited(at, now + d))).toEqual(['0:00', '0:07', '1:01', '1:02:03', '0:00'])
  expect(waited(undefined, now)).toBe('')
})
