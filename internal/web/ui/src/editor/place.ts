import { pointer as escaped, stepAt, type Doc } from './model'

/** Where two documents differ, when they do at one place alone: its path, and whether it is a text in both or in one of them. */
export function onePlace(a: unknown, b: unknown, path: string[] = []): { path: string; text: boolean } | null {
  const map = (x: unknown): x is Record<string, unknown> => typeof x === 'object' && x !== null
  if (map(a) && map(b) && Array.isArray(a) === Array.isArray(b)) {
    const keys = [...new Set([...Object.keys(a), ...Object.keys(b)])].filter((k) => a[k] !== b[k])
    return keys.length === 1 ? onePlace(a[keys[0]!], b[keys[0]!], [...path, keys[0]!]) : null
  }
  const text = (x: unknown) => typeof x === 'string' || typeof x === 'number' || x === undefined
  return { path: path.map(escaped).join('/'), text: text(a) && text(b) }
}

/** The step that a place of an app's document belongs to: in a native document by its name, in a vendor's by the places that the server told; '' = none. */
export function stepOf(at: string, doc: Doc, places: Record<string, string> | null): string {
  if (!places) return stepAt(at)
  let best = ''
  const near = (p: string) => at === p || at.startsWith(p + '/')
  for (const [step, place] of Object.entries(places)) {
    if (step in doc.steps && place !== '' && near(place) && (best === '' || place.length > places[best]!.length)) best = step
  }
  if (best !== '' || at === '') return best
  return Object.keys(places).find((step) => step in doc.steps && places[step]!.startsWith(at + '/')) ?? ''
}
