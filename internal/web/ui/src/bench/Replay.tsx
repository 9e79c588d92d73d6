import { Button, Group, Progress, Select, Stack, Table, Text } from '@mantine/core'
import { IconPlayerStop, IconRotateClockwise } from '@tabler/icons-react'
import { useEffect, useRef, useState } from 'react'
import { Link } from 'react-router'
import { api, need, type Schema } from '../api/client'
import { Trouble } from '../parts/Trouble'
import { useTexts } from '../texts'
import { parts, plus, type Part, type Sum } from './marks'

const inParts = 24 // that a time is asked for in
const mostShown = 200

/** Past calls run again on the draft: how many end elsewhere, and where each first differs. */
export function Replay({ app, ready = true, only = false }: { app: string; ready?: boolean; only?: boolean }) {
  const { t } = useTexts()
  const [hours, setHours] = useState('24')
  const [sum, setSum] = useState<Sum | null>(null)
  const [done, setDone] = useState(0) // of the time, 0 to 1
  const [running, setRunning] = useState(false)
  const [fault, setFault] = useState<unknown>(null)
  const stop = useRef<AbortController | null>(null)
  useEffect(() => () => stop.current?.abort(), [])

  const go = async () => {
    const control = new AbortController()
    stop.current = control
    setRunning(true)
    setFault(null)
    setSum(null)
    setDone(0)
    let all: Sum = { calls: 0, same: 0, elsewhere: 0, skipped: 0, outcomes: [] }
    const list = parts(Number(hours), new Date(), inParts)
    try {
      for (const [i, part] of list.entries()) {
        all = plus(all, await replayed(app, part, control.signal))
        if (control.signal.aborted) return
        setDone((i + 1) / list.length)
        setSum(all)
      }
    } catch (e) {
      if (!control.signal.aborted) setFault(e)
    } finally {
      if (!control.signal.aborted) setRunning(false)
    }
  }
  const halt = () => { stop.current?.abort(); setRunning(false) }
  const other = sum ? sum.calls - sum.same - sum.elsewhere : 0
  const outcomes = sum?.outcomes ?? []
  return (
    <Stack gap="sm">
      <Group align="flex-end" gap="xs">
        {!only && <Select label={t('bench.span')} allowDeselect={false} value={hours} onChange={(v) => setHours(v ?? '24')} data={(['1', '24', '168', '720'] as const).map((h) => ({ value: h, label: t(`bench.hours.${h}`) }))} />}
        <Button variant={only ? 'default' : 'filled'} leftSection={<IconRotateClockwise size={16} />} loading={running} disabled={!ready} onClick={() => void go()}>{t(only ? 'bench.yesterday' : 'bench.replay')}</Button>
        {running && <Button variant="default" leftSection={<IconPlayerStop size={16} />} onClick={halt}>{t('bench.stop')}</Button>}
      </Group>
      {running && <Progress.Root><Progress.Section value={100 * done} aria-label={t('bench.progress')} /></Progress.Root>}
      {fault !== null && <Trouble error={fault} />}
      {sum && (
        <Text role="status" fw={600}>
          {sum.calls === 0 && sum.skipped === 0 ? t('bench.noCalls') : t('bench.sum', { calls: sum.calls, elsewhere: sum.elsewhere })}
          {other > 0 && ' ' + t('bench.other', { n: other })}{sum.skipped > 0 && ' ' + t('bench.skipped', { n: sum.skipped })}
        </Text>
      )}
      {outcomes.length > 0 && (
        <Table.ScrollContainer minWidth={420} mah={360} tabIndex={0} role="region" aria-label={t('bench.outcomes')}>
          <Table>
            <Table.Thead><Table.Tr><Table.Th>{t('bench.call')}</Table.Th><Table.Th>{t('bench.differs')}</Table.Th><Table.Th>{t('bench.endsNow')}</Table.Th></Table.Tr></Table.Thead>
            <Table.Tbody>{outcomes.slice(0, mostShown).map((o) => <Table.Tr key={o.call}><Table.Td><Link to={'/calls/' + encodeURIComponent(o.call)}>{o.call}</Link></Table.Td><Table.Td><Differs o={o} /></Table.Td><Table.Td><Ends o={o} /></Table.Td></Table.Tr>)}</Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      )}
      {outcomes.length > mostShown && <Text size="sm">{t('bench.moreCalls', { n: outcomes.length - mostShown })}</Text>}
    </Stack>
  )
}

/** Runs the calls of a part of the time; one with too many for one request is halved. */
async function replayed(app: string, p: Part, signal: AbortSignal): Promise<Sum> {
  const sum = await need(api.POST('/api/v1/apps/{app}/replay', { params: { path: { app }, query: { from: p.from.toISOString(), to: p.to.toISOString() } }, signal }))
  const length = p.to.getTime() - p.from.getTime()
  if (!sum.more || length < 2_000) return sum
  const middle = new Date(p.from.getTime() + length / 2)
  return plus(await replayed(app, { from: p.from, to: middle }, signal), await replayed(app, { from: middle, to: p.to }, signal))
}

export function Differs({ o }: { o: Schema<'Outcome'> }) {
  const { t } = useTexts()
  return <>{o.step ? t('bench.step', { n: o.step, was: o.was || t('bench.end'), is: o.is || t('bench.end') }) : '–'}</>
}

export function Ends({ o }: { o: Schema<'Outcome'> }) {
  const { t } = useTexts()
  return <>{o.elsewhere ? t('bench.elsewhere', { was: o.ended, is: o.ends }) : t('bench.sameEnd')}</>
}
