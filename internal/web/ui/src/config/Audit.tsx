import { Badge, Button, Group, Select, Skeleton, Stack, Table, Text, TextInput } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { IconDownload } from '@tabler/icons-react'
import { useInfiniteQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { api, need, type Schema } from '../api/client'
import { Page } from '../parts/Page'
import { Trouble } from '../parts/Trouble'
import { useTexts } from '../texts'

type Entry = Schema<'AuditEntry'>

const kinds = ['account', 'user', 'credential', 'key', 'link', 'app', 'sound', 'number', 'extension', 'trunk', 'resource', 'recording', 'message', 'call', 'room', 'audit']
const actions = ['created', 'changed', 'deleted', 'logged in', 'logged out', 'log-in failed', 'second factor failed', 'listened to', 'listened in on', 'hung up', 'exported']

/** Who did what in the account: searched, chosen from and exported. */
export default function Audit() {
  const { t, language } = useTexts()
  const [search, setSearch] = useState('')
  const [kind, setKind] = useState<string | null>(null)
  const [action, setAction] = useState<string | null>(null)
  const [sought] = useDebouncedValue(search, 300)
  const query = { ...(sought && { search: sought }), ...(kind && { kind }), ...(action && { action }) }
  const log = useInfiniteQuery({
    queryKey: ['audit', query],
    queryFn: ({ pageParam }) => need(api.GET('/api/v1/audit', { params: { query: { ...query, ...(pageParam && { cursor: pageParam }) } } })),
    initialPageParam: '',
    getNextPageParam: (part) => part.next ?? null,
  })
  const entries = log.data?.pages.flatMap((p) => p.items ?? []) ?? []
  const when = new Intl.DateTimeFormat(language, { dateStyle: 'short', timeStyle: 'medium' })
  return (
    <Page title={t('audit.title')} actions={
      <Button component="a" variant="default" leftSection={<IconDownload size={16} />} href={'/api/v1/audit.csv?' + new URLSearchParams(query).toString()} download>{t('audit.export')}</Button>
    }>
      <Text c="dimmed" maw={720}>{t('audit.intro')}</Text>
      <Group align="flex-end">
        <TextInput label={t('audit.search')} value={search} onChange={(e) => setSearch(e.currentTarget.value)} maxLength={100} />
        <Select label={t('audit.kind')} data={kinds} value={kind} onChange={setKind} placeholder={t('audit.any')} clearable />
        <Select label={t('audit.action')} data={actions} value={action} onChange={setAction} placeholder={t('audit.any')} clearable />
      </Group>
      {log.error && <Trouble error={log.error} again={() => void log.refetch()} />}
      {log.isPending && <Skeleton height={200} />}
      {log.data && entries.length === 0 && <Text>{t('audit.empty')}</Text>}
      {entries.length > 0 && (
        <Table.ScrollContainer minWidth={320} type="native" tabIndex={0} role="region" aria-label={t('audit.title')}>
          <Table verticalSpacing="xs">
            <Table.Thead><Table.Tr>
              <Table.Th>{t('audit.when')}</Table.Th><Table.Th>{t('audit.who')}</Table.Th><Table.Th>{t('audit.what')}</Table.Th><Table.Th>{t('audit.changes')}</Table.Th>
            </Table.Tr></Table.Thead>
            <Table.Tbody>{entries.map((e) => <Line key={e.id} entry={e} when={when} />)}</Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      )}
      {log.hasNextPage && <Group><Button variant="default" loading={log.isFetchingNextPage} onClick={() => void log.fetchNextPage()}>{t('audit.more')}</Button></Group>}
    </Page>
  )
}

function Line({ entry: e, when }: { entry: Entry; when: Intl.DateTimeFormat }) {
  const { t } = useTexts()
  return (
    <Table.Tr>
      <Table.Td style={{ whiteSpace: 'nowrap' }}>{when.format(new Date(e.at))}</Table.Td>
      <Table.Td>
        <Text size="sm">{e.actor.name || t('audit.unknown')} <Badge size="xs" variant="default">{e.actor.via}</Badge></Text>
        <Text size="xs" c="dimmed">{e.actor.source}</Text>
      </Table.Td>
      <Table.Td>{e.action} {e.kind} {e.name || e.object}</Table.Td>
      <Table.Td>
        <Stack gap={2}>
          {e.changes?.map((c) => <Text key={c.field} size="xs" style={{ overflowWrap: 'anywhere' }}>{c.field}: {c.from ? `${c.from} → ` : ''}{c.to || '–'}</Text>)}
        </Stack>
      </Table.Td>
    </Table.Tr>
  )
}
