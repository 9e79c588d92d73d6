import { ActionIcon, Anchor, Badge, Button, Group, Select, Skeleton, Table, Text, TextInput } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { IconPhoneOff, IconX } from '@tabler/icons-react'
import { keepPreviousData, useInfiniteQuery, useQuery, type InfiniteData } from '@tanstack/react-query'
import { useState } from 'react'
import { Link, useOutletContext, useSearchParams } from 'react-router'
import { api, need, type Schema } from '../api/client'
import { useEvents } from '../api/events'
import { useParties } from '../api/parties'
import { may, queries, type Me } from '../api/queries'
import { Page, Section } from '../parts/Page'
import { Trouble } from '../parts/Trouble'
import { useTexts } from '../texts'
import { Begin } from './Begin'
import { clock, length } from './words'

/** Calls that are up, and those that were, newest first; both follow by themselves. */
export default function Calls() {
  const { t } = useTexts()
  const me = useOutletContext<Me>()
  useEvents((e) => {
    if (!/^(call|bridge|leg|room)\./.test(e.kind)) return
    void queries.invalidateQueries({ queryKey: ['live'] })
    if (e.kind === 'call.ended') void queries.invalidateQueries({ queryKey: ['calls'] })
  })
  return (
    <Page title={t('calls.title')} actions={may(me, 'calls:write') && <Begin />}>
      <Live />
      <Past />
    </Page>
  )
}

function Live() {
  const { t, language } = useTexts()
  const me = useOutletContext<Me>()
  const live = useQuery({ queryKey: ['live'], refetchInterval: 15_000, queryFn: async () => (await need(api.GET('/api/v1/calls/live'))).items ?? [] })
  const end = async (c: Schema<'LiveCall'>) => {
    await need(api.POST('/api/v1/calls/{call}/hangup', { params: { path: { call: c.id } }, body: {} }))
    await queries.invalidateQueries({ queryKey: ['live'] })
  }
  return (
    <Section title={t('calls.live')}>
      {live.error && <Trouble error={live.error} again={() => void live.refetch()} />}
      {live.data?.length === 0 && <Text>{t('calls.liveEmpty')}</Text>}
      {!!live.data?.length && (
        <Table.ScrollContainer minWidth={400} tabIndex={0} role="region" aria-label={t('calls.live')}>
          <Table>
            <Table.Tbody>
              {live.data.map((c) => (
                <Table.Tr key={c.id}>
                  <Table.Td><Anchor component={Link} to={'/calls/' + c.id}>{c.from_name || c.from} → {c.to}</Anchor></Table.Td>
                  <Table.Td><Badge variant="light" color={c.state === 'talking' ? 'green' : 'blue'}>{t(`calls.state.${c.state}`)}</Badge> {c.with}</Table.Td>
                  <Table.Td>{clock(c.start, language)}</Table.Td>
                  <Table.Td ta="right">
                    {may(me, 'calls:write') && <ActionIcon variant="subtle" color="red" aria-label={t('calls.hangup', { who: c.from })} onClick={() => void end(c)}><IconPhoneOff size={16} /></ActionIcon>}
                  </Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      )}
    </Section>
  )
}

type Part = Schema<'PageCall'>

/** What of the past calls is looked for: in the address of the page, so that it can be linked. */
function Past() {
  const { t, language } = useTexts()
  const [search, setSearch] = useSearchParams()
  const [typed, setTyped] = useState(search.get('find') ?? '')
  const [wanted] = useDebouncedValue(typed.trim(), 300)
  const { app: apps } = useParties()
  const only = { app: search.get('app') || undefined, number: search.get('number') || undefined, reason: search.get('reason') || undefined, after: search.get('after') || undefined, before: search.get('before') || undefined }
  const set = (k: string, v: string | null) => setSearch((s) => {
    if (v) s.set(k, v)
    else s.delete(k)
    return s
  }, { replace: true })
  const query = { find: wanted || undefined, ...only }
  const past = useInfiniteQuery<Part, Error, InfiniteData<Part>, unknown[], string | undefined>({
    queryKey: ['calls', query], initialPageParam: undefined, getNextPageParam: (p) => p.next || undefined, placeholderData: keepPreviousData,
    queryFn: ({ pageParam }) => need(api.GET('/api/v1/calls', { params: { query: { limit: 50, cursor: pageParam, ...query } } })),
  })
  const shown = past.data?.pages.flatMap((p) => p.items ?? []) ?? []
  const chosen = Object.entries(query).filter(([, v]) => v).length > 0
  return (
    <Section title={t('calls.past')} actions={<>
      <Select size="xs" aria-label={t('calls.byApp')} placeholder={t('calls.byApp')} clearable searchable data={apps} value={only.app ?? null} onChange={(v) => set('app', v)} />
      <TextInput size="xs" type="search" aria-label={t('calls.find')} placeholder={t('calls.find')} value={typed} onChange={(e) => setTyped(e.currentTarget.value)} />
    </>}>
      {(['number', 'reason', 'after', 'before'] as const).some((k) => only[k]) && (
        <Group gap="xs">
          {(['number', 'reason', 'after', 'before'] as const).filter((k) => only[k]).map((k) => (
            <Button key={k} size="compact-sm" variant="default" rightSection={<IconX size={12} />} aria-label={t('calls.without', { what: `${t(`calls.only.${k}`)} ${only[k]}` })} onClick={() => set(k, null)}>{t(`calls.only.${k}`)} {k === 'after' || k === 'before' ? clock(only[k], language) : only[k]}</Button>
          ))}
        </Group>
      )}
      {past.error && <Trouble error={past.error} again={() => void past.refetch()} />}
      {past.isPending && <Skeleton height={160} />}
      {past.data && shown.length === 0 && <Text>{t(chosen ? 'calls.noneFound' : 'calls.pastEmpty')}</Text>}
      {shown.length > 0 && (
        <Table.ScrollContainer minWidth={480} tabIndex={0} role="region" aria-label={t('calls.past')}>
          <Table highlightOnHover>
            <Table.Thead><Table.Tr><Table.Th>{t('calls.when')}</Table.Th><Table.Th>{t('calls.who')}</Table.Th><Table.Th>{t('calls.length')}</Table.Th><Table.Th>{t('calls.end')}</Table.Th></Table.Tr></Table.Thead>
            <Table.Tbody>
              {shown.map((c) => (
                <Table.Tr key={c.id}>
                  <Table.Td>{clock(c.start, language)}</Table.Td>
                  <Table.Td><Anchor component={Link} to={'/calls/' + c.id}>{c.from_name || c.from} → {c.to}</Anchor></Table.Td>
                  <Table.Td>{c.end ? length(c.start, c.end) : t('calls.up')}</Table.Td>
                  <Table.Td>{c.words || c.cause}</Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      )}
      {past.hasNextPage && <Group><Button variant="light" loading={past.isFetchingNextPage} onClick={() => void past.fetchNextPage()}>{t('calls.older')}</Button></Group>}
    </Section>
  )
}
