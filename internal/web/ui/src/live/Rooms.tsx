import { ActionIcon, Anchor, Badge, Button, Group, Modal, Stack, Table, Text } from '@mantine/core'
import { IconMicrophone, IconMicrophoneOff, IconPhoneOff, IconUserX } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { useState, type ReactNode } from 'react'
import { Link, useOutletContext } from 'react-router'
import { api, need, type Schema } from '../api/client'
import { useEvents } from '../api/events'
import { may, queries, type Me } from '../api/queries'
import { clock } from '../calls/words'
import { Page, Section } from '../parts/Page'
import { Trouble } from '../parts/Trouble'
import { useTexts } from '../texts'
import { lines, waited } from './lines'
import { useNow } from './useNow'

type Room = Schema<'Room'>
type Call = Schema<'LiveCall'>

/** Who waits in which queue and for how long, and who is in which conference room; both follow by themselves. */
export default function Rooms() {
  const { t } = useTexts()
  const [fault, setFault] = useState<unknown>(null)
  const again = () => Promise.all([queries.invalidateQueries({ queryKey: ['live'] }), queries.invalidateQueries({ queryKey: ['rooms'] })])
  useEvents((e) => { if (/^(call|bridge|dial|leg|room|recording|step)/.test(e.kind)) void again() })
  const live = useQuery({ queryKey: ['live'], refetchInterval: 5_000, queryFn: async () => (await need(api.GET('/api/v1/calls/live'))).items ?? [] })
  const rooms = useQuery({ queryKey: ['rooms'], refetchInterval: 5_000, queryFn: async () => (await need(api.GET('/api/v1/rooms'))).items ?? [] })
  const act = async (order: Promise<unknown>) => {
    setFault(null)
    try {
      await order
    } catch (e) {
      setFault(e)
    }
    await again() // after a fault too: what was acted on may be gone
  }
  return (
    <Page title={t('rooms.title')}>
      {fault !== null && <Trouble error={fault} />}
      <Section title={t('queues.title')}>
        {live.error && <Trouble error={live.error} again={() => void live.refetch()} />}
        {live.data && <Queues calls={live.data} act={act} />}
      </Section>
      <Section title={t('rooms.rooms')}>
        {rooms.error && <Trouble error={rooms.error} again={() => void rooms.refetch()} />}
        {rooms.data?.length === 0 && <Text>{t('rooms.empty')}</Text>}
        {rooms.data?.map((r) => <OneRoom key={r.name} room={r} calls={live.data ?? []} act={act} />)}
      </Section>
    </Page>
  )
}

type Act = (order: Promise<unknown>) => Promise<void>

function Queues({ calls, act }: { calls: Call[]; act: Act }) {
  const { t, language } = useTexts()
  const now = useNow()
  const me = useOutletContext<Me>()
  const all = lines(calls)
  if (all.length === 0) return <Text>{t('queues.empty')}</Text>
  return all.map(([name, waiting]) => (
    <Stack key={name} gap="xs">
      <Text fw={600} style={{ overflowWrap: 'anywhere' }}>{name} <Badge variant="light" component="span">{t('queues.waiting', { n: waiting.length })}</Badge></Text>
      <Frame label={t('queues.of', { name })}>
        {waiting.map((c, i) => (
          <Table.Tr key={c.id}>
            <Table.Td>{i + 1}</Table.Td>
            <Table.Td><Who call={c.id} calls={calls} /></Table.Td>
            <Table.Td title={clock(c.since, language)}>{waited(c.since, now)}</Table.Td>
            <Table.Td ta="right">
              {may(me, 'calls:write') && (
                <ActionIcon variant="subtle" color="red" aria-label={t('calls.hangup', { who: c.from })} onClick={() => void act(need(api.POST('/api/v1/calls/{call}/hangup', { params: { path: { call: c.id } }, body: {} })))}><IconPhoneOff size={16} /></ActionIcon>
              )}
            </Table.Td>
          </Table.Tr>
        ))}
      </Frame>
    </Stack>
  ))
}

