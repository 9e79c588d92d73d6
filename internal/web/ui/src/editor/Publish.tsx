import { Alert, Button, Code, Collapse, SegmentedControl, Stack, Text, TextInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { api, Fault, need } from '../api/client'
import { queries } from '../api/queries'
import { Problems, useObstacles, type Obstacle } from '../bench/Problems'
import { Replay } from '../bench/Replay'
import { Share } from '../bench/Share'
import { useTexts } from '../texts'

/** What the draft changes for callers, and the button that publishes it, to all or to a part of them. What the gate finds may be overridden with a reason. */
export function Publish({ app, tag, done, conflict }: { app: string; tag: string; done: (all: boolean) => Promise<void>; conflict: () => void }) {
  const { t } = useTexts()
  const diff = useQuery({ queryKey: ['diff', app], gcTime: 0, staleTime: 0, retry: false, queryFn: () => need(api.GET('/api/v1/apps/{app}/diff', { params: { path: { app } } })) })
  const known = useObstacles(app)
  const [note, setNote] = useState('')
  const [reason, setReason] = useState('')
  const [who, setWho] = useState<'all' | 'part'>('all')
  const [share, setShare] = useState({ percent: 10, number: '' })
  const [fault, setFault] = useState<Fault | null>(null)
  const [busy, setBusy] = useState(false)
  const go = async () => {
    setBusy(true)
    setFault(null)
    const params = { path: { app }, header: tag ? { 'If-Match': tag } : {} }
    const said = { ...(note && { note }), ...(reason && { override: reason }) }
    try {
      if (who === 'all') await need(api.POST('/api/v1/apps/{app}/publish', { params, body: said }))
      else await need(api.PUT('/api/v1/apps/{app}/canary', { params, body: { ...said, percent: share.percent, ...(share.number && { number: share.number }) } }))
      await queries.invalidateQueries({ queryKey: ['canary', app] })
      await queries.invalidateQueries({ queryKey: ['revisions', app] })
      await done(who === 'all')
    } catch (e) {
      const f = e instanceof Fault ? e : new Fault(0, { detail: String(e) })
      if (f.status === 412) conflict()
      else setFault(f)
    } finally {
      setBusy(false)
    }
  }
  const refused: Obstacle[] = (fault?.problem.errors ?? []).map((e) => ({ code: String((e as { value?: unknown }).value ?? ''), text: e.message ?? '' }))
  const obstacles = refused.length ? refused : known.list
  return (
    <form onSubmit={(e) => { e.preventDefault(); void go() }}>
      <Stack>
        {diff.data && <><Text fw={600}>{t('editor.changes')}</Text><Code block tabIndex={0} data-testid="diff">{diff.data.words.trim() || t('editor.noChanges')}</Code></>}
        <Replay app={app} only />
        <SegmentedControl aria-label={t('bench.who')} value={who} onChange={(v) => setWho(v as 'all' | 'part')} data={[{ value: 'all', label: t('bench.who.all') }, { value: 'part', label: t('bench.who.part') }]} />
        <Collapse expanded={who === 'part'}><Share value={share} set={setShare} /></Collapse>
        <TextInput label={t('editor.note')} description={t('editor.noteHelp')} value={note} onChange={(e) => setNote(e.currentTarget.value)} maxLength={500} />
        {fault && <Alert color="red" role="alert">{fault.status === 0 ? t('app.offline') : fault.message}</Alert>}
        {obstacles.length > 0 && <Problems list={obstacles} />}
        {(obstacles.length > 0 || (fault && fault.status !== 0)) && <TextInput label={t('editor.override')} description={t('editor.overrideHelp')} value={reason} onChange={(e) => setReason(e.currentTarget.value)} maxLength={500} />}
        <Button type="submit" loading={busy}>{t('editor.publishNow')}</Button>
      </Stack>
    </form>
  )
}
