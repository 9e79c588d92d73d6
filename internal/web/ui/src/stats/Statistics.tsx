import { Anchor, Button, Group, NativeSelect, Paper, SimpleGrid, Skeleton, Table, Text } from '@mantine/core'
import { IconDownload } from '@tabler/icons-react'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { Link, useSearchParams } from 'react-router'
import { api, need, type Schema } from '../api/client'
import { useParties } from '../api/parties'
import { Page, Section } from '../parts/Page'
import { Trouble } from '../parts/Trouble'
import { useTexts, type TextKey } from '../texts'
import { Bars } from './Bars'
import { Steps } from './Steps'

/** Spans that can be looked at: hours back, and what its bars are. */
const spans = { day: [24, 'hour'], week: [7 * 24, 'day'], month: [30 * 24, 'day'], year: [365 * 24, 'day'] } as const
type SpanName = keyof typeof spans
const minute = 60_000

/** How many calls there were, how they ended and where they went, over a span of time. */
export default function Statistics() {
  const { t, language } = useTexts()
  const [search, setSearch] = useSearchParams()
  const { app: apps } = useParties()
  const name: SpanName = Object.hasOwn(spans, search.get('span') ?? '') ? (search.get('span') as SpanName) : 'week'
  const app = search.get('app') ?? ''
  const [hours, step] = spans[name]
  const set = (k: string, v: string) => setSearch((s) => {
    if (v) s.set(k, v)
    else s.delete(k)
    return s
  }, { replace: true })
  // To the next full minute, so that looking again asks for the same.
  const stats = useQuery({
    queryKey: ['stats', name, app], placeholderData: keepPreviousData, refetchInterval: minute, queryFn: () => {
      const to = new Date(Math.ceil(Date.now() / minute) * minute)
      return need(api.GET('/api/v1/statistics/calls', { params: { query: { ...span(to, hours), step, app: app || undefined } } }))
    },
  })
  const s = stats.data
  const appName = (id: string) => apps.find((a) => a.value === id)?.label ?? (id || t('stats.noApp'))
  const label = (at: string) => new Date(at).toLocaleString(language, step === 'hour' ? { hour: '2-digit', minute: '2-digit', timeZone: s?.timezone } : { day: 'numeric', month: 'short', timeZone: s?.timezone })
  const link = (k: string, v: string) => `/calls?${new URLSearchParams({ ...(app ? { app } : {}), [k]: v, after: s?.from ?? '', before: s?.to ?? '' }).toString()}`
  const csv = s && `/api/v1/statistics/calls/csv?${new URLSearchParams({ from: s.from, to: s.to, step, ...(app ? { app } : {}) }).toString()}`
  return (
    <Page title={t('stats.title')} actions={csv && <Button component="a" href={csv} download variant="default" leftSection={<IconDownload size={16} />}>{t('stats.csv')}</Button>}>
      <Group>
        <NativeSelect label={t('stats.span')} value={name} onChange={(e) => set('span', e.currentTarget.value)} data={(Object.keys(spans) as SpanName[]).map((k) => ({ value: k, label: t(`stats.span.${k}`) }))} />
        <NativeSelect label={t('stats.app')} value={app} onChange={(e) => set('app', e.currentTarget.value)} data={[{ value: '', label: t('stats.allApps') }, ...apps]} />
      </Group>
      {stats.error && <Trouble error={stats.error} again={() => void stats.refetch()} />}
      {!s && stats.isPending && <Skeleton height={300} />}
      {s && (
        <>
          <SimpleGrid cols={{ base: 2, sm: 3, lg: 5 }}>
            {([['stats.calls', s.total.calls], ['stats.answered', s.total.answered], ['stats.talk', duration(s.total.talk_seconds)], ['stats.median', duration(s.total.median_seconds)], ['stats.p95', duration(s.total.p95_seconds)]] as [TextKey, string | number][])
              .map(([k, v]) => <Paper key={k} withBorder p="xs"><Text size="xs" c="dimmed">{t(k)}</Text><Text fw={700} data-stat={k}>{v}</Text></Paper>)}
          </SimpleGrid>
          <Section title={t(step === 'hour' ? 'stats.byHour' : 'stats.byDay')}>
            <Bars label={t('stats.barsLabel', { zone: s.timezone })} bars={(s.by_time ?? []).map((v) => ({ key: v.at, label: label(v.at), calls: v.calls, answered: v.answered }))} />
            <details>
              <summary>{t('stats.asTable')}</summary>
              <Table.ScrollContainer minWidth={300} tabIndex={0} role="region" aria-label={t('stats.asTable')}>
                <Table>
                  <Table.Thead><Table.Tr><Table.Th>{t('calls.when')}</Table.Th><Table.Th>{t('stats.calls')}</Table.Th><Table.Th>{t('stats.answered')}</Table.Th><Table.Th>{t('stats.talk')}</Table.Th></Table.Tr></Table.Thead>
                  <Table.Tbody>{(s.by_time ?? []).map((v) => <Table.Tr key={v.at}><Table.Th scope="row">{label(v.at)}</Table.Th><Table.Td>{v.calls}</Table.Td><Table.Td>{v.answered}</Table.Td><Table.Td>{duration(v.talk_seconds)}</Table.Td></Table.Tr>)}</Table.Tbody>
                </Table>
              </Table.ScrollContainer>
            </details>
          </Section>
          {app && <Steps app={app} from={s.from} to={s.to} />}
          <Groups title={t('stats.byReason')} of={s.total.calls} rows={(s.by_reason ?? []).map((g) => ({ ...g, words: g.key || t('calls.up'), to: g.key ? link('reason', g.key) : undefined }))} />
          {!app && <Groups title={t('stats.byApp')} of={s.total.calls} rows={(s.by_app ?? []).map((g) => ({ ...g, words: appName(g.key), to: g.key ? link('app', g.key) : undefined }))} />}
          <Groups title={t('stats.byNumber')} of={s.total.calls} rows={(s.by_number ?? []).map((g) => ({ ...g, words: g.key, to: g.key ? link('number', g.key) : undefined }))} />
        </>
      )}
    </Page>
  )
}

