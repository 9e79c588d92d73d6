import { ActionIcon, Alert, Badge, Button, Code, Group, Paper, SimpleGrid, Skeleton, Stack, Table, Tabs, Text } from '@mantine/core'
import { IconDownload, IconEye, IconTrash } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { lazy, Suspense, useState } from 'react'
import { Link, useOutletContext, useParams } from 'react-router'
import { api, need, type Schema } from '../api/client'
import { useEvents, type CallEvent } from '../api/events'
import { may, queries, type Me } from '../api/queries'
import { Delivery } from '../config/Delivery'
import { ReplayCall } from '../bench/ReplayCall'
import { Page } from '../parts/Page'
import { Remove } from '../parts/Things'
import { Trouble } from '../parts/Trouble'
import { useTexts, type TextKey } from '../texts'
import { Captures } from './Captures'
import { LiveActions } from './Live'
import { Path } from './Path'
import { Quality } from './Quality'
import { SIPLadder } from './SIPLadder'
import { clock, length, offset } from './words'

const Wave = lazy(() => import('../sounds/Wave'))

type Call = Schema<'CallWithEvents'>

/** One call: what happened in a sentence, then in full. It follows while the call is up. */
export default function CallPage() {
  const { t, language } = useTexts()
  const { id = '' } = useParams()
  const me = useOutletContext<Me>()
  const call = useQuery({ queryKey: ['call', id], refetchInterval: (q) => (q.state.data && !q.state.data.end ? 5_000 : false), queryFn: () => need(api.GET('/api/v1/calls/{call}', { params: { path: { call: id } } })) })
  useEvents((e) => {
    void queries.invalidateQueries({ queryKey: ['call', id] })
    if (/^(call|bridge|talk)\./.test(e.kind)) void queries.invalidateQueries({ queryKey: ['live'] })
  }, id)
  if (call.error && !call.data) return <Page title={t('call.title')}><Trouble error={call.error} again={() => void call.refetch()} /></Page>
  if (!call.data) return <Skeleton height={300} />
  const c = call.data
  const up = !c.end
  const facts: [TextKey, string | undefined][] = [
    ['call.from', [c.from_name, c.from].filter(Boolean).join(' ')], ['call.to', c.to], ['call.began', clock(c.start, language)],
    ['call.answered', c.answered ? offset(c.start, c.answered) + ' s' : t('things.never')], ['call.length', up ? t('calls.up') : length(c.start, c.end)],
    ['call.reason', c.reason ?? c.cause],
  ]
  return (
    <Page title={`${c.from_name || c.from} → ${c.to}`} actions={up && <LiveActions id={id} events={c.events ?? []} me={me} />}>
      <Alert color={up ? 'blue' : c.cause === 'normal' || !c.cause ? 'green' : 'orange'} >{headline(c, t('call.isUp'))}</Alert>
      <SimpleGrid cols={{ base: 2, sm: 3, lg: 6 }}>
        {facts.map(([k, v]) => <Paper key={k} withBorder p="xs"><Text size="xs" c="dimmed">{t(k)}</Text><Text size="sm" style={{ overflowWrap: 'anywhere' }}>{v}</Text></Paper>)}
      </SimpleGrid>
      <Captures id={id} up={up} events={c.events ?? []} me={me} />
      {!up && c.app && <ReplayCall call={id} />}
      <Tabs defaultValue="timeline" keepMounted={false}>
        <Tabs.List>
          {(['timeline', 'path', 'sip', 'media', 'recordings', 'webhooks'] as const).map((k) => <Tabs.Tab key={k} value={k}>{t(`call.tab.${k}`)}</Tabs.Tab>)}
        </Tabs.List>
        <Tabs.Panel value="timeline" pt="md"><Timeline call={c} /></Tabs.Panel>
        <Tabs.Panel value="path" pt="md"><Path events={c.events ?? []} app={c.app} /></Tabs.Panel>
        <Tabs.Panel value="sip" pt="md"><SIPLadder events={c.events ?? []} start={c.start} /></Tabs.Panel>
        <Tabs.Panel value="media" pt="md"><Media call={c} /></Tabs.Panel>
        <Tabs.Panel value="recordings" pt="md"><Recordings call={id} /></Tabs.Panel>
        <Tabs.Panel value="webhooks" pt="md"><Sent call={id} /></Tabs.Panel>
      </Tabs>
    </Page>
  )
}

