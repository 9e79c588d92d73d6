import { ActionIcon, Alert, Badge, Button, Group, Modal, ScrollArea, SegmentedControl, Skeleton, Stack, Text, TextInput } from '@mantine/core'
import { useHotkeys, useMediaQuery } from '@mantine/hooks'
import { notifications } from '@mantine/notifications'
import { IconArrowBackUp, IconArrowForwardUp, IconPlus } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { lazy, Suspense, useCallback, useDeferredValue, useEffect, useMemo, useReducer, useRef, useState } from 'react'
import { Link, useOutletContext, useParams } from 'react-router'
import { api, Fault as APIFault, need, type Schema } from '../api/client'
import { may, queries, type Me } from '../api/queries'
import { Bench } from '../bench/Bench'
import type { Marks } from '../bench/marks'
import { drawer } from '../flow/graph'
import { useAccountNames, useCalled } from '../flow/useAccountNames'
import { CallItNow } from '../phone/CallItNow'
import { useLit } from '../phone/useLit'
import { Page } from '../parts/Page'
import { useNext } from '../parts/useNext'
import { Trouble } from '../parts/Trouble'
import { useTexts } from '../texts'
import { Conflict } from './Conflict'
import { Findings } from './Findings'
import { History } from './History'
import { Outline } from './Outline'
import { stepOf } from './place'
import { Publish } from './Publish'
import { Inspector, type Fault } from './Inspector'
import { Shortcuts, shortcuts } from './Shortcuts'
import { NamesContext } from './names'
import { readFlow, type Read } from './read'
import { addStep, change, exitsOf, kindsOf, pasteStep, pointer, programOf, removeStep, setAt, stepAt, wordOf, type Doc, type Kind, type Step } from './model'

const Canvas = lazy(() => import('../flow/Canvas'))

/** An IVR of any language on a canvas: what is shown and changed is its flow, what is kept is its own language. */
export default function Editor() {
  const { id = '' } = useParams()
  const { t } = useTexts()
  const schema = useQuery({ queryKey: ['schema'], staleTime: Infinity, queryFn: async () => kindsOf(await need(api.GET('/api/v1/schemas/native'))) })
  const [round, setRound] = useState(0)
  const [published, setPublished] = useState(0) // the round that a publication began
  const flow = useQuery({ queryKey: ['flow', id, round], staleTime: Infinity, queryFn: () => readFlow(id) })
  const app = useQuery({ queryKey: ['app', id, round], staleTime: Infinity, queryFn: async () => {
    const r = await api.GET('/api/v1/apps/{app}', { params: { path: { app: id } } })
    return { app: (await need(Promise.resolve(r))) as Schema<'App'>, tag: r.response.headers.get('ETag') ?? '' }
  } })
  const error = flow.error ?? schema.error ?? app.error
  if (error) return <Page title={t('editor.title')}><Trouble error={error} again={() => setRound(round + 1)} /></Page>
  if (!flow.data || !schema.data || !app.data) return <Skeleton height={500} />
  return <Loaded key={round} app={app.data.app} appTag={app.data.tag} begin={flow.data} kinds={schema.data} reload={(p) => { setRound(round + 1); if (p) setPublished(round + 1) }} published={published === round && round > 0} />
}

type State = 'saved' | 'changed' | 'saving' | 'conflict' | 'losses' | 'failed'

