import { Anchor, Badge, Stack, Text } from '@mantine/core'
import { Link } from 'react-router'
import { api, need, type Schema } from '../api/client'
import { openOf, weekOf } from '../editor/week'
import { Things } from '../parts/Things'
import { useTexts } from '../texts'
import { Holidays, type Holiday } from './Holidays'
import { Preview } from './Preview'
import { changes, named, scheduleOf } from './schedule'
import { WeekFields } from './WeekFields'

type Hours = Schema<'Hours'>

/** The account's opening hours: what they come to now, who asks them, and their form. */
export default function HoursPage() {
  const { t, language } = useTexts()
  const body = (v: Record<string, unknown>) => ({ name: String(v.name ?? ''), ...scheduleOf(v) })
  const zones = ['UTC', ...Intl.supportedValuesOf('timeZone').filter((z) => z !== 'UTC')].map((z) => ({ value: z, label: z }))
  return (
    <Things<Hours> title={t('hours.title')} intro={t('hours.intro')} empty={t('hours.empty')} query="hours" every={30_000} size="lg" narrowest={560}
      list={async () => (await need(api.GET('/api/v1/hours'))).items ?? []} id={(h) => String(h.id)} name={(h) => h.name}
      columns={[
        { title: t('things.name'), cell: (h) => <><Text style={{ overflowWrap: 'anywhere' }}>{h.name}</Text><Text size="xs" c="dimmed">{h.timezone || t('hours.zoneAccount')}</Text></> },
        { title: t('hours.now'), cell: (h) => <><Badge variant="light" color={h.now.state === 'open' ? 'green' : 'gray'}>{t(`hours.state.${h.now.state}`)}</Badge><Text size="xs">{changes(h.now, t, language)}</Text></> },
        { title: t('hours.week'), cell: (h) => <Stack gap={0}>{(openOf(weekOf(h.open) ?? weekOf([])!) ?? []).map((o, i) => <Text key={i} size="xs">{[o.days].flat().map((d) => named(d, language)).join(', ')} {o.from}–{o.to}</Text>)}</Stack> },
        { title: t('hours.usage'), cell: (h) => (h.usage?.length ? h.usage.map((u) => <Anchor key={u.app} component={Link} to={'/apps/' + u.app} size="sm" display="block" style={{ overflowWrap: 'anywhere' }}>{u.name}</Anchor>) : <Text size="sm" c="dimmed">{t('hours.unused')}</Text>) },
      ]}
      fields={[
        { name: 'name', label: t('things.name'), required: true },
        { name: 'timezone', label: t('hours.zone'), kind: 'select', placeholder: t('hours.zoneAccount'), options: zones },
        { name: 'open', label: t('hours.days'), kind: 'own', render: (v, set, errors) => <WeekFields value={v} set={set} error={Object.values(errors).join(' · ')} /> },
        { name: 'holidays', label: t('hours.holidays'), kind: 'own', render: (v, set, errors) => <Holidays value={(v ?? []) as Holiday[]} set={set} errors={errors} /> },
      ]}
      extra={(v) => <Preview values={v} />}
      create={{ label: t('hours.add'), values: { name: '', timezone: '', open: weekOf([{ days: 'mon-fri', from: '09:00', to: '17:00' }]), holidays: [] }, run: async (v) => { await need(api.POST('/api/v1/hours', { body: body(v) })) } }}
      edit={{ values: (h) => ({ name: h.name, timezone: h.timezone ?? '', open: weekOf(h.open), holidays: h.holidays ?? [] }), run: async (h, v) => { await need(api.PUT('/api/v1/hours/{hours}', { params: { path: { hours: h.id } }, body: body(v) })) } }}
      remove={async (h) => { await need(api.DELETE('/api/v1/hours/{hours}', { params: { path: { hours: h.id } } })) }} />
  )
}
