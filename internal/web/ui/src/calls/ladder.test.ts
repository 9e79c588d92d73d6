import { expect, test } from 'vitest'
import type { CallEvent } from '../api/events'
import { ladder } from './ladder'
import { legsUp, length, offset, taped } from './words'

const sip = (seq: number, leg: string, data: Record<string, string>): CallEvent => ({ call: 'c', seq, at: '2026-01-01T00:00:00Z', kind: 'sip', leg, text: '', data })

test('a ladder has a column for each party and a rung for each message', () => {
  const l = ladder([
    sip(1, 'a', { dir: 'in', method: 'INVITE', peer: '192.0.2.1:5060' }),
    { call: 'c', seq: 2, at: '2026-01-01T00:00:00Z', kind: 'digit', text: 'key 1' },
    sip(3, 'b', { dir: 'out', method: 'INVITE', peer: '192.0.2.2:5060' }),
    sip(4, 'b', { dir: 'in', method: 'INVITE', peer: '192.0.2.2:5060', status: '486' }),
  ])
  expect(l.peers).toEqual(['a 192.0.2.1:5060', 'b 192.0.2.2:5060'])
  expect(l.rungs.map((r) => [r.text, r.peer, r.out, r.bad])).toEqual([['INVITE', 0, false, false], ['INVITE', 1, true, false], ['486 (INVITE)', 1, false, true]])
})

test('lengths and offsets are said as people read them', () => {
  expect(length('2026-01-01T00:00:00Z', '2026-01-01T00:00:04.25Z')).toBe('4.3 s')
  expect(length('2026-01-01T00:00:00Z', '2026-01-01T00:01:05Z')).toBe('1:05')
  expect(length('2026-01-01T00:00:00Z', '2026-01-01T02:01:05Z')).toBe('2:01:05')
  expect(offset('2026-01-01T00:00:00Z', '2026-01-01T00:00:01.204Z')).toBe('+1.204')
})

test('a call is recorded by order from the start to the end of that recording, whatever the flow records', () => {
  const by = { beside: 'true' }
  expect(taped([])).toBeNull()
  expect(taped([{ kind: 'recording.started', data: {} }])).toBeNull()
  const began = [{ kind: 'recording.started', data: by }, { kind: 'recording.started', data: {} }, { kind: 'recording.failed', data: {} }]
  expect(taped(began)).toBe('recording')
  expect(taped([...began, { kind: 'recording.paused', data: by }])).toBe('paused')
  expect(taped([...began, { kind: 'recording.paused', data: by }, { kind: 'recording.resumed', data: by }])).toBe('recording')
  for (const end of ['finished', 'failed', 'dropped']) expect(taped([...began, { kind: 'recording.' + end, data: by }])).toBeNull()
})

test('the parties of a call are those that have answered and not left', () => {
  expect(legsUp([{ kind: 'media', leg: 'a' }, { kind: 'leg.ringing', leg: 'b' }, { kind: 'leg.answered', leg: 'c', text: 'extension 88 answered' }]).map((l) => l.id)).toEqual(['a', 'c'])
  expect(legsUp([{ kind: 'sip', leg: 'a' }, { kind: 'leg.answered', leg: 'b' }, { kind: 'leg.ended', leg: 'b' }]).map((l) => l.id)).toEqual(['a'])
})
