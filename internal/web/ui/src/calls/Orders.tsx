import { Button, Modal, Select } from '@mantine/core'
import { IconDialpad, IconMessage2, IconVolumeOff, IconPlayerPause, IconPlayerPlay, IconPlayerRecord, IconPlayerStop, IconTransfer } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { api, need, type Schema } from '../api/client'
import type { CallEvent } from '../api/events'
import { destinationOf, useDestinations } from '../config/destination'
import { useAccountNames } from '../flow/useAccountNames'
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
  const [asked, ask] = useState<'transfer' | 'keys' | 'say' | null>(null)
  const [over, setOver] = useState(false) // something was begun here that may sound yet
  const path = { params: { path: { call: id } } }
  const tape = taped(events)
  const goesOn = (state: Schema<'TapeState'>['state']) => void order(() => need(api.PUT('/api/v1/calls/{call}/recording', { ...path, body: { state } })))
  return (
    <>
      <Button variant="light" leftSection={<IconTransfer size={16} />} onClick={() => ask('transfer')}>{t('call.transfer')}</Button>
      <Button variant="light" leftSection={<IconDialpad size={16} />} onClick={() => ask('keys')}>{t('call.keys')}</Button>
      <Button variant="light" leftSection={<IconMessage2 size={16} />} onClick={() => ask('say')}>{t('call.say')}</Button>
      {over && <Button variant="light" leftSection={<IconVolumeOff size={16} />} onClick={() => { setOver(false); void order(() => need(api.DELETE('/api/v1/calls/{call}/over', path))) }}>{t('call.stopOver')}</Button>}
      {!tape && <Button variant="light" leftSection={<IconPlayerRecord size={16} />} onClick={() => void order(() => need(api.POST('/api/v1/calls/{call}/recording', { ...path, body: {} })))}>{t('call.record')}</Button>}
      {tape === 'recording' && <Button variant="light" leftSection={<IconPlayerPause size={16} />} onClick={() => goesOn('paused')}>{t('call.pauseTape')}</Button>}
      {tape === 'paused' && <Button variant="light" leftSection={<IconPlayerPlay size={16} />} onClick={() => goesOn('recording')}>{t('call.resumeTape')}</Button>}
      {tape && <Button variant="light" color="red" leftSection={<IconPlayerStop size={16} />} onClick={() => void order(() => need(api.DELETE('/api/v1/calls/{call}/recording', path)))}>{t('call.stopTape')}</Button>}
      <Modal opened={asked !== null} onClose={() => ask(null)} title={asked ? t(`call.${asked}`) : ''} closeButtonProps={{ 'aria-label': t('things.close') }}>
        {asked === 'transfer' && <Transfer id={id} done={() => ask(null)} />}
        {asked === 'say' && <Say id={id} done={(mode) => { ask(null); if (mode === 'over') setOver(true) }} />}
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

const modes = ['over', 'next', 'instead'] as const
type Mode = (typeof modes)[number]

/** Words or a sound for the caller: over whatever is heard, or as a step of the call's own. */
function Say({ id, done }: { id: string; done: (mode?: Mode) => void }) {
  const { t } = useTexts()
  const { sound } = useAccountNames()
  return (
    <Fields label={t('call.say')} cancel={() => done()} initial={{ what: 'text', text: '', mode: 'over', loop: false }}
      fields={[
        { name: 'what', label: t('call.sayWhat'), kind: 'select', required: true, options: (['text', 'sound'] as const).map((k) => ({ value: k, label: t(`call.say.${k}`) })) },
        { name: 'text', label: t('call.say.text'), kind: 'long', required: true, when: (v) => v.what === 'text' },
        { name: 'sound', label: t('call.say.sound'), kind: 'select', required: true, options: sound ?? [], when: (v) => v.what === 'sound' },
        { name: 'mode', label: t('call.sayMode'), kind: 'select', required: true, options: modes.map((m) => ({ value: m, label: t(`call.sayMode.${m}`) })) },
        { name: 'loop', label: t('call.sayLoop'), kind: 'switch', when: (v) => v.mode === 'over' },
      ]}
      submit={async (v) => {
        const mode = v.mode as Mode
        const steps = { say: { play: [v.what === 'sound' ? { sound: String(v.sound ?? '') } : { say: String(v.text).trim() }] } }
        await need(api.POST('/api/v1/calls/{call}/steps', { params: { path: { call: id } }, body: { steps, mode, ...(mode === 'over' && v.loop ? { loop: true } : {}) } as Schema<'StepOrder'> }))
        done(mode)
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
