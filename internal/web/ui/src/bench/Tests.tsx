import { Accordion, Alert, Anchor, Badge, Button, Code, Group, List, Skeleton, Stack, Text } from '@mantine/core'
import { IconPlayerPlay, IconSparkles } from '@tabler/icons-react'
import { useEffect, useMemo, useRef, useState } from 'react'
import { api, Fault, need, type Schema } from '../api/client'
import { Trouble } from '../parts/Trouble'
import { Working } from '../parts/Working'
import { useTexts } from '../texts'
import './bench.css'
import type { BenchProps } from './Bench'
import { testsOf, unreached } from './marks'

interface Bad { line: number; text: string }

/** The tests that are kept with an IVR: written, run, and what they have not reached drawn on the canvas. */
export function Tests(p: BenchProps) {
  const [kept, setKept] = useState<{ text: string; tag: string } | null>(null)
  const [fault, setFault] = useState<unknown>(null)
  const [round, setRound] = useState(0)
  useEffect(() => {
    let shown = true
    void readTests(p.app).then((k) => { if (shown) setKept(k) }, (e: unknown) => { if (shown) setFault(e) })
    return () => { shown = false }
  }, [p.app, round])
  const again = () => { setFault(null); setKept(null); setRound(round + 1) }
  if (fault !== null) return <Trouble error={fault} again={again} />
  if (!kept) return <Skeleton height={200} />
  return <Form key={round} {...p} kept={kept} again={again} />
}

async function readTests(app: string): Promise<{ text: string; tag: string }> {
  const r = await api.GET('/api/v1/apps/{app}/tests', { params: { path: { app } } })
  if (r.response.status === 404) return { text: '', tag: '' }
  return { text: (await need(Promise.resolve(r))).text, tag: r.response.headers.get('ETag') ?? '' }
}

function Form({ app, graph, saved, version, writes, mark, choose, kept, again }: BenchProps & { kept: { text: string; tag: string }; again: () => void }) {
  const { t } = useTexts()
  const [text, setText] = useState(kept.text)
  const [stored, setStored] = useState(kept)
  const [bad, setBad] = useState<Bad[]>([])
  const [run, setRun] = useState<Schema<'TestRun'> | null>(null)
  const [left, setLeft] = useState<{ written: number; left: Schema<'TestGap'>[] } | null>(null)
  const [fault, setFault] = useState<unknown>(null)
  const [busy, setBusy] = useState('')
  const box = useRef<HTMLTextAreaElement>(null)
  const gutter = useRef<HTMLPreElement>(null)
  const tests = useMemo(() => testsOf(text), [text])
  const rows = useMemo(() => text.split('\n').length, [text])
  const wrong = useMemo(() => new Map([...bad, ...(run?.results ?? []).filter((r) => !r.passed).map((r) => ({ line: r.failed_line ?? r.line, text: r.actual ?? '' }))].map((b) => [b.line, b.text])), [bad, run])
  useEffect(() => { setRun(null) }, [version])
  useEffect(() => { mark(run ? unreached(run.coverage.missing ?? [], graph.ways) : {}) }, [run, graph, mark])

  const work = async (what: string, f: () => Promise<void>) => {
    setBusy(what)
    setFault(null)
    setBad([])
    try {
      await f()
    } catch (e) {
      const lines = e instanceof Fault ? faults(e) : []
      setBad(lines)
      if (lines.length === 0) setFault(e)
    } finally {
      setBusy('')
    }
  }
  const save = () => work('save', async () => {
    const r = await api.PUT('/api/v1/apps/{app}/tests', { params: { path: { app }, header: stored.tag ? { 'If-Match': stored.tag } : {} }, body: { text } })
    await need(Promise.resolve(r))
    setStored({ text, tag: r.response.headers.get('ETag') ?? '' })
  })
  const runAll = () => work('run', async () => setRun(await need(api.POST('/api/v1/apps/{app}/tests/run', { params: { path: { app } }, body: { text } }))))
  const write = () => work('write', async () => {
    const m = await need(api.POST('/api/v1/apps/{app}/tests/missing', { params: { path: { app } }, body: { text } }))
    setText(m.text)
    setRun(null)
    setLeft({ written: m.written, left: m.left ?? [] })
  })
  const goTo = (line: number) => {
    const b = box.current
    if (!b) return
    const begin = text.split('\n').slice(0, line - 1).reduce((n, l) => n + l.length + 1, 0)
    b.focus()
    b.setSelectionRange(begin, begin + (text.split('\n')[line - 1]?.length ?? 0))
    b.scrollTop = Math.max(0, (line - 4) * 20)
  }
  return (
    <Stack>
      <Group gap="xs">
        <Button leftSection={<IconPlayerPlay size={16} />} loading={busy === 'run'} disabled={!saved || tests.length === 0} onClick={() => void runAll()}>{t('bench.run')}</Button>
        <Button variant="default" leftSection={<IconSparkles size={16} />} loading={busy === 'write'} disabled={!saved} onClick={() => void write()}>{t('bench.write')}</Button>
        {writes && <Button variant="light" loading={busy === 'save'} disabled={text === stored.text} onClick={() => void save()}>{t('bench.saveTests')}</Button>}
        <Text size="sm" c="dimmed">{t('bench.tests', { n: tests.length })}</Text>
      </Group>
      {(busy === 'run' || busy === 'write') && <Working key={busy} what={t(busy === 'run' ? 'bench.run' : 'bench.write')} />}
      {fault instanceof Fault && fault.status === 412 && <Alert color="orange" role="alert" title={t('bench.othersTests')}><Button size="xs" onClick={again}>{t('editor.theirs')}</Button></Alert>}
      {fault !== null && !(fault instanceof Fault && fault.status === 412) && <Trouble error={fault} />}
      {bad.length > 0 && <Alert color="red" role="alert" title={t('bench.unread')}><List size="sm">{bad.map((b, i) => <List.Item key={i}><Anchor component="button" type="button" size="sm" onClick={() => goTo(b.line)}>{t('bench.line', { n: b.line })}</Anchor> {b.text}</List.Item>)}</List></Alert>}
      <Group align="flex-start" gap="md">
        <div className="testtext" style={{ flex: '1 1 420px', minWidth: 0 }}>
          <pre ref={gutter} aria-hidden="true">{Array.from({ length: rows }, (_, i) => <span key={i} data-bad={wrong.has(i + 1) || undefined} title={wrong.get(i + 1)}>{`${i + 1}\n`}</span>)}</pre>
          <textarea ref={box} aria-label={t('bench.testText')} aria-invalid={bad.length > 0} spellCheck={false} rows={Math.min(Math.max(rows + 1, 8), 20)} value={text} readOnly={!writes}
            placeholder={t('bench.example')} onChange={(e) => { setText(e.currentTarget.value); setBad([]) }} onScroll={(e) => { if (gutter.current) gutter.current.scrollTop = e.currentTarget.scrollTop }} />
        </div>
        {tests.length > 0 && (
          <Stack component="nav" aria-label={t('bench.list')} gap={2} flex="0 1 260px">
            {tests.slice(0, 200).map((x) => {
              const r = run?.results?.find((y) => y.name === x.name)
              return <Group key={x.line} gap={6} wrap="nowrap"><Badge size="xs" circle color={r ? (r.passed ? 'green.9' : 'red.9') : 'gray.7'} aria-label={t(r ? (r.passed ? 'bench.passed' : 'bench.failed') : 'bench.notRun')}>{r ? (r.passed ? '✓' : '✗') : '·'}</Badge><Anchor component="button" type="button" size="sm" ta="left" onClick={() => goTo(x.line)}>{x.name}</Anchor></Group>
            })}
          </Stack>
        )}
      </Group>
      {left && <Text role="status">{t('bench.written', { n: left.written })} {left.left.length > 0 && t('bench.leftOver', { what: left.left.map((g) => `${g.node ?? ''} ${g.text}`.trim()).join('; ') })}</Text>}
      {run && <Outcome run={run} goTo={goTo} choose={choose} />}
      <Text size="sm" c="dimmed">{t('bench.help')}</Text>
    </Stack>
  )
}

