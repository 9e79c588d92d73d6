import { Badge, Button, Code, Group, Skeleton, Stack, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { api, need, type Schema } from '../api/client'
import { Remove } from '../parts/Things'
import { Trouble } from '../parts/Trouble'
import { useTexts } from '../texts'

/** Who published what and when; an older revision is taken up again by a click. */
export function History({ app, draft, writes, done }: { app: string; draft: boolean; writes: boolean; done: () => void }) {
  const { t, language } = useTexts()
  const [fault, setFault] = useState<unknown>(null)
  const list = useQuery({ queryKey: ['revisions', app], queryFn: async () => (await need(api.GET('/api/v1/apps/{app}/revisions', { params: { path: { app } } }))).items ?? [] })
  const [shown, show] = useState<number | null>(null)
  const [doomed, doom] = useState(false)
  const diff = useQuery({ queryKey: ['diff', app, shown], enabled: shown !== null, gcTime: 0, retry: false, queryFn: () => need(api.GET('/api/v1/apps/{app}/diff', { params: { path: { app }, query: { from: String(shown), to: 'published' } } })) })
  if (list.error) return <Trouble error={list.error} />
  if (!list.data) return <Skeleton height={150} />
  const back = async (r: Schema<'Revision'>) => {
    try {
      await need(api.POST('/api/v1/apps/{app}/revisions/{revision}/publish', { params: { path: { app, revision: r.number } } }))
      done()
    } catch (e) {
      setFault(e)
    }
  }
  return (
    <Stack>
      {fault !== null && <Trouble error={fault} />}
      {draft && writes && (
        <Group justify="space-between" gap="xs">
          <div><Text fw={600}>{t('editor.draft')}</Text><Text size="sm" c="dimmed">{t('editor.draftHelp')}</Text></div>
          <Button size="xs" variant="light" color="red" onClick={() => doom(true)}>{t('editor.dropDraft')}</Button>
        </Group>
      )}
      <Remove thing={doomed || null} name={t('editor.draft')} close={() => doom(false)} run={async () => {
        await need(api.DELETE('/api/v1/apps/{app}/draft', { params: { path: { app } } }))
        done()
      }} />
      {list.data.length === 0 && <Text>{t('editor.noHistory')}</Text>}
      {list.data.map((r) => (
        <Group key={r.number} justify="space-between" gap="xs">
          <div>
            <Text fw={600}>{t('editor.revision', { n: r.number })} {r.current && <Badge variant="light" color="green">{t('editor.current')}</Badge>}</Text>
            <Text size="sm" c="dimmed">{[r.published && new Date(r.published).toLocaleString(language), r.by ?? t('editor.byVendor'), r.note].filter(Boolean).join(' · ')}</Text>
          </div>
          {!r.current && <Button size="xs" variant="default" aria-label={t('editor.compareWith', { n: r.number })} onClick={() => show(r.number)}>{t('editor.compare')}</Button>}
          {writes && !r.current && <Button size="xs" variant="light" onClick={() => void back(r)}>{t('editor.rollBack')}</Button>}
        </Group>
      ))}
      {diff.error && <Trouble error={diff.error} />}
      {shown !== null && diff.data && <><Text fw={600}>{t('editor.since', { n: shown })}</Text><Code block>{diff.data.words.trim() || t('editor.noChanges')}</Code></>}
    </Stack>
  )
}