/** What the server says happened: its account of the call where it gives one, else why it ended. */
function headline(c: Call, isUp: string): string {
  return (c.end && c.explanation) || c.words || (c.end ? (c.cause ?? '') : isUp)
}

const color = (kind: string) => (/failed|error|silent|refused|dropped/.test(kind) ? 'red' : kind === 'sip' ? 'gray' : kind.startsWith('digit') ? 'grape' : kind === 'step' ? 'cyan' : 'blue')

function Timeline({ call }: { call: Call }) {
  const { t } = useTexts()
  const [sip, setSip] = useState(true)
  const [open, setOpen] = useState<number | null>(null)
  const events = (call.events ?? []).filter((e) => sip || e.kind !== 'sip')
  return (
    <Stack gap="xs">
      <Group><Button size="compact-sm" variant="default" aria-pressed={sip} onClick={() => setSip(!sip)}>{t(sip ? 'call.hideSip' : 'call.showSip')}</Button></Group>
      <Table.ScrollContainer minWidth={420} tabIndex={0} role="region" aria-label={t('call.tab.timeline')}>
        <Table>
          <Table.Tbody>
            {events.map((e) => <Entry key={e.seq} e={e} start={call.start} open={open === e.seq} toggle={() => setOpen(open === e.seq ? null : e.seq)} />)}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
    </Stack>
  )
}

function Entry({ e, start, open, toggle }: { e: CallEvent; start?: string | null; open: boolean; toggle: () => void }) {
  const { t } = useTexts()
  const { course: _, ...data } = (e.data ?? {}) as Record<string, unknown> // is drawn beside the table of the sound
  const more = { ...data, ...(e.origin?.app ? { app: e.origin.app } : {}), ...(e.origin?.pointer ? { place: e.origin.pointer } : {}) }
  return (
    <Table.Tr>
      <Table.Td w={80} style={{ fontVariantNumeric: 'tabular-nums' }}>{offset(start, e.at)}</Table.Td>
      <Table.Td w={30}>{e.leg}</Table.Td>
      <Table.Td w={150}><Badge variant="light" color={color(e.kind)} tt="none">{e.kind}</Badge></Table.Td>
      <Table.Td style={{ overflowWrap: 'anywhere' }}>
        {e.text}
        {Object.keys(more).length > 0 && <Button ml="xs" size="compact-xs" variant="subtle" aria-expanded={open} onClick={toggle}>{t(open ? 'call.less' : 'call.more')}</Button>}
        {open && <Code block tabIndex={0}>{JSON.stringify(more, null, 1)}</Code>}
      </Table.Td>
    </Table.Tr>
  )
}

function Media({ call }: { call: Call }) {
  const { t } = useTexts()
  const number = (n?: number, digits = 0) => (n === undefined ? '' : n.toFixed(digits))
  const rows: [TextKey, (l: Schema<'Leg'>) => string | undefined][] = [
    ['media.codec', (l) => l.codec], ['media.keys', (l) => l.keys],
    ['media.packets', (l) => l.quality && `${l.quality.packets_in} / ${l.quality.packets_out}`], ['media.lost', (l) => l.quality && `${l.quality.lost_in} / ${l.quality.lost_out}`],
    ['media.excess', (l) => l.quality && `${l.quality.excess_in}`], ['media.jitter', (l) => l.quality && `${number(l.quality.jitter_in_ms, 1)} / ${number(l.quality.jitter_out_ms, 1)}`],
    ['media.mos', (l) => l.quality && `${number(l.quality.mos_in, 2) || '–'} / ${number(l.quality.mos_out, 2) || '–'}`], ['media.rtt', (l) => l.quality && number(l.quality.round_trip_ms, 1)],
  ]
  return (
    <Stack>
    <Table.ScrollContainer minWidth={320} tabIndex={0} role="region" aria-label={t('call.tab.media')}>
      <Table>
        <Table.Thead><Table.Tr><Table.Th />{(call.legs ?? []).map((l) => <Table.Th key={l.id}>{l.id}: {l.to}</Table.Th>)}</Table.Tr></Table.Thead>
        <Table.Tbody>{rows.map(([k, f]) => <Table.Tr key={k}><Table.Th scope="row">{t(k)}</Table.Th>{(call.legs ?? []).map((l) => <Table.Td key={l.id}>{f(l)}</Table.Td>)}</Table.Tr>)}</Table.Tbody>
      </Table>
    </Table.ScrollContainer>
    <Quality legs={call.legs ?? []} />
    </Stack>
  )
}

