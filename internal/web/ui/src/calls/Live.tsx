import { Alert, Button, Group, Modal, Text } from '@mantine/core'
import { IconArrowsRight, IconDeviceLandlinePhone, IconEar, IconMicrophone2, IconPhoneOff, IconPlayerPause, IconPlayerPlay, IconUsersPlus } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { api, need, type Schema } from '../api/client'
import type { CallEvent } from '../api/events'
import { may, queries, type Me } from '../api/queries'
import { destinationOf, useDestinations } from '../config/destination'
import { Fields } from '../parts/Fields'
import { Trouble } from '../parts/Trouble'
import { usePhone } from '../phone/context'
import { useTexts } from '../texts'
import { Orders, useStepsOf } from './Orders'
import { held } from './words'

type Mode = Schema<'Listening'>['mode']
const modes: [Mode, typeof IconEar][] = [['monitor', IconEar], ['whisper', IconMicrophone2], ['barge', IconUsersPlus]]
type Question = Exclude<Mode, 'monitor'> | 'redirect' | 'supervise' | 'hangup'

/**
 * What can be done with a call that is up: join its talk with the telephone of
 * this page, hold its caller, send it elsewhere, hang it up.
 */
export function LiveActions({ id, events, me }: { id: string; events: CallEvent[]; me: Me }) {
  const { t } = useTexts()
  const { phone, state, setOpen } = usePhone()
  const [asked, ask] = useState<Question | null>(null)
  const [error, setError] = useState<unknown>(null)
  // An event may come before the state that it leads to.
  const live = useQuery({ queryKey: ['live'], refetchInterval: 3_000, queryFn: async () => (await need(api.GET('/api/v1/calls/live'))).items ?? [] })
  const talking = live.data?.find((c) => c.id === id)?.state === 'talking'
  const onHold = held(events).includes('a')
  if (!may(me, 'calls:write')) return null
  const busy = !!state.line && state.line.state !== 'over'
  const order = async (what: () => Promise<unknown>) => {
    setError(null)
    try {
      await what()
    } catch (e) {
      setError(e)
    }
    void queries.invalidateQueries({ queryKey: ['live'] })
    void queries.invalidateQueries({ queryKey: ['call', id] })
  }
  const path = { params: { path: { call: id } } }
  const join = (mode: Mode) => {
    ask(null)
    setOpen(true)
    void phone.call({ listen: { call: id, mode } })
  }
  const hold = () => order(() => (onHold ? need(api.POST('/api/v1/calls/{call}/unhold', { ...path, body: {} })) : need(api.POST('/api/v1/calls/{call}/hold', { ...path, body: {} }))))
  return (
    <>
      {may(me, 'phone') && modes.map(([m, Icon]) => (
        <Button key={m} variant="light" leftSection={<Icon size={16} />} disabled={!talking || busy} title={talking ? t(`call.${m}Help`) : t('call.nobodyTalks')} onClick={() => (m === 'monitor' ? join(m) : ask(m))}>{t(`call.${m}`)}</Button>
      ))}
      <Button variant="light" leftSection={<IconDeviceLandlinePhone size={16} />} disabled={!talking} title={talking ? t('call.superviseHelp') : t('call.nobodyTalks')} onClick={() => ask('supervise')}>{t('call.supervise')}</Button>
      <Button variant="light" disabled={!talking && !onHold} leftSection={onHold ? <IconPlayerPlay size={16} /> : <IconPlayerPause size={16} />} onClick={() => void hold()}>{t(onHold ? 'call.unhold' : 'call.hold')}</Button>
      <Orders id={id} events={events} order={order} />
      <Button variant="light" leftSection={<IconArrowsRight size={16} />} onClick={() => ask('redirect')}>{t('call.redirect')}</Button>
      <Button color="red" variant="light" leftSection={<IconPhoneOff size={16} />} onClick={() => ask('hangup')}>{t('call.hangup')}</Button>
      {!!error && <Trouble error={error} />}
      <Modal opened={asked === 'redirect'} onClose={() => ask(null)} title={t('call.redirect')} closeButtonProps={{ 'aria-label': t('things.close') }}>
        {asked === 'redirect' && <Redirect id={id} done={() => ask(null)} />}
      </Modal>
      <Modal opened={asked === 'supervise'} onClose={() => ask(null)} title={t('call.supervise')} closeButtonProps={{ 'aria-label': t('things.close') }}>
        {asked === 'supervise' && <Supervise id={id} done={() => ask(null)} />}
      </Modal>
      <Modal opened={asked !== null && asked !== 'redirect' && asked !== 'supervise'} onClose={() => ask(null)} title={asked && asked !== 'redirect' && asked !== 'supervise' ? t(`call.${asked}`) : ''} closeButtonProps={{ 'aria-label': t('things.close') }}>
        {asked && asked !== 'redirect' && asked !== 'supervise' && (
          <>
            <Text mb="md">{t(`call.${asked}Sure`)}</Text>
            <Group justify="flex-end">
              <Button variant="default" onClick={() => ask(null)}>{t('things.cancel')}</Button>
              <Button color={asked === 'hangup' ? 'red' : undefined} data-autofocus onClick={() => {
                if (asked !== 'hangup') return join(asked)
                ask(null)
                void order(() => need(api.POST('/api/v1/calls/{call}/hangup', { ...path, body: {} })))
              }}>{t(`call.${asked}`)}</Button>
            </Group>
          </>
        )}
      </Modal>
    </>
  )
}

