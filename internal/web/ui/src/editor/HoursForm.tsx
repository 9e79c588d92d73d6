import { Button, Select, Stack, Text, TextInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useMemo, useState } from 'react'
import { api, need } from '../api/client'
import { useTexts } from '../texts'
import { Raw } from './Body'
import { days, openOf, spansOf, weekOf, type Week } from './week'

type Body = Record<string, unknown>

/** Opening hours as a week: for each day its spans. What a week can't show is edited as JSON. */
export function HoursForm({ value, set, error }: { value: Body; set: (v: unknown) => void; error: (at: string) => string }) {
  const { t, language } = useTexts()
  const begin = weekOf(value.open)
  const [week, setWeek] = useState<Week | null>(begin)
  const zones = useMemo(() => ['UTC', ...Intl.supportedValuesOf('timeZone').filter((z) => z !== 'UTC')], [])
  const name = (i: number) => new Date(Date.UTC(2024, 0, 1 + i)).toLocaleDateString(language, { weekday: 'long', timeZone: 'UTC' }) // 1 January 2024 was a Monday
  const put = (next: Week) => {
    setWeek(next)
    const open = openOf(next)
    if (open) set({ ...value, open })
  }
  const shared = useQuery({ queryKey: ['hours'], queryFn: async () => (await need(api.GET('/api/v1/hours'))).items ?? [] })
  const named = typeof value.named === 'string' ? value.named : ''
  const names = [...new Set([...(named ? [named] : []), ...(shared.data ?? []).map((h) => h.name)])]
  const zone = typeof value.timezone === 'string' ? value.timezone : ''
  return (
    <Stack gap="xs">
      {names.length > 0 && <Select label={t('hours.named')} description={t('hours.namedHelp')} placeholder={t('hours.own')} data={names} value={named || null} clearable error={error('/named')} onChange={(n) => set(n ? { named: n } : {})} />}
      {!named && <>
      <Select label={t('editor.hours.zone')} description={t('editor.hours.zoneHelp')} searchable clearable limit={50} data={zones.includes(zone) || zone === '' ? zones : [zone, ...zones]} value={zone || null} error={error('/timezone')}
        onChange={(z) => { const next = { ...value }; if (z) next.timezone = z; else delete next.timezone; set(next) }} />
      {week && begin ? (
        <Stack gap={4} role="group" aria-label={t('editor.hours.week')}>
          <Text size="sm" fw={500}>{t('editor.hours.week')}</Text>
          <Text size="xs" c="dimmed">{t('editor.hours.help')}</Text>
          {days.map((d, i) => (
            <TextInput key={d} size="xs" label={name(i)} placeholder={t('editor.hours.closed')} value={week[d]} error={spansOf(week[d]) ? '' : t('editor.hours.bad')}
              onChange={(e) => put({ ...week, [d]: e.currentTarget.value })} />
          ))}
          <Button size="compact-xs" variant="light" onClick={() => put({ ...week, tue: week.mon, wed: week.mon, thu: week.mon, fri: week.mon })}>{t('editor.hours.same')}</Button>
          {error('/open') && <Text size="xs" c="red" role="alert">{error('/open')}</Text>}
        </Stack>
      ) : <Raw label={t('editor.hours.week')} value={value.open} set={(v) => set({ ...value, open: v })} error={error('/open')} />}
      <Raw label={t('editor.hours.holidays')} help={t('editor.hours.holidaysHelp')} value={value.holidays} error={error('/holidays')}
        set={(v) => { const next = { ...value }; if (v === undefined) delete next.holidays; else next.holidays = v; set(next) }} />
      </>}
    </Stack>
  )
}
