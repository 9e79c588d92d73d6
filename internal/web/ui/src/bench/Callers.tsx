import { Alert, Button, Group, Skeleton, Stack, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { api, need, type Schema } from '../api/client'
import { queries } from '../api/queries'
import { Trouble } from '../parts/Trouble'
import { useTexts } from '../texts'
import { Share } from './Share'

type Canary = Schema<'Canary'>

/** Who gets what: the revision that calls run, the part of the callers that gets another already, and the way back at once. */
export function Callers({ app, writes, reload }: { app: string; writes: boolean; reload: () => void }) {
  const { t, language } = useTexts()
  const [fault, setFault] = useState<unknown>(null)
  const [busy, setBusy] = useState(false)
  const canary = useQuery({ queryKey: ['canary', app], staleTime: 0, queryFn: () => readCanary(app) })
  const list = useQuery({ queryKey: ['revisions', app], staleTime: 0, queryFn: async () => (await need(api.GET('/api/v1/apps/{app}/revisions', { params: { path: { app } } }))).items ?? [] })
  const [share, setShare] = useState<{ percent: number; number: string } | null>(null)
  if (canary.error || list.error) return <Trouble error={canary.error ?? list.error} />
  if (canary.isPending || !list.data) return <Skeleton height={120} />
  const act = async (f: () => Promise<unknown>) => {
    setBusy(true)
    setFault(null)
    try {
      await f()
      setShare(null)
      await queries.invalidateQueries({ queryKey: ['revisions', app] })
      await queries.invalidateQueries({ queryKey: ['canary', app] })
      reload()
    } catch (e) {
      setFault(e)
    } finally {
      setBusy(false)
    }
  }
  const path = { path: { app } }
  const running = list.data.find((r) => r.current)
  const before = list.data.find((r) => !r.current && !r.same) // those of the same document tell of canaries
  const c = canary.data
  const now = share ?? { percent: c?.percent ?? 10, number: c?.number ?? '' }
  return (
    <Stack>
      {fault !== null && <Trouble error={fault} />}
      <Text>{running ? t('bench.runs', { n: running.number, when: running.published ? new Date(running.published).toLocaleString(language) : '–', by: running.by ?? t('editor.byVendor') }) : t('editor.noHistory')}</Text>
      {c ? (
        <Alert color="yellow" role="status" title={c.number ? t('bench.canaryOf', { n: c.percent, number: c.number }) : t('bench.canary', { n: c.percent })}>
          <Stack gap="sm">
            <Text size="sm">{[c.started && new Date(c.started).toLocaleString(language), c.by, c.note].filter(Boolean).join(' · ')}</Text>
            {c.override && <Text size="sm">{t('bench.overrode', { why: c.override.reason })}</Text>}
            {writes && (
              <>
                <Share value={now} set={setShare} />
                <Group gap="xs">
                  <Button size="xs" variant="default" loading={busy} disabled={!share} onClick={() => void act(() => need(api.PUT('/api/v1/apps/{app}/canary', { params: path, body: { percent: now.percent, ...(now.number && { number: now.number }) } })))}>{t('bench.changeShare')}</Button>
                  <Button size="xs" loading={busy} onClick={() => void act(() => need(api.POST('/api/v1/apps/{app}/canary/promote', { params: path, body: {} })))}>{t('bench.promote')}</Button>
                  <Button size="xs" color="red" loading={busy} onClick={() => void act(() => need(api.DELETE('/api/v1/apps/{app}/canary', { params: path })))}>{t('bench.endCanary')}</Button>
                </Group>
              </>
            )}
          </Stack>
        </Alert>
      ) : <Text size="sm" c="dimmed">{t('bench.noCanary')}</Text>}
      {writes && before && (
        <Group gap="xs">
          <Button size="xs" color="red" variant="light" loading={busy} onClick={() => void act(() => need(api.POST('/api/v1/apps/{app}/revisions/{revision}/publish', { params: { path: { app, revision: before.number } } })))}>{t('bench.back', { n: before.number })}</Button>
          <Text size="sm" c="dimmed">{[before.published && new Date(before.published).toLocaleString(language), before.by, before.note].filter(Boolean).join(' · ')}</Text>
        </Group>
      )}
      <Text size="sm" c="dimmed">{t('bench.stay')}</Text>
    </Stack>
  )
}

async function readCanary(app: string): Promise<Canary | null> {
  const r = await api.GET('/api/v1/apps/{app}/canary', { params: { path: { app } } })
  return r.response.status === 404 ? null : need(Promise.resolve(r))
}
