import { Button, Modal, Select } from '@mantine/core'
import { IconDialpad, IconPlayerPause, IconPlayerPlay, IconPlayerRecord, IconPlayerStop, IconTransfer } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { api, need, type Schema } from '../api/client'
import type { CallEvent } from '../api/events'
import { destinationOf, useDestinations } from '../config/destination'
import { Fields } from '../parts/Fields'
import { useTexts } from '../texts'
import { legsUp, taped } from './words'

interface Props {
  id: string
  events: CallEvent[]
  /** Carries an order out, and shows what it failed by. */
  order: (what: () => Promise<unknown>) => Promise<void>
}

/** Transfer of the caller, keys for a party, and the recording of the call. */
export function Orders({ id, events, order }: Props) {
  const { t } = useTexts()
  const [asked, ask] = useState<'transfer' | 'keys' | null>(null)
  const path = { params: { path: { call: id } } }
  const tape = taped(events)
  const goesOn = (state: Schema<'TapeState'>['state']) => void order(() => need(api.PUT('/api/v1/calls/{call}/recording', { ...path, body: { state } })))
  return (
    <>
      <Button variant="light" leftSection={<IconTransfer size={16} />} onClick={() => ask('transfer')}>{t('call.transfer')}</Button>
      <Button variant="light" leftSection={<IconDialpad size={16} />} onClick={() => ask('keys')}>{t('call.keys')}</Button>
      {!tape && <Button variant="light" leftSection={<IconPlayerRecord size={16} />} onClick={() => void order(() => need(api.POST('/api/v1/calls/{call}/recording', { ...path, body: {} })))}>{t('call.record')}</Button>}
      {tape === 'recording' && <Button variant="light" leftSection={<IconPlayerPause size={16} />} onClick={() => goesOn('paused')}>{t('call.pauseTape')}</Button>}
      {tape === 'paused' && <Button variant="light" leftSection={<IconPlayerPlay size={16} />} onClick={() => goesOn('recording')}>{t('call.resumeTape')}</Button>}
      {tape && <Button variant="light" color="red" leftSection={<IconPlayerStop size={16} />} onClick={() => void order(() => need(api.DELETE('/api/v1/calls/{call}/recording', path)))}>{t('call.stopTape')}</Button>}
      <Modal opened={asked !== null} onClose={() => ask(null)} title={asked ? t(`call.${asked}`) : ''} closeButtonProps={{ 'aria-label': t('things.close') }}>
        {asked === 'transfer' && <Transfer id={id} done={() => ask(null)} />}
        {asked === 'keys' && <Keys id={id} events={events} done={() => ask(null)} />}
      </Modal>
    </>
  )
}

/** Where the caller is sent while whom the caller talks with waits for the result. */
function Transfer({ id, done }: { id: string; done: () => void }) {
  const { t } = useTexts()
  const { fields } = useDestinations()
  const how = ['', 'refer', 'dial'] as const
  return (
    <Fields label={t('call.transfer')} cancel={done} initial={{ 'to.kind': 'number', how: '' }}
      fields={[...fields.map((f) => (f.name === 'to.kind' ? { ...f, required: true, help: t('call.transferHelp') } : f)),
        { name: 'how', label: t('call.how'), kind: 'own', render: (value, set) => (
          <Select label={t('call.how')} data={how.map((h) => ({ value: h, label: t(`call.how.${h || 'any'}`) }))} value={String(value)} allowDeselect={false} onChange={(v) => set(v ?? '')} />
        ) }]}
      submit={async (v) => {
        const to = destinationOf(v)
        const by = v.how as (typeof how)[number]
        if (to) await need(api.POST('/api/v1/calls/{call}/transfer', { params: { path: { call: id } }, body: { to, ...(by ? { how: by } : {}) } }))
        done()
      }} />
  )
}

/** Keys that a party of the call is sent, as if the other had pressed them. */
function Keys({ id, events, done }: { id: string; events: CallEvent[]; done: () => void }) {
  const { t } = useTexts()
  return (
    <Fields label={t('call.keys')} cancel={done} initial={{ keys: '', leg: '' }}
      fields={[
        { name: 'keys', label: t('call.keysWhich'), help: t('call.keysHelp'), required: true },
        { name: 'leg', label: t('call.keysTo'), kind: 'select', placeholder: t('call.caller'), options: legsUp(events).map((l) => ({ value: l.id, label: l.to ? `${l.id}: ${l.to}` : l.id })) },
      ]}
      submit={async (v) => {
        await need(api.POST('/api/v1/calls/{call}/keys', { params: { path: { call: id } }, body: { keys: String(v.keys).trim(), ...(v.leg ? { leg: String(v.leg) } : {}) } }))
        done()
      }} />
  )
}

/** The steps of an app at which a caller can begin in it. */
export function useStepsOf(app: string): { value: string; label: string }[] {
  const program = useQuery({
    queryKey: ['program', app], enabled: app !== '',
    queryFn: async () => (await need(api.GET('/api/v1/apps/{app}/program', { params: { path: { app } } }))) as unknown as { nodes: { id: string; step: { kind: string } }[] },
  })
  return (program.data?.nodes ?? []).map((n) => ({ value: n.id, label: `${n.id} (${n.step.kind})` }))
}
