import { Badge, Group, Paper, Skeleton, Stack, Switch, Table, Text, TextInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useOutletContext } from 'react-router'
import { api, need } from '../api/client'
import { may, type Me } from '../api/queries'
import { Page, Section } from '../parts/Page'
import { Copyable } from '../parts/Secret'
import { Trouble } from '../parts/Trouble'
import { useTexts, type TextKey } from '../texts'

/** What the server is: the addresses that others are given, what it is set up to do, and to its operator every setting. */
export default function Server() {
  const { t } = useTexts()
  const me = useOutletContext<Me>()
  const server = useQuery({ queryKey: ['server'], queryFn: () => need(api.GET('/api/v1/server')) })
  const s = server.data
  const can: [TextKey, boolean | undefined][] = [['server.mail', s?.mail], ['server.sms', s?.sms], ['server.recogniser', s?.recogniser]]
  return (
    <Page title={t('server.title')}>
      <Text c="dimmed" maw={720}>{t('server.intro')}</Text>
      {server.error && <Trouble error={server.error} again={() => void server.refetch()} />}
      {server.isPending && <Skeleton height={200} />}
      {s && (
        <Paper withBorder p="md" maw={640}>
          <Stack gap="xs">
            <Copyable name={t('server.version')} value={s.version} />
            <Copyable name={t('server.web')} value={s.web} />
            <Copyable name={t('server.host')} value={s.host} />
            {s.sip?.map((x) => <Copyable key={x.transport} name={t(`server.sip.${x.transport}`)} value={x.address} />)}
            <Copyable name={t('server.realm')} value={s.realm} />
            <Copyable name={t('server.rtp')} value={s.rtp} />
            <Text size="sm" c="dimmed">{t('server.firewall')}</Text>
            <Group gap="xs" role="group" aria-label={t('server.can')}>
              {can.map(([key, is]) => <Badge key={key} variant="light" color={is ? 'green' : 'gray'} tt="none" h="auto" py={2} style={{ whiteSpace: 'normal' }}>{t(key)}: {t(is ? 'things.yes' : 'things.no')}</Badge>)}
            </Group>
          </Stack>
        </Paper>
      )}
      {may(me, 'operator') && <Settings />}
    </Page>
  )
}

function Settings() {
  const { t } = useTexts()
  const [search, setSearch] = useState('')
  const [changed, setChanged] = useState(false)
  const settings = useQuery({ queryKey: ['server', 'settings'], queryFn: async () => (await need(api.GET('/api/v1/server/settings'))).items ?? [] })
  const sought = search.trim().toLowerCase()
  const shown = (settings.data ?? []).filter((s) => (!changed || s.from !== 'default') && `${s.key} ${s.value} ${s.help} ${s.env}`.toLowerCase().includes(sought))
  return (
    <Section title={t('server.settings')}>
      <Text c="dimmed" maw={720}>{t('server.settingsIntro')}</Text>
      <Group align="flex-end">
        <TextInput label={t('server.search')} value={search} onChange={(e) => setSearch(e.currentTarget.value)} maxLength={100} />
        <Switch label={t('server.changed')} checked={changed} onChange={(e) => setChanged(e.currentTarget.checked)} pb={8} />
      </Group>
      {settings.error && <Trouble error={settings.error} again={() => void settings.refetch()} />}
      {settings.isPending && <Skeleton height={200} />}
      {settings.data && shown.length === 0 && <Text>{t('server.noMatch')}</Text>}
      {shown.length > 0 && (
        <Table.ScrollContainer minWidth={560} type="native" tabIndex={0} role="region" aria-label={t('server.settings')}>
          <Table verticalSpacing="xs" layout="fixed">
            <Table.Thead><Table.Tr><Table.Th>{t('server.key')}</Table.Th><Table.Th w="30%">{t('server.value')}</Table.Th><Table.Th w="25%">{t('server.from')}</Table.Th></Table.Tr></Table.Thead>
            <Table.Tbody>
              {shown.map((s) => (
                <Table.Tr key={s.key}>
                  <Table.Td><Text size="sm" fw={600} style={{ overflowWrap: 'anywhere' }}>{s.key}</Text><Text size="xs" c="dimmed">{s.help}</Text></Table.Td>
                  <Table.Td><Text size="sm" style={{ overflowWrap: 'anywhere' }}>{s.value || (s.hidden ? t('server.hidden') : t('server.none'))}</Text>{s.value && s.hidden && <Text size="xs" c="dimmed">{t('server.more')}</Text>}</Table.Td>
                  <Table.Td>
                    <Badge variant="light" color={s.from === 'default' ? 'gray' : 'blue'}>{t(`server.from.${s.from}`)}</Badge>
                    {s.where && <Text size="xs" c="dimmed" style={{ overflowWrap: 'anywhere' }}>{s.where}</Text>}
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
