import { Alert, Button, Code, Group, Modal, Skeleton, Stack, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { lazy, Suspense, useMemo, useState } from 'react'
import { api, need, type Schema } from '../api/client'
import { graph } from '../flow/graph'
import { useCalled } from '../flow/useAccountNames'
import { Trouble } from '../parts/Trouble'
import { useTexts } from '../texts'
import { useNames } from './names'
import { programOf, type Doc, type Kind } from './model'
import { readFlow, type Read } from './read'

const Canvas = lazy(() => import('../flow/Canvas'))

/** Somebody else's change meanwhile: what the two differ in, and what may be done about it. Nothing is written before the person says so. */
export function Conflict({ app, mine, kinds, onTop, away }: { app: string; mine: Doc; kinds: Map<string, Kind>; onTop: (theirs: Read) => void; away: () => void }) {
  const { t } = useTexts()
  const [look, setLook] = useState(false)
  const theirs = useQuery({ queryKey: ['theirs', app], gcTime: 0, staleTime: 0, retry: false, queryFn: () => readFlow(app) })
  const diff = useQuery({ queryKey: ['flow difference', app], gcTime: 0, staleTime: 0, retry: false,
    queryFn: () => need(api.POST('/api/v1/apps/{app}/flow/difference', { params: { path: { app } }, body: { flow: mine as unknown } as Schema<'FlowInput'> })) })
  const called = useCalled(useNames())
  const drawn = useMemo(() => (theirs.data ? graph(programOf(theirs.data.doc, kinds), undefined, called) : null), [theirs.data, kinds, called])
  return (
    <Alert color="orange" role="alert" title={t('editor.conflict')}>
      <Stack gap="xs">
        <Text size="sm">{t('editor.conflictText')}</Text>
        {diff.data && <><Text size="sm" fw={600}>{t('editor.conflictDiff')}</Text><Code block data-testid="conflict">{diff.data.words.trim() || t('editor.noChanges')}</Code></>}
        {(theirs.error ?? diff.error) && <Trouble error={theirs.error ?? diff.error} />}
        <Group gap="xs">
          <Button size="xs" variant="default" disabled={!theirs.data} onClick={() => setLook(true)}>{t('editor.look')}</Button>
          <Button size="xs" disabled={!theirs.data} onClick={() => theirs.data && onTop(theirs.data)}>{t('editor.onTop')}</Button>
          <Button size="xs" variant="default" color="red" onClick={away}>{t('editor.theirs')}</Button>
        </Group>
        <Text size="xs">{t('editor.onTopHelp')}</Text>
      </Stack>
      <Modal opened={look} onClose={() => setLook(false)} size="xl" title={t('editor.look')} closeButtonProps={{ 'aria-label': t('things.close') }}>
        {look && theirs.data && drawn && <Suspense fallback={<Skeleton height={420} />}><Canvas graph={drawn} entry={theirs.data.doc.start} height={420} /></Suspense>}
      </Modal>
    </Alert>
  )
}