function Loaded({ app, appTag, begin, kinds, reload, published: fresh }: { app: Schema<'App'>; appTag: string; begin: Read; kinds: Map<string, Kind>; reload: (published?: boolean) => void; published: boolean }) {
  const { t } = useTexts()
  const me = useOutletContext<Me>()
  const writes = may(me, 'apps:write')
  const [h, go] = useReducer(change, { past: [], now: begin.doc, future: [] })
  const [tag, setTag] = useState(begin.tag)
  const [draft, setDraft] = useState(begin.of === 'draft')
  const [faults, setFaults] = useState(begin.faults)
  const [places, setPlaces] = useState(begin.places)
  const [state, setState] = useState<State>('saved')
  const [losses, setLosses] = useState<Schema<'Loss'>[]>([])
  const [accept, setAccept] = useState(false)
  const [trouble, setTrouble] = useState<unknown>(null)
  const [chosen, setChosen] = useState(begin.doc.start)
  const [panel, turn] = useReducer((n: number) => n + 1, 0) // of the inspector: another step, or another past
  const { root, next } = useNext<HTMLDivElement>()
  const call = useNext<HTMLDivElement>()
  const [view, setView] = useState<'canvas' | 'outline'>('canvas')
  const wide = useMediaQuery('(min-width: 90em)') // the outline stands beside the canvas
  const [adding, setAdding] = useState(false)
  const [history, setHistory] = useState(false)
  const [publishing, setPublishing] = useState(false)
  const copied = useRef<{ name: string; step: Step } | null>(null)
  const saved = useRef(begin.doc)
  const names = useAccountNames()
  const [marks, mark] = useState<Marks>({})
  const clicked = useRef<((step: string) => void) | null>(null)
  const setClicked = useCallback((f: ((step: string) => void) | null) => { clicked.current = f }, [])
  const doc = h.now
  const choose = useCallback((s: string, keyboard?: boolean) => {
    setChosen(s)
    turn()
    if (keyboard) next(nameField)
  }, [next])
  const drawnOf = useDeferredValue(doc) // typing goes before drawing
  const program = useMemo(() => programOf(drawnOf, kinds), [drawnOf, kinds])
  const [draw] = useState(drawer)
  const called = useCalled(names)
  const drawn = useMemo(() => draw(program, called), [draw, program, called])
  const lit = useLit(app.id, program)
  const check = useQuery({ queryKey: ['check', app.id, tag], queryFn: () => need(api.GET('/api/v1/apps/{app}/check', { params: { path: { app: app.id } } })), retry: false })
  const all = useMemo(() => {
    const list = [...faults]
    for (const f of (check.data?.findings ?? []) as Fault[]) {
      const step = stepOf(f.pointer, saved.current, places)
      const at = places === null ? f.pointer : step === '' ? '' : '/steps/' + pointer(step)
      if (!list.some((d) => d.text === f.text && (d.pointer === at || stepAt(d.pointer) === step))) list.push({ ...f, pointer: at })
    }
    return list
  }, [faults, check.data, places])
  const found = useMemo(() => {
    const by = new Map<string, string[]>()
    for (const f of all) {
      const s = stepAt(f.pointer)
      if (s) by.set(s, [...(by.get(s) ?? []), f.text])
    }
    return by
  }, [all])

  const save = async (d: Doc, yes: boolean) => {
    setState('saving')
    setTrouble(null)
    try {
      const r = await api.PUT('/api/v1/apps/{app}/flow', {
        params: { path: { app: app.id }, header: tag ? { 'If-Match': tag } : {} }, body: { flow: d as unknown, accept_losses: yes } as Schema<'FlowInput'>,
      })
      const out = (await need(Promise.resolve(r))) as Schema<'SavedFlow'>
      setFaults((out.diagnostics ?? []) as Fault[])
      setLosses(out.losses ?? [])
      if (!out.saved) return setState('losses')
      saved.current = d
      setPlaces((now) => (now === null ? null : (out.places ?? {})))
      setTag(r.response.headers.get('ETag') ?? '')
      setDraft(true)
      setState('saved')
    } catch (e) {
      if (e instanceof APIFault && (e.status === 412 || e.status === 409)) return setState('conflict')
      setTrouble(e)
      setState('failed')
      if (e instanceof APIFault && e.status === 422) setFaults((e.problem.errors ?? []).map((x) => ({ pointer: x.location?.split('#')[1] ?? '', text: x.message ?? '', severity: 'error' })))
    }
  }

  // A change is saved a second after the last one, one at a time.
  useEffect(() => {
    if (!writes || doc === saved.current || state === 'saving' || state === 'conflict' || (state === 'losses' && !accept)) return
    setState((s) => (s === 'saved' ? 'changed' : s))
    const timer = setTimeout(() => void save(doc, accept), state === 'failed' ? 5_000 : 1_000)
    return () => clearTimeout(timer)
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [doc, state, accept])

  const set = (d: Doc, name?: string) => { go({ to: d, at: performance.now() }); if (name) setChosen(name); if (state === 'losses') setState('changed') }
  const turnTo = (c: 'undo' | 'redo') => { go(c); turn() }
  /** Adds a step by its kind, or a copy; it is named next. */
  const insert = ({ doc: d, name }: { doc: Doc; name: string }) => { set(d, name); turn(); next(nameField) }
  const paste = () => {
    if (!copied.current || !writes) return
    insert(pasteStep(doc, copied.current.name, copied.current.step))
  }
  useHotkeys([['mod+Z', () => turnTo('undo')], ['mod+shift+Z', () => turnTo('redo')], ['mod+Y', () => turnTo('redo')], ['mod+C', () => copyStep(), { preventDefault: false }], ['mod+V', paste, { preventDefault: false }]])
  /** A way drawn on the canvas takes the first exit that leads nowhere yet. */
  const connect = (from: string, to: string) => {
    const s = doc.steps[from]
    const exit = s && exitsOf(s, kinds.get(wordOf(s, kinds))).find((x) => x.to === '')
    if (exit) { set(setAt(doc, from, exit.at, to), from); turn() }
    else notifications.show({ message: t('editor.noExit', { name: from }) })
  }
  const copyStep = () => { if (doc.steps[chosen]) copied.current = { name: chosen, step: doc.steps[chosen] } }
  /** Mine is saved over a draft that the person has seen; to undo brings that one back. */
  const onTop = (theirs: Read) => {
    go({ to: theirs.doc })
    go({ to: doc })
    saved.current = theirs.doc
    setTag(theirs.tag)
    setState('changed')
  }
  const published = async (all: boolean) => {
    setPublishing(false)
    notifications.show({ message: t(all ? 'editor.published' : 'bench.given'), color: 'green' })
    setDraft(false)
    await queries.invalidateQueries({ queryKey: ['program', app.id] })
    await queries.invalidateQueries({ queryKey: ['apps'] })
    reload(true)
  }
  useEffect(() => { // what was published is called next
    if (fresh) call.next((r) => r.querySelector('button'))
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [])
  const errors = faults.filter((f) => f.severity === 'error').length
  const publishable = draft && state === 'saved' && errors === 0
  const act = {
    add: () => { if (writes) setAdding(true) }, publish: () => { if (writes && publishable) setPublishing(true) },
    call: () => call.root.current?.querySelector('button')?.click(), panel: () => next(nameField),
    steps: () => next((r) => r.querySelector<HTMLElement>('[data-row][data-active]') ?? r.querySelector<HTMLElement>('.react-flow__node.selected') ?? r.querySelector<HTMLElement>('[data-row], .react-flow__node')),
  }
  return (
    <NamesContext value={names}>
      <Page title={app.name} actions={<>
        {may(me, 'phone') && <div ref={call.root} title={shortcuts.call}><CallItNow app={app.id} draft={draft} size="xs" keys={shortcuts.call} /></div>}
        <Badge variant="light" tt="none">{app.kind}</Badge>
        <Text size="sm" role="status" c="dimmed">{t(`editor.state.${state}`)}</Text>
        <ActionIcon variant="default" aria-label={t('editor.undo')} aria-disabled={h.past.length === 0} data-disabled={h.past.length === 0 || undefined} onClick={() => turnTo('undo')}><IconArrowBackUp size={16} /></ActionIcon>
        <ActionIcon variant="default" aria-label={t('editor.redo')} aria-disabled={h.future.length === 0} data-disabled={h.future.length === 0 || undefined} onClick={() => turnTo('redo')}><IconArrowForwardUp size={16} /></ActionIcon>
        <Button variant="default" size="xs" onClick={() => setHistory(true)}>{t('editor.history')}</Button>
        {writes && <Button size="xs" variant="light" leftSection={<IconPlus size={14} />} title={shortcuts.add} aria-keyshortcuts={shortcuts.add} onClick={() => setAdding(true)}>{t('editor.addStep')}</Button>}
        {writes && <Button size="xs" title={shortcuts.publish} aria-keyshortcuts={shortcuts.publish} disabled={!publishable} onClick={() => setPublishing(true)}>{t('editor.publish')}</Button>}
        <Shortcuts act={act} />
      </>}>
        {trouble !== null && <Trouble error={trouble} />}
        {state === 'conflict' && <Conflict app={app.id} mine={doc} kinds={kinds} onTop={onTop} away={reload} />}
        {losses.length > 0 && (
          <Alert color="yellow" title={t('editor.losses', { kind: app.kind })} role="alert">
            <ul>{losses.map((l, i) => <li key={i}>{l.where}: {l.what}; {l.why}. {t('editor.instead')}: {l.instead}</li>)}</ul>
            {state === 'losses' && <Button size="xs" onClick={() => { setAccept(true); void save(doc, true) }}>{t('editor.acceptLosses')}</Button>}
          </Alert>
        )}
        <Findings all={all} choose={choose} />
        {errors > 0 && <Text size="sm" c="red">{t('editor.errors', { n: errors })}</Text>}
        <Group align="flex-start" gap="md" wrap="wrap" ref={root}>
          {wide && <div style={{ flex: '0 0 230px' }}><Outline doc={doc} kinds={kinds} called={called} chosen={chosen} choose={choose} found={found} height={540} /></div>}
          <Stack flex="1 1 480px" miw={0} gap="xs">
            {!wide && <SegmentedControl size="xs" value={view} onChange={(v) => setView(v as 'canvas' | 'outline')} data={[{ value: 'canvas', label: t('editor.canvas') }, { value: 'outline', label: t('editor.outline') }]} style={{ alignSelf: 'flex-start' }} />}
            {wide || view === 'canvas'
              ? <Suspense fallback={<Skeleton height={560} />}><Canvas graph={drawn} entry={doc.start} selected={chosen} select={(s, keyboard) => { choose(s, keyboard); clicked.current?.(s) }} findings={found} visited={marks.visited ?? lit.visited} taken={marks.taken ?? lit.taken} now={marks.visited ? marks.now : lit.now} missing={marks.missing} untaken={marks.untaken} height={560} connect={writes ? connect : undefined} /></Suspense>
              : <Outline doc={doc} kinds={kinds} called={called} chosen={chosen} choose={choose} found={found} />}
          </Stack>
          <ScrollArea.Autosize mah={620} flex="0 1 320px" miw={280} w="100%" viewportProps={{ tabIndex: 0 }}>
            <Inspector key={panel} doc={doc} name={chosen in doc.steps ? chosen : doc.start} kinds={kinds} faults={all} set={set} readOnly={!writes} copy={copyStep}
              remove={() => { set(removeStep(doc, kinds, chosen), doc.start); turn(); next(nameField) }} />
          </ScrollArea.Autosize>
        </Group>
        <Bench app={app.id} kind={app.kind} graph={drawn} saved={state === 'saved'} version={tag} writes={writes} mark={mark} clicked={setClicked} choose={choose} reload={reload} />
        <AddStep opened={adding} close={() => setAdding(false)} kinds={kinds} add={(word) => { setAdding(false); insert(addStep(doc, word)) }} />
        <Modal opened={history} onClose={() => setHistory(false)} title={t('editor.history')} size="lg" closeButtonProps={{ 'aria-label': t('things.close') }}>
          {history && <History app={app.id} draft={draft} writes={writes} done={() => { setHistory(false); reload() }} />}
        </Modal>
        <Modal opened={publishing} onClose={() => setPublishing(false)} title={t('editor.publish')} closeButtonProps={{ 'aria-label': t('things.close') }}>
          {publishing && <Publish app={app.id} tag={appTag} done={published} conflict={() => { setPublishing(false); setState('conflict') }} />}
        </Modal>
        <Link to="/apps">{t('apps.title')}</Link>
      </Page>
    </NamesContext>
  )
}

/** The field of the inspector where a step is named. */
const nameField = (r: HTMLElement) => r.querySelector<HTMLElement>('section input')

const families: Record<string, string[]> = {
  sound: ['answer', 'play', 'gather', 'listen', 'record', 'play_recording', 'save_sound', 'deliver', 'wait'],
  calls: ['dial', 'transfer', 'queue', 'conference', 'set_caller', 'goto', 'subflow', 'return', 'hang_up'],
  decisions: ['if', 'hours', 'set', 'count', 'reset', 'detect_machine'],
}

/** A list of every kind of step that is searched by typing. */
function AddStep({ opened, close, kinds, add }: { opened: boolean; close: () => void; kinds: Map<string, Kind>; add: (word: string) => void }) {
  const { t } = useTexts()
  const [wanted, setWanted] = useState('')
  const wish = wanted.trim().toLowerCase().replaceAll(' ', '_')
  const fit = (w: string) => (w === wish ? 0 : w.startsWith(wish) ? 1 : 2) // the best is what Enter takes
  const words = [...kinds.keys()].filter((w) => w.includes(wish)).sort((a, b) => fit(a) - fit(b))
  const before = useRef<HTMLElement | null>(null) // where the focus was; what is added takes it elsewhere
  useEffect(() => {
    if (!opened) return
    before.current = document.activeElement as HTMLElement | null
    setWanted('')
  }, [opened])
  const family = (w: string) => Object.keys(families).find((f) => families[f]!.includes(w)) ?? 'outside'
  return (
    <Modal opened={opened} onClose={() => { close(); before.current?.focus() }} returnFocus={false} title={t('editor.addStep')} closeButtonProps={{ 'aria-label': t('things.close') }}>
      <TextInput data-autofocus aria-label={t('editor.find')} placeholder={t('editor.find')} value={wanted} onChange={(e) => setWanted(e.currentTarget.value)} onKeyDown={(e) => { if (e.key === 'Enter' && words[0]) add(words[0]) }} mb="sm" />
      {(['sound', 'calls', 'decisions', 'outside'] as const).map((f) => {
        const of = words.filter((w) => family(w) === f)
        return of.length > 0 && (
          <Stack key={f} gap={4} mb="sm">
            <Text size="sm" fw={600}>{t(`editor.family.${f}`)}</Text>
            <Group gap={6}>{of.map((w) => <Button key={w} size="xs" variant={wish && w === words[0] ? 'light' : 'default'} onClick={() => add(w)}>{w.replaceAll('_', ' ')}</Button>)}</Group>
          </Stack>
        )
      })}
    </Modal>
  )
}
