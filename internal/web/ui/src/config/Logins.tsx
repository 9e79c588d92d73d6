import { Badge, Button, Skeleton, Table, Text } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { api, need } from '../api/client'
import { Section } from '../parts/Page'
import { Trouble } from '../parts/Trouble'
import { useTexts } from '../texts'
import { browserName } from './browser'

/** The browsers in which one is logged in, of which each but this one can be ended. */
export function Logins() {
  const { t, language } = useTexts()
  const client = useQueryClient()
  const list = useQuery({ queryKey: ['logins'], queryFn: () => need(api.GET('/api/v1/me/logins')) })
  const end = useMutation({
    mutationFn: (login: string | null) => login === null ? need(api.DELETE('/api/v1/me/logins')) : need(api.DELETE('/api/v1/me/logins/{login}', { params: { path: { login } } })),
    onSettled: () => client.invalidateQueries({ queryKey: ['logins'] }),
  })
  const when = new Intl.DateTimeFormat(language, { dateStyle: 'short', timeStyle: 'short' })
  const items = list.data?.items ?? []
  return (
    <Section title={t('logins.title')} actions={items.length > 1 && <Button variant="default" loading={end.isPending} onClick={() => end.mutate(null)}>{t('logins.endOthers')}</Button>}>
      <Text c="dimmed" maw={720}>{t('logins.intro')}</Text>
      {(list.error ?? end.error) && <Trouble error={list.error ?? end.error} again={() => void list.refetch()} />}
      {list.isPending && <Skeleton height={60} />}
      {items.length > 0 && (
        <Table.ScrollContainer minWidth={320} type="native" tabIndex={0} role="region" aria-label={t('logins.title')}>
          <Table verticalSpacing="xs">
            <Table.Thead><Table.Tr>
              <Table.Th>{t('logins.browser')}</Table.Th><Table.Th>{t('logins.from')}</Table.Th><Table.Th>{t('logins.since')}</Table.Th><Table.Th>{t('logins.seen')}</Table.Th><Table.Th />
            </Table.Tr></Table.Thead>
            <Table.Tbody>{items.map((l) => (
              <Table.Tr key={l.id}>
                <Table.Td title={l.browser}>{browserName(l.browser ?? '') || t('logins.unknown')}</Table.Td>
                <Table.Td>{l.source}</Table.Td>
                <Table.Td>{when.format(new Date(l.created))}</Table.Td>
                <Table.Td>{when.format(new Date(l.seen))}</Table.Td>
                <Table.Td>{l.current ? <Badge variant="default">{t('logins.this')}</Badge>
                  : <Button size="compact-sm" variant="default" aria-label={t('logins.endOf', { from: l.source ?? '', when: when.format(new Date(l.created)) })} onClick={() => end.mutate(l.id)}>{t('logins.end')}</Button>}</Table.Td>
              </Table.Tr>
            ))}</Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      )}
    </Section>
  )
}