/** The faults of a text, by its lines. */
function faults(f: Fault): Bad[] {
  return (f.problem.errors ?? []).flatMap((e) => {
    const at = /^body\.text:(\d+)/.exec(e.location ?? '')
    return at ? [{ line: Number(at[1]), text: e.message ?? '' }] : []
  })
}

function Outcome({ run, goTo, choose }: { run: Schema<'TestRun'>; goTo: (line: number) => void; choose: (step: string) => void }) {
  const { t } = useTexts()
  const failed = (run.results ?? []).filter((r) => !r.passed)
  const c = run.coverage
  return (
    <Stack gap="xs">
      <Text role="status" fw={600} c={failed.length ? 'red' : undefined}>{t('bench.ran', { passed: run.passed, failed: run.failed })}</Text>
      {failed.length > 0 && (
        <Accordion multiple defaultValue={failed.length === 1 ? [String(failed[0]!.line)] : []} variant="separated">
          {failed.map((r) => (
            <Accordion.Item key={r.line} value={String(r.line)}>
              <Accordion.Control>{r.name}</Accordion.Control>
              <Accordion.Panel>
                <Stack gap={6}>
                  <Code block tabIndex={0} aria-label={t('bench.transcript')}>{(r.transcript ?? []).join('\n') || '–'}</Code>
                  <Text size="sm"><b>{t('bench.expected')}:</b> {r.expected} <Anchor component="button" type="button" size="sm" onClick={() => goTo(r.failed_line ?? r.line)}>{t('bench.line', { n: r.failed_line ?? r.line })}</Anchor></Text>
                  <Text size="sm" c="red"><b>{t('bench.actual')}:</b> {r.actual}</Text>
                </Stack>
              </Accordion.Panel>
            </Accordion.Item>
          ))}
        </Accordion>
      )}
      <Text size="sm">{t('bench.coverage', { steps: `${c.steps.seen}/${c.steps.all}`, exits: `${c.exits.seen}/${c.exits.all}`, timeouts: `${c.time_outs.seen}/${c.time_outs.all}` })}</Text>
      {c.missing && c.missing.length > 0 && (
        <List size="sm" aria-label={t('bench.unreached')}>
          {c.missing.slice(0, 100).map((g, i) => <List.Item key={i}>{g.node ? <Anchor component="button" type="button" size="sm" onClick={() => choose(g.node!)}>{g.node}</Anchor> : null} {g.text}</List.Item>)}
        </List>
      )}
    </Stack>
  )
}
