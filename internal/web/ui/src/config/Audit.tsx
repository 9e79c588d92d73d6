import { Alert, Badge, Button, Code, Group, SegmentedControl, Select, Skeleton, Stack, Table, Text, TextInput } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { IconDownload, IconLink } from '@tabler/icons-react'
import { useInfiniteQuery, useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import { useOutletContext } from 'react-router'
import { api, need, type Schema } from '../api/client'
import { may, type Me } from '../api/queries'
import { Page } from '../parts/Page'
import { Trouble } from '../parts/Trouble'
import { useTexts } from '../texts'

type Entry = Schema<'AuditEntry'>

const kinds = ['account', 'user', 'second factor', 'passkey', 'credential', 'key', 'link', 'app', 'sound', 'number', 'extension', 'trunk', 'resource', 'recording', 'message', 'call', 'room', 'audit']
const actions = ['created', 'changed', 'deleted', 'logged in', 'logged out', 'log-in failed', 'second factor failed', 'used', 'refused', 'listened to', 'listened in on', 'hung up', 'redirected', 'transferred', 'recorded', 'exported']

/** Who did what in the account: searched, chosen from and exported. */
export default function Audit() {
  const { t, language } = useTexts()
  const operator = may(useOutletContext<Me>(), 'operator')
  const [whose, setWhose] = useState('account')
  const [search, setSearch] = useState('')
  const [kind, setKind] = useState<string | null>(null)
  const [action, setAction] = useState<string | null>(null)
  const [sought] = useDebouncedValue(search, 300)
  const query = { ...(sought && { search: sought }), ...(kind && { kind }), ...(action && { action }) }
  const log = useInfiniteQuery({
    queryKey: ['audit', whose, query],
    queryFn: ({ pageParam }) => {
      const params = { query: { ...query, ...(pageParam && { cursor: pageParam }) } }
      return need(whose === 'server' ? api.GET('/api/v1/server/audit', { params }) : api.GET('/api/v1/audit', { params }))
    },
    initialPageParam: '',
    getNextPageParam: (part) => part.next ?? null,
  })
  const chain = useMutation({
    mutationFn: () => need(whose === 'server' ? api.GET('/api/v1/server/audit/chain') : api.GET('/api/v1/audit/chain')),
  })
  const entries = log.data?.pages.flatMap((p) => p.items ?? []) ?? []
  const when = new Intl.DateTimeFormat(language, { dateStyle: 'short', timeStyle: 'medium' })
  return (
    <Page title={t('audit.title')} actions={<>
      <Button variant="default" leftSection={<IconLink size={16} />} loading={chain.isPending} onClick={() => chain.mutate()}>{t('audit.check')}</Button>
      {whose === 'account' && <Button component="a" variant="default" leftSection={<IconDownload size={16} />} href={'/api/v1/audit.csv?' + new URLSearchParams(query).toString()} download>{t('audit.export')}</Button>}
    </>}>
      {operator && (
        <Group><SegmentedControl aria-label={t('audit.whose')} value={whose} onChange={(v) => { setWhose(v); chain.reset() }}
          data={[{ value: 'account', label: t('audit.ofAccount') }, { value: 'server', label: t('audit.ofServer') }]} /></Group>
      )}
      <Text c="dimmed" maw={720}>{t(whose === 'server' ? 'audit.introServer' : 'audit.intro')}</Text>
      <div role="status">{chain.data && <Chain report={chain.data} />}</div>
      {chain.error && <Trouble error={chain.error} again={() => chain.mutate()} />}
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

/** Whether nothing was done to the log beside the program. */
function Chain({ report: r }: { report: Schema<'AuditReport'> }) {
  const { t } = useTexts()
  if (!r.unbroken) return <Alert color="red" title={t('audit.broken')}>{r.fault?.words}</Alert>
  return (
    <Alert variant="default" title={t('audit.unbroken', { n: String(r.entries) })}>
      <Text size="sm">{t('audit.head')} <Code style={{ overflowWrap: 'anywhere' }}>{r.head ?? '–'}</Code></Text>
      {!!r.removed && <Text size="sm">{t('audit.removed', { n: String(r.removed) })}</Text>}
    </Alert>
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
