import { Button, Group, List, Skeleton, Stack, Text } from '@mantine/core'
import { lazy, Suspense, useMemo, useState } from 'react'
import type { CallEvent } from '../api/events'
import { lit, path } from '../flow/graph'
import { useProgram } from '../flow/useProgram'
import { Trouble } from '../parts/Trouble'
import { useTexts } from '../texts'

const Canvas = lazy(() => import('../flow/Canvas'))

/** The way of a call through its flow, lit on the canvas and as a list. */
export function Path({ events, app }: { events: CallEvent[]; app?: string }) {
  const { t } = useTexts()
  const entered = useMemo(() => {
    const all = new Map<string, string>()
    for (const e of events) if (e.kind === 'app.entered' && e.origin?.app) all.set(e.origin.app, ((e.data ?? {}) as { name?: string }).name ?? e.origin.app)
    return [...all]
  }, [events])
  const [chosen, choose] = useState<string | null>(null)
  const shown = chosen ?? entered.at(-1)?.[0] ?? app
  const { program, graph, error, pending } = useProgram(shown)
  const walked = useMemo(() => path(events, shown ?? ''), [events, shown])
  const lights = useMemo(() => lit(walked, program), [walked, program])
  if (!shown) return <Text>{t('call.noPath')}</Text>
  const ended = events.some((e) => e.kind === 'call.ended')
  return (
    <Stack>
      {entered.length > 1 && (
        <Group gap="xs">{entered.map(([id, name]) => <Button key={id} size="compact-sm" variant={id === shown ? 'filled' : 'default'} onClick={() => choose(id)}>{name}</Button>)}</Group>
      )}
      {error && <Trouble error={error} />}
      {pending && <Skeleton height={400} />}
      {graph && program && (
        <Suspense fallback={<Skeleton height={520} />}>
          <Canvas graph={graph} entry={program.entry} visited={lights.visited} taken={lights.taken} now={ended ? undefined : walked.at(-1)?.node} />
        </Suspense>
      )}
      <List type="ordered" size="sm" aria-label={t('call.tab.path')}>
        {walked.map((w, i) => <List.Item key={i}>{w.node}{w.exit ? `: ${w.exit}` : ''}</List.Item>)}
      </List>
    </Stack>
  )
}