function Recordings({ call }: { call: string }) {
  const { t } = useTexts()
  const me = useOutletContext<Me>()
  const [doomed, doom] = useState<Schema<'Recording'> | null>(null)
  const list = useQuery({ queryKey: ['recordings', call], queryFn: async () => (await need(api.GET('/api/v1/recordings', { params: { query: { call } } }))).items ?? [] })
  if (list.error) return <Trouble error={list.error} />
  if (!list.data) return <Skeleton height={100} />
  if (list.data.length === 0) return <Text>{t('call.noRecordings')}</Text>
  return (
    <Stack>
      {list.data.map((r) => {
        const audio = `/api/v1/recordings/${encodeURIComponent(r.id)}/audio`
        return (
          <Paper key={r.id} withBorder p="sm">
            <Text size="sm" mb="xs">{r.purpose}, {r.seconds.toFixed(1)} s {r.words}</Text>
            {r.state !== 'recording' && <Suspense fallback={<Skeleton height={90} />}><Wave source={audio} label={r.purpose} /></Suspense>}
            <Button component="a" href={audio} download variant="subtle" size="compact-sm" leftSection={<IconDownload size={14} />}>{t('call.download')}</Button>
            {may(me, 'recordings:write') && r.state !== 'recording' && <Button variant="subtle" color="red" size="compact-sm" leftSection={<IconTrash size={14} />} onClick={() => doom(r)}>{t('call.dropRecording')}</Button>}
          </Paper>
        )
      })}
      <Remove thing={doomed} name={doomed ? t('call.recordingOf', { seconds: doomed.seconds.toFixed(1) }) : ''} close={() => doom(null)} run={async () => {
        await need(api.DELETE('/api/v1/recordings/{recording}', { params: { path: { recording: doomed!.id } } }))
        await queries.invalidateQueries({ queryKey: ['recordings', call] })
      }} />
    </Stack>
  )
}

function Sent({ call }: { call: string }) {
  const { t, language } = useTexts()
  const [open, setOpen] = useState<string | null>(null)
  const list = useQuery({ queryKey: ['deliveries', 'of', call], queryFn: async () => (await need(api.GET('/api/v1/deliveries', { params: { query: { call, limit: 100 } } }))).items ?? [] })
  if (list.error) return <Trouble error={list.error} />
  if (!list.data) return <Skeleton height={100} />
  if (list.data.length === 0) return <Text>{t('call.noWebhooks')}</Text>
  return (
    <>
      <Delivery id={open} close={() => setOpen(null)} />
      <Table>
        <Table.Tbody>
          {list.data.map((d) => (
            <Table.Tr key={d.id}>
              <Table.Td>{clock(d.created, language)}</Table.Td><Table.Td>{d.type || d.purpose}</Table.Td>
              <Table.Td style={{ overflowWrap: 'anywhere' }}>{d.url}</Table.Td><Table.Td>{t(`webhooks.${d.state}`)} {d.words}</Table.Td>
              <Table.Td ta="right"><ActionIcon variant="subtle" aria-label={t('webhooks.look', { id: d.id })} onClick={() => setOpen(d.id)}><IconEye size={16} /></ActionIcon></Table.Td>
            </Table.Tr>
          ))}
          <Table.Tr><Table.Td colSpan={5}><Link to="/webhooks">{t('webhooks.title')}</Link></Table.Td></Table.Tr>
        </Table.Tbody>
      </Table>
    </>
  )
}
