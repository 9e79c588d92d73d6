import { Fault, type Schema } from '../api/client'
import { days, openOf, type Day, type Week } from '../editor/week'
import type { TextKey } from '../texts'

/** The days of "mon-fri". */
function spread(range: string): Day[] {
  const [from, to = from] = range.split('-') as [Day, Day?]
  const a = days.indexOf(from!)
  return Array.from({ length: ((days.indexOf(to!) - a + 7) % 7) + 1 }, (_, i) => days[(a + i) % 7]!)
}

/** A schedule as the API takes it, of the values of the form; a Fault at the week when a day's text is none. */
export function scheduleOf(v: Record<string, unknown>): Schema<'Schedule'> {
  const open = openOf(v.open as Week)
  if (!open) throw new Fault(422, { errors: [{ location: 'body.open', message: '–' }] })
  const holidays = (v.holidays as { date: string; to?: string; name?: string }[] | undefined ?? []).map((h) => ({ date: h.date.trim(), ...(h.to?.trim() && { to: h.to.trim() }), ...(h.name?.trim() && { name: h.name.trim() }) }))
  return { ...(v.timezone ? { timezone: String(v.timezone) } : {}), open: open.map((o) => ({ ...o, days: [o.days].flat().flatMap(spread) })), holidays }
}

/** "Mon" of mon, "Mon–Fri" of mon-fri. */
export function named(range: string, language: string): string {
  return range.split('-').map((d) => new Date(Date.UTC(2024, 0, 1 + days.indexOf(d as Day))).toLocaleDateString(language, { weekday: 'short', timeZone: 'UTC' })).join('–')
}

/** When what holds now ends: "closes Thu 17:00". */
export function changes(now: Schema<'OpenNow'>, t: (key: TextKey, values?: Record<string, string | number>) => string, language: string): string {
  if (!now.until) return t('hours.stays')
  const time = new Date(now.until).toLocaleString(language, { weekday: 'short', day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' })
  if (now.then === 'holiday') return t('hours.holidayBegins', { time })
  if (now.state === 'holiday') return t('hours.holidayEnds', { time })
  return t(now.then === 'open' ? 'hours.opens' : 'hours.closes', { time })
}
