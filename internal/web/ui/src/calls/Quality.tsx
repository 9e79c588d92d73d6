import { Group, SimpleGrid, Stack, Table, Text } from '@mantine/core'
import type { Schema } from '../api/client'
import { useTexts, type TextKey } from '../texts'

type Sample = Schema<'Sample'>
type Figure = (s: Sample) => number | undefined

const charts: { title: TextKey; least: number; digits: number; in: Figure; out?: Figure; from?: number }[] = [
  { title: 'media.course.loss', least: 5, digits: 1, in: (s) => s.loss_in, out: (s) => s.loss_out },
  { title: 'media.course.jitter', least: 20, digits: 1, in: (s) => s.jitter_in_ms, out: (s) => s.jitter_out_ms },
  { title: 'media.course.mos', least: 4.5, digits: 2, from: 1, in: (s) => s.mos_in, out: (s) => s.mos_out },
  { title: 'media.course.rtt', least: 100, digits: 1, in: (s) => s.round_trip_ms },
]

const width = 400
const height = 110
const blue = 'var(--mantine-color-blue-filled)'
const orange = 'var(--mantine-color-orange-filled)'

/** How the quality of each leg went over the call's time, drawn and as a table. */
export function Quality({ legs }: { legs: Schema<'Leg'>[] }) {
  const { t } = useTexts()
  const shown = legs.filter((l) => !!l.course?.length)
  if (shown.length === 0) return <Text size="sm" c="dimmed">{t('media.course.none')}</Text>
  return (
    <Stack>
      <Group gap="md"><Text size="sm"><Line color={blue} /> {t('media.course.in')}</Text><Text size="sm"><Line color={orange} dashed /> {t('media.course.out')}</Text></Group>
      {shown.map((l) => (
        <Stack key={l.id} gap="xs" component="section" aria-label={`${l.id}: ${l.to}`}>
          <Text fw={700} size="sm">{l.id}: {l.to}</Text>
          <SimpleGrid cols={{ base: 1, sm: 2 }}>
            {charts.map((c) => <Chart key={c.title} samples={l.course ?? []} {...c} title={t(c.title)} leg={l.id} />)}
          </SimpleGrid>
          <details>
            <summary>{t('stats.asTable')}</summary>
            <Table.ScrollContainer minWidth={480} tabIndex={0} role="region" aria-label={`${l.id}: ${t('stats.asTable')}`}>
              <Table>
                <Table.Thead><Table.Tr><Table.Th>{t('media.course.at')}</Table.Th>{charts.map((c) => <Table.Th key={c.title}>{t(c.title)}</Table.Th>)}</Table.Tr></Table.Thead>
                <Table.Tbody>
                  {(l.course ?? []).map((s) => (
                    <Table.Tr key={s.at}><Table.Th scope="row">{s.at}</Table.Th>{charts.map((c) => <Table.Td key={c.title}>{[c.in(s), c.out?.(s)].filter((_, i) => i === 0 || c.out).map((n) => n?.toFixed(c.digits) ?? '–').join(' / ')}</Table.Td>)}</Table.Tr>
                  ))}
                </Table.Tbody>
              </Table>
            </Table.ScrollContainer>
          </details>
        </Stack>
      ))}
    </Stack>
  )
}

function Line({ color, dashed }: { color: string; dashed?: boolean }) {
  return <svg width={24} height={8} aria-hidden><line x1={0} x2={24} y1={4} y2={4} stroke={color} strokeWidth={3} strokeDasharray={dashed ? '6 3' : undefined} /></svg>
}

function Chart({ samples, title, leg, least, digits, from = 0, in: heard, out }: { samples: Sample[]; title: string; leg: string; least: number; digits: number; from?: number; in: Figure; out?: Figure }) {
  const known = samples.flatMap((s) => [heard(s), out?.(s)]).filter((n): n is number => n !== undefined)
  const most = Math.max(least, ...known)
  const end = samples.at(-1)?.at || 1
  // A sample whose figure is not known parts the line.
  const line = (f: Figure) => samples.reduce((d, s, i) => {
    const n = f(s)
    if (n === undefined) return d
    const before = samples[i - 1]
    return `${d}${before && f(before) !== undefined ? 'L' : 'M'}${((s.at / end) * width).toFixed(1)} ${(height - ((n - from) / (most - from)) * (height - 16)).toFixed(1)}h0.1`
  }, '')
  const words = known.length ? `${title}: ${Math.min(...known).toFixed(digits)} – ${Math.max(...known).toFixed(digits)}` : `${title}: –`
  return (
    <figure style={{ margin: 0 }}>
      <Text size="xs" component="figcaption">{words}</Text>
      <svg viewBox={`0 0 ${width} ${height + 4}`} width="100%" role="img" aria-label={`${leg}: ${words}`} data-samples={samples.length} style={{ display: 'block' }}>
        <line x1={0} x2={width} y1={height} y2={height} stroke="currentColor" strokeOpacity={0.4} />
        <text x={0} y={11} fontSize={11} fill="currentColor">{most}</text>
        <path d={line(heard)} fill="none" stroke={blue} strokeWidth={2.5} strokeLinecap="round" />
        {out && <path d={line(out)} fill="none" stroke={orange} strokeWidth={2.5} strokeLinecap="round" strokeDasharray="6 3" />}
      </svg>
    </figure>
  )
}