function OneRoom({ room, calls, act }: { room: Room; calls: Call[]; act: Act }) {
  const { t, language } = useTexts()
  const now = useNow()
  const me = useOutletContext<Me>()
  const [ending, setEnding] = useState(false)
  const writes = may(me, 'calls:write')
  const path = { room: room.name }
  const tape = () => act(room.recording
    ? need(api.DELETE('/api/v1/rooms/{room}/recording', { params: { path } }))
    : need(api.POST('/api/v1/rooms/{room}/recording', { params: { path } })))
  const lock = () => act(room.locked
    ? need(api.DELETE('/api/v1/rooms/{room}/lock', { params: { path } }))
    : need(api.POST('/api/v1/rooms/{room}/lock', { params: { path } })))
  const mute = (m: Schema<'RoomMember'>) => {
    const params = { path: { ...path, call: m.call } }
    return act(m.muted ? need(api.POST('/api/v1/rooms/{room}/members/{call}/unmute', { params })) : need(api.POST('/api/v1/rooms/{room}/members/{call}/mute', { params })))
  }
  return (
    <Stack gap="xs">
      <Group justify="space-between">
        <Text fw={600} style={{ overflowWrap: 'anywhere' }}>
          {room.name} <Badge variant="light" component="span">{t('rooms.members', { n: room.members?.length ?? 0 })}</Badge>
          {room.locked && <> <Badge color="yellow" variant="light" component="span">{t('rooms.locked')}</Badge></>}
          {room.recording && <> <Badge color="red" variant="light" component="span">{t('rooms.recorded')}</Badge></>}
        </Text>
        {writes && (
          <Group gap="xs">
            <Button size="xs" variant="light" onClick={() => void lock()}>{t(room.locked ? 'rooms.open' : 'rooms.lock')}</Button>
            <Button size="xs" variant="light" onClick={() => void tape()}>{t(room.recording ? 'rooms.stop' : 'rooms.record')}</Button>
            <Button size="xs" variant="light" color="red" onClick={() => setEnding(true)}>{t('rooms.end')}</Button>
          </Group>
        )}
      </Group>
      <Frame label={t('rooms.of', { name: room.name })}>
        {room.members?.map((m) => {
          const who = calls.find((c) => c.id === m.call)?.from ?? m.call
          return (
            <Table.Tr key={m.call}>
              <Table.Td><Who call={m.call} calls={calls} /></Table.Td>
              <Table.Td title={clock(m.since, language)}>{waited(m.since, now)}</Table.Td>
              <Table.Td>{m.muted && <Badge color="gray" variant="light">{t('rooms.muted')}</Badge>}</Table.Td>
              <Table.Td>
                {writes && (
                  <Group gap={4} justify="flex-end" wrap="nowrap">
                    <ActionIcon variant="subtle" aria-label={t(m.muted ? 'rooms.unmute' : 'rooms.mute', { who })} onClick={() => void mute(m)}>{m.muted ? <IconMicrophoneOff size={16} /> : <IconMicrophone size={16} />}</ActionIcon>
                    <ActionIcon variant="subtle" color="red" aria-label={t('rooms.kick', { who })} onClick={() => void act(need(api.DELETE('/api/v1/rooms/{room}/members/{call}', { params: { path: { ...path, call: m.call } } })))}><IconUserX size={16} /></ActionIcon>
                  </Group>
                )}
              </Table.Td>
            </Table.Tr>
          )
        })}
      </Frame>
      <Modal opened={ending} onClose={() => setEnding(false)} title={t('rooms.endTitle', { name: room.name })} closeButtonProps={{ 'aria-label': t('things.close') }}>
        <Stack>
          <Text>{t('rooms.endText')}</Text>
          <Group justify="flex-end">
            <Button variant="default" onClick={() => setEnding(false)}>{t('things.cancel')}</Button>
            <Button color="red" onClick={() => { setEnding(false); void act(need(api.DELETE('/api/v1/rooms/{room}', { params: { path } }))) }}>{t('rooms.end')}</Button>
          </Group>
        </Stack>
      </Modal>
    </Stack>
  )
}

function Frame({ label, children }: { label: string; children: ReactNode }) {
  return <Table.ScrollContainer minWidth={280} tabIndex={0} role="region" aria-label={label}><Table><Table.Tbody>{children}</Table.Tbody></Table></Table.ScrollContainer>
}

/** The caller, as a way to the call's page. */
function Who({ call, calls }: { call: string; calls: Call[] }) {
  const c = calls.find((x) => x.id === call)
  return <Anchor component={Link} to={'/calls/' + call} style={{ overflowWrap: 'anywhere' }}>{c ? c.from_name || c.from : call}</Anchor>
}
