import { ActionIcon, Button, Group, Text } from '@mantine/core'
import { IconDownload, IconPlayerRecord, IconPlayerStop, IconTrash } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { api, need } from '../api/client'
import type { CallEvent } from '../api/events'
import { may, queries, type Me } from '../api/queries'
import { Remove } from '../parts/Things'
import { Trouble } from '../parts/Trouble'
import { useTexts } from '../texts'

/** The captures of a call's packets: begun and stopped while it is up, downloaded when they are over. */
export function Captures({ id, up, events, me }: { id: string; up: boolean; events: CallEvent[]; me: Me }) {
  const { t } = useTexts()
  const [error, setError] = useState<unknown>(null)
  const [busy, setBusy] = useState(false)
  const [doomed, doom] = useState<string | null>(null)
  const told = events.filter((e) => e.kind.startsWith('capture.'))
  const going = told[told.length - 1]?.kind === 'capture.started'
  const reads = may(me, 'recordings:read')
  const list = useQuery({ queryKey: ['captures', id, told.length], enabled: reads && told.length > 0, queryFn: async () => (await need(api.GET('/api/v1/calls/{call}/captures', { params: { path: { call: id } } }))).items ?? [] })
  const path = { params: { path: { call: id } } }
  const order = async () => {
    setError(null)
    setBusy(true)
    try {
      await (going ? need(api.DELETE('/api/v1/calls/{call}/capture', path)) : need(api.POST('/api/v1/calls/{call}/capture', path)))
    } catch (e) {
      setError(e)
    }
    setBusy(false)
    void queries.invalidateQueries({ queryKey: ['call', id] })
  }
  const orders = up && may(me, 'calls:write')
  const whole = (list.data ?? []).filter((c) => c.state !== 'capturing' && c.bytes > 0)
  if (!orders && whole.length === 0 && !list.error) return null
  return (
    <Group gap="xs">
      {orders && <Button variant="default" size="compact-sm" loading={busy} leftSection={going ? <IconPlayerStop size={14} /> : <IconPlayerRecord size={14} />} title={t('call.captureHelp')} onClick={() => void order()}>{t(going ? 'call.captureStop' : 'call.capture')}</Button>}
      {whole.map((c) => (
        <Group key={c.id} gap="xs">
          <Button component="a" href={`/api/v1/captures/${encodeURIComponent(c.id)}/packets`} download variant="default" size="compact-sm" leftSection={<IconDownload size={14} />} title={t('call.captureHelp')}>{t('call.captureDownload')}</Button>
          <Text size="sm" c="dimmed">{t('call.captureOf', { packets: c.packets, size: Math.ceil(c.bytes / 1024) })}{c.lost > 0 && ', ' + t('call.captureLost', { n: c.lost })}</Text>
          {may(me, 'recordings:write') && <ActionIcon variant="subtle" color="red" aria-label={t('call.dropCapture')} onClick={() => doom(c.id)}><IconTrash size={16} /></ActionIcon>}
        </Group>
      ))}
      <Remove thing={doomed} name={t('call.theCapture')} close={() => doom(null)} run={async () => {
        await need(api.DELETE('/api/v1/captures/{capture}', { params: { path: { capture: doomed! } } }))
        await queries.invalidateQueries({ queryKey: ['captures', id] })
      }} />
      {!!(error || list.error) && <Trouble error={error || list.error} />}
    </Group>
  )
}
