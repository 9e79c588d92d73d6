import { expect, test } from 'vitest'
import { fill, languages } from './index'

const holes = (text: string) => [...text.matchAll(/\{\w+\}/g)].map((m) => m[0]).sort()

test('every language has every text, with the same things to fill in', async () => {
  const english = await languages.en!.load()
  for (const [code, { load }] of Object.entries(languages)) {
    const texts = await load()
    for (const key of Object.keys(english) as (keyof typeof english)[]) {
      expect(texts[key], `${code} ${key}`).toBeTruthy()
      expect(holes(texts[key]), `${code} ${key}`).toEqual(holes(english[key]))
    }
  }
})

test('fill puts values in', () => {
  expect(fill('{n} of {all}, {other}', { n: 1, all: 3 })).toBe('1 of 3, {other}')
})
