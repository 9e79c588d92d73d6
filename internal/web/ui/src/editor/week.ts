/** Opening hours of a week as a person fills them in: for each day its spans, "09:00-12:00, 13:00-17:00". */
export const days = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const
export type Day = (typeof days)[number]
export type Week = Record<Day, string>

interface Span { days?: unknown; from?: unknown; to?: unknown }

const time = /^([01][0-9]|2[0-3]):[0-5][0-9]$|^24:00$/

/** The days of "mon-fri"; a range may go over Sunday. null = none that is known. */
function range(text: string): Day[] | null {
  const [first, last = first] = text.split('-')
  const a = days.indexOf(first as Day)
  const b = days.indexOf(last as Day)
  if (a < 0 || b < 0) return null
  return Array.from({ length: ((b - a + 7) % 7) + 1 }, (_, i) => days[(a + i) % 7]!)
}

/** A document's spans by day; null when they are none that a week can show. */
export function weekOf(open: unknown): Week | null {
  const week = Object.fromEntries(days.map((d) => [d, [] as string[]])) as Record<Day, string[]>
  for (const s of (open ?? []) as Span[]) {
    if (typeof s !== 'object' || s === null || !time.test(String(s.from)) || !time.test(String(s.to))) return null
    const named = s.days === undefined ? ['mon-sun'] : Array.isArray(s.days) ? s.days.map(String) : [String(s.days)]
    for (const r of named) {
      const of = range(r)
      if (!of) return null
      for (const d of of) week[d].push(`${String(s.from)}-${String(s.to)}`)
    }
  }
  return Object.fromEntries(days.map((d) => [d, week[d].join(', ')])) as Week
}

/** The spans of one day; null when the text is none. */
export function spansOf(text: string): [string, string][] | null {
  if (text.trim() === '') return []
  const all = text.split(',').map((s) => s.trim().split(/\s*[-–]\s*/))
  return all.every((s) => s.length === 2 && time.test(s[0]!) && time.test(s[1]!)) ? (all as [string, string][]) : null
}

/** The document's spans of a week: days with the same span stand together. null when a day's text is none. */
export function openOf(week: Week): { days: string | string[]; from: string; to: string }[] | null {
  const by = new Map<string, Day[]>()
  for (const d of days) {
    const spans = spansOf(week[d])
    if (!spans) return null
    for (const [from, to] of spans) by.set(`${from} ${to}`, [...(by.get(`${from} ${to}`) ?? []), d])
  }
  return [...by].map(([span, of]) => {
    const [from = '', to = ''] = span.split(' ')
    const runs: Day[][] = []
    for (const d of of) {
      const last = runs.at(-1)
      if (last && days.indexOf(d) === days.indexOf(last.at(-1)!) + 1) last.push(d)
      else runs.push([d])
    }
    const named = runs.map((r) => (r.length === 1 ? r[0]! : `${r[0]!}-${r.at(-1)!}`))
    return { days: named.length === 1 ? named[0]! : named, from, to }
  })
}
