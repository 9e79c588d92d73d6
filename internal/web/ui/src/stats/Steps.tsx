import { Anchor, Group, Skeleton, Table, Text } from '@mantine/core'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { lazy, Suspense, useMemo } from 'react'
import { Link } from 'react-router'
import { api, need } from '../api/client'
import { useProgram } from '../flow/useProgram'
import { Section } from '../parts/Page'
import { Trouble } from '../parts/Trouble'
import { useTexts } from '../texts'
import { drop, share } from './drop'

const Canvas = lazy(() => import('../flow/Canvas'))

/** Where the calls of an app went and where they ended, drawn on its flow and as a table. */
export function Steps({ app, from, to }: { app: string; from: string; to: string }) {
  const { t } = useTexts()
  const stats = useQuery({ queryKey: ['stats', 'steps', app, from, to], placeholderData: keepPreviousData, queryFn: () => need(api.GET('/api/v1/statistics/steps', { params: { query: { app, from, to } } })) })
  const { program, graph } = useProgram(app)
  const steps = useMemo(() => stats.data?.steps ?? [], [stats.data])
  const marks = useMemo(() => drop(steps, program), [steps, program])
  if (stats.error) return <Trouble error={stats.error} again={() => void stats.refetch()} />
  if (!stats.data) return <Skeleton height={520} />
  const s = stats.data
  return (
    <Section title={t('stats.steps')}>
      <Text size="sm">{t('stats.stepsOf', { n: s.calls, of: s.of })}</Text>
      {graph && program && steps.length > 0 && (
        <Suspense fallback={<Skeleton height={520} />}><Canvas graph={graph} entry={program.entry} drop={marks.drop} shares={marks.shares} /></Suspense>
      )}
      {steps.length > 0 && (
        <Table.ScrollContainer minWidth={480} tabIndex={0} role="region" aria-label={t('stats.steps') + ', ' + t('stats.table')}>
          <Table>
            <Table.Thead><Table.Tr><Table.Th>{t('stats.step')}</Table.Th><Table.Th>{t('stats.reached')}</Table.Th><Table.Th>{t('stats.exits')}</Table.Th><Table.Th>{t('stats.ended')}</Table.Th></Table.Tr></Table.Thead>
            <Table.Tbody>
              {steps.map((n) => (
                <Table.Tr key={n.node}>
                  <Table.Th scope="row" fw={400} style={{ overflowWrap: 'anywhere' }}>{n.node}</Table.Th>
                  <Table.Td>{n.reached} ({share(n.reached, s.calls)})</Table.Td>
                  <Table.Td>{(n.exits ?? []).map((e) => `${e.exit}: ${e.calls}`).join(', ')}</Table.Td>
                  <Table.Td>
                    {n.ended > 0 && <>{n.ended} ({share(n.ended, n.reached)})</>}
                    <Group gap={6}>{(n.ended_calls ?? []).map((id, i) => <Anchor key={id} component={Link} size="xs" to={'/calls/' + id}>{t('stats.call', { n: i + 1 })}</Anchor>)}</Group>
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
