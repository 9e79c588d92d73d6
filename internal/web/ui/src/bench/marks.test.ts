import { expect, test } from 'vitest'
import { lineAt, parts, plus, testsOf, unreached, walked } from './marks'

test('a path lights the steps and ways of its app alone', () => {
  const m = walked([{ app: 'a', node: 'menu', exit: 'key 1' }, { app: 'a', node: 'one', exit: 'next' }, { app: 'b', node: 'x' }, { app: 'a', node: 'end' }], 'a')
  expect([...m.visited!]).toEqual(['menu', 'one', 'end'])
  expect([...m.taken!]).toEqual(['menu→one'])
})

test('a way is untaken when none of its exits is taken', () => {
  const ways = [{ id: 'a→b', from: 'a', to: 'b', exits: ['key 1', 'key 2'] }, { id: 'a→c', from: 'a', to: 'c', exits: ['no input'] }]
  const m = unreached([{ node: 'c', text: 'is never entered' }, { node: 'a', exit: 'key 1', to: 'b', text: '' }, { node: 'a', exit: 'no-input', to: 'c', text: '' }, { exit: 'end', text: '' }], ways)
  expect([...m.missing!]).toEqual(['c'])
  expect([...m.untaken!]).toEqual(['a→c'])
})

test('the line that is heard', () => {
  const lines = [{ from: 0, to: 2 }, { from: 2.5, to: 3.5, key: true }, { from: 2.5, to: 4 }]
  expect([0, 1.9, 2.2, 2.6, 3.9, 4].map((s) => lineAt(lines, s))).toEqual([0, 0, -1, 2, 2, -1])
})

test('tests of a text', () => {
  expect(testsOf('anna is user 5\n\ntest "one"\n  hangs up\n# test "no"\ntest two words\n')).toEqual([{ name: 'one', line: 3 }, { name: 'two words', line: 6 }])
})

test('parts of a time join each other', () => {
  const now = new Date('2026-11-26T12:00:00Z')
  const all = parts(24, now, 4)
  expect(all.map((p) => p.from.toISOString().slice(8, 13))).toEqual(['25T12', '25T18', '26T00', '26T06'])
  expect(all.at(-1)!.to).toEqual(now)
})

test('sums add up', () => {
  const one = { calls: 2, same: 1, elsewhere: 1, skipped: 0, outcomes: [{ call: 'c', same: false, elsewhere: true, ended: '', ends: '' }] }
  expect(plus(one, one)).toEqual({ calls: 4, same: 2, elsewhere: 2, skipped: 0, outcomes: [one.outcomes[0], one.outcomes[0]] })
})
