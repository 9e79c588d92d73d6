import { expect, test } from 'vitest'
import { change, setAt, type Doc, type History } from './model'
import { onePlace, stepOf } from './place'
import { openOf, weekOf } from './week'

const doc: Doc = { flow: 1, start: 'hello', steps: { hello: { play: [{ say: 'Hi' }], label: 'A' }, bye: { hang_up: null } } }

test('a difference at one place is found', () => {
  expect(onePlace(doc, setAt(doc, 'hello', ['label'], 'Ab'))).toEqual({ path: 'steps/hello/label', text: true })
  expect(onePlace(doc, setAt(doc, 'hello', ['play', '0', 'say'], 'Hi you'))).toEqual({ path: 'steps/hello/play/0/say', text: true })
  expect(onePlace(doc, { ...doc, start: 'bye', steps: {} })).toBeNull()
})

test('typing in one field is one change, another field or a pause begins the next', () => {
  let h: History = { past: [], now: doc, future: [] }
  const type = (path: string[], text: string, at: number) => { h = change(h, { to: setAt(h.now, 'hello', path, text), at }) }
  type(['label'], 'AB', 1000)
  type(['label'], 'ABC', 1200)
  type(['label'], 'ABCD', 1400)
  expect(h.past).toEqual([doc])
  type(['play', '0', 'say'], 'Hi!', 1500)
  expect(h.past).toHaveLength(2)
  type(['play', '0', 'say'], 'Hi!!', 9000)
  expect(h.past).toHaveLength(3)
  h = change(h, 'undo')
  type(['play', '0', 'say'], 'Hi?', 9100)
  expect(h.past).toHaveLength(3)
  h = change(change(change(h, 'undo'), 'undo'), 'undo')
  expect(h.now).toBe(doc)
})

test('a place of a vendor’s document leads to its step', () => {
  const places = { hello: '/menu', bye: '/menu/digit_1', gone: '/menu/digit_1/id' }
  expect(stepOf('/menu/digit_1/id', doc, places)).toBe('bye')
  expect(stepOf('/menu/digit_2', doc, places)).toBe('hello')
  expect(stepOf('/menu', doc, places)).toBe('hello')
  expect(stepOf('/name', doc, places)).toBe('')
  expect(stepOf('/steps/bye/hang_up', doc, null)).toBe('bye')
})

test('a week of opening hours is written as spans and back', () => {
  const open = [{ days: 'mon-fri', from: '09:00', to: '12:00' }, { days: ['mon-thu'], from: '13:00', to: '17:00' }, { days: 'sat', from: '10:00', to: '14:00' }]
  const week = weekOf(open)!
  expect(week.mon).toBe('09:00-12:00, 13:00-17:00')
  expect(week.fri).toBe('09:00-12:00')
  expect(week.sun).toBe('')
  expect(openOf(week)).toEqual([{ days: 'mon-fri', from: '09:00', to: '12:00' }, { days: 'mon-thu', from: '13:00', to: '17:00' }, { days: 'sat', from: '10:00', to: '14:00' }])
  expect(openOf({ ...week, sun: '9-17' })).toBeNull()
  expect(weekOf([{ from: '00:00', to: '24:00' }])!.sun).toBe('00:00-24:00')
  expect(weekOf([{ days: 'sat-mon', from: '08:00', to: '09:00' }])!.mon).toBe('08:00-09:00')
  expect(openOf({ ...weekOf([])!, mon: '08:00-09:00', wed: '08:00-09:00' })).toEqual([{ days: ['mon', 'wed'], from: '08:00', to: '09:00' }])
})