function span(to: Date, hours: number) {
  return { from: new Date(to.getTime() - hours * 60 * minute).toISOString(), to: to.toISOString() }
}

/** "1 h 02 min", "3 min 05 s" or "4.2 s". */
function duration(s: number): string {
  const two = (n: number) => String(Math.floor(n)).padStart(2, '0')
  if (s < 60) return s.toFixed(1) + ' s'
  return s < 3600 ? `${Math.floor(s / 60)} min ${two(s % 60)} s` : `${Math.floor(s / 3600)} h ${two((s % 3600) / 60)} min`
}

type Row = Schema<'CallGroupStat'> & { words: string; to?: string }

function Groups({ title, rows, of }: { title: string; rows: Row[]; of: number }) {
  const { t } = useTexts()
  if (rows.length === 0) return null
  return (
    <Section title={title}>
      <Table.ScrollContainer minWidth={420} tabIndex={0} role="region" aria-label={title + ', ' + t('stats.table')}>
        <Table>
          <Table.Thead><Table.Tr><Table.Th>{title}</Table.Th><Table.Th>{t('stats.calls')}</Table.Th><Table.Th>{t('stats.answered')}</Table.Th><Table.Th>{t('stats.median')}</Table.Th><Table.Th>{t('stats.p95')}</Table.Th></Table.Tr></Table.Thead>
          <Table.Tbody>
            {rows.map((g) => (
              <Table.Tr key={g.key}>
                <Table.Th scope="row" fw={400} style={{ overflowWrap: 'anywhere', background: `linear-gradient(90deg, var(--mantine-color-blue-light) ${(100 * g.calls) / Math.max(1, of)}%, transparent 0)` }}>{g.to ? <Anchor component={Link} to={g.to}>{g.words}</Anchor> : g.words}</Table.Th>
                <Table.Td>{g.calls}</Table.Td><Table.Td>{g.answered}</Table.Td><Table.Td>{duration(g.median_seconds)}</Table.Td><Table.Td>{duration(g.p95_seconds)}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
    </Section>
  )
}
