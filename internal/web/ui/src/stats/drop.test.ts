import { expect, test } from 'vitest'
import { drop, share } from './drop'

test('exits to one step are one way, and exits that lead nowhere are none', () => {
  const made = drop(
    [{ node: 'menu', reached: 10, ended: 3, ended_calls: [], exits: [{ exit: 'key 1', calls: 4 }, { exit: 'key 2', calls: 2 }, { exit: 'timeout', calls: 1 }, { exit: 'gone', calls: 9 }] }],
    { app: 'a', entry: 'menu', nodes: [{ id: 'menu', step: { kind: 'gather' }, exits: { 'key 1': 'sales', 'key 2': 'sales', timeout: 'menu' } }, { id: 'sales', step: { kind: 'dial' } }] },
  )
  expect(made.drop.get('menu')).toEqual({ ended: 3, reached: 10 })
  expect([...made.shares]).toEqual([['menu→sales', { calls: 6, of: 10 }], ['menu→menu', { calls: 1, of: 10 }]])
  expect(share(1, 4)).toBe('25 %')
  expect(share(0, 0)).toBe('–')
})