/** Which telephone is rung and joins the talk, and how far. */
function Supervise({ id, done }: { id: string; done: () => void }) {
  const { t } = useTexts()
  const { fieldsOf } = useDestinations()
  return (
    <Fields label={t('call.superviseNow')} cancel={done} initial={{ mode: 'monitor', 'by.kind': 'extension' }}
      fields={[
        { name: 'mode', label: t('call.superviseMode'), kind: 'select', required: true, options: modes.map(([m]) => ({ value: m, label: t(`call.superviseMode.${m}`) })) },
        ...fieldsOf('by', ['extension', 'user', 'number', 'sip'], t('call.superviseBy')).map((f) => (f.name === 'by.kind' ? { ...f, required: true } : f)),
      ]}
      submit={async (v) => {
        const by = destinationOf(v, 'by')
        if (by) await need(api.POST('/api/v1/calls/{call}/supervise', { params: { path: { call: id } }, body: { mode: v.mode as Mode, by } }))
        done()
      }} />
  )
}

/** Where the caller is sent: to somebody, or to a step of a flow by an app of its own. */
function Redirect({ id, done }: { id: string; done: () => void }) {
  const { t } = useTexts()
  const { fields } = useDestinations()
  const [app, setApp] = useState('')
  const steps = useStepsOf(app)
  return (
    <>
      <Alert mb="md">{t('call.redirectHelp')}</Alert>
      <Fields label={t('call.redirect')} cancel={done} initial={{ 'to.kind': 'extension' }} changed={(v) => setApp(v['to.kind'] === 'app' ? String(v['to.id.app'] ?? '') : '')}
        fields={[
          ...fields.map((f) => (f.name === 'to.kind' ? { ...f, required: true } : f)),
          { name: 'step', label: t('call.step'), kind: 'select', placeholder: t('call.beginning'), options: steps, when: (v) => v['to.kind'] === 'app' && !!v['to.id.app'] },
        ]}
        submit={async (v) => {
          const to = destinationOf(v)
          if (to) await need(api.POST('/api/v1/calls/{call}/redirect', { params: { path: { call: id } }, body: { to, ...(steps.some((s) => s.value === v.step) ? { step: String(v.step) } : {}) } }))
          done()
        }} />
    </>
  )
}
