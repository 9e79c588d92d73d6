import { ActionIcon, Alert, Anchor, Button, CloseButton, Group, NativeSelect, Paper, Progress, SimpleGrid, Stack, Text, TextInput } from '@mantine/core'
import { IconMicrophone, IconMicrophoneOff, IconPhone, IconPhoneOff } from '@tabler/icons-react'
import { useEffect, useRef, useState } from 'react'
import { Link } from 'react-router'
import { useTexts } from '../texts'
import { usePhone } from './context'

const keys = ['1', '2', '3', '4', '5', '6', '7', '8', '9', '*', '0', '#']

/** The telephone, docked in a corner of every page by PhoneDock: what rings, what is up, keys, levels and the microphone. */
export default function PhonePanel() {
  const { t } = useTexts()
  const { phone, state, setOpen } = usePhone()
  const up = state.line?.state === 'up'
  const active = !!state.line && state.line.state !== 'over'
  useEffect(() => { // * and # are typed with Shift on most keyboards: what is typed counts, wherever it is
    if (!up) return
    const typed = (e: KeyboardEvent) => {
      if (!keys.includes(e.key) || e.repeat || e.ctrlKey || e.altKey || e.metaKey || isField(e.target)) return
      e.preventDefault()
      phone.press(e.key)
    }
    document.addEventListener('keydown', typed)
    return () => document.removeEventListener('keydown', typed)
  }, [up, phone])
  const panel = useRef<HTMLDivElement>(null)
  const before = useRef<HTMLElement | null>(null)
  useEffect(() => { // a call takes the keyboard, but from nobody who writes, and gives it back
    const at = document.activeElement as HTMLElement | null
    if (active) {
      if (isField(at) && !panel.current?.contains(at)) return
      before.current = panel.current?.contains(at) ? null : at
      panel.current?.focus({ preventScroll: true })
    } else if (before.current && (at === document.body || panel.current?.contains(at))) before.current.focus()
  }, [active])
  return (
    <Paper withBorder shadow="lg" p="sm" component="aside" ref={panel} tabIndex={-1} aria-label={t('phone.title')} pos="fixed" right={16} bottom={16} w={280} maw="calc(100vw - 32px)" style={{ zIndex: 150 }}>
      <Stack gap="xs">
        <Group justify="space-between" wrap="nowrap">
          <Text fw={700} role="status" data-state={state.line?.state ?? 'idle'}>{state.line ? t(up && !state.heard ? 'phone.connects' : `phone.state.${state.line.state}`) : t('phone.title')}{active && state.line?.since && up ? <Timer since={state.line.since} /> : null}</Text>
          {!active && <CloseButton aria-label={t('things.close')} onClick={() => setOpen(false)} />}
        </Group>
        {state.ringing && (
          <Alert color="green" role="alert" p="xs" title={t('phone.calls', { who: state.ringing.from_name || state.ringing.from || t('phone.unknown') })}>
            <Group gap="xs">
              <Button size="xs" color="teal" leftSection={<IconPhone size={14} />} onClick={() => { setOpen(true); void phone.answer() }}>{t('phone.answer')}</Button>
              <Button size="xs" color="red" variant="light" onClick={() => phone.decline()}>{t('phone.decline')}</Button>
            </Group>
          </Alert>
        )}
        {state.fault && <Alert color="red" role="alert" p="xs">{state.fault === 'media' ? t('phone.mediaFailed') : state.fault}</Alert>}
        {state.line?.state === 'over' && <Text size="sm" c="dimmed">{state.line.words || state.line.cause}{state.line.call && <> · <Anchor component={Link} size="sm" to={'/calls/' + state.line.call}>{t('phone.timeline')}</Anchor></>}</Text>}
        {active && !state.mine && <Text size="xs" c="dimmed">{state.why === 'insecure' ? t('phone.insecure') : state.why === 'none' ? t('phone.noMicrophone') : t('phone.noMicrophoneWhy', { reason: state.why })}</Text>}
        {active && <Levels />}
        {up && (
          <>
            <Text ta="center" mih={24} ff="monospace" aria-label={t('phone.keys')}>{state.keys}</Text>
            <SimpleGrid cols={3} spacing={6} role="group" aria-label={t('phone.keypad')}>
              {keys.map((k) => <Button key={k} variant="default" size="md" onClick={() => phone.press(k)}>{k}</Button>)}
            </SimpleGrid>
          </>
        )}
        {active ? (
          <Group grow>
            {state.mine && <ActionIcon size="lg" variant="light" aria-pressed={state.muted} aria-label={t(state.muted ? 'phone.unmute' : 'phone.mute')} onClick={() => phone.mute(!state.muted)}>{state.muted ? <IconMicrophoneOff size={18} /> : <IconMicrophone size={18} />}</ActionIcon>}
            <Button color="red" leftSection={<IconPhoneOff size={16} />} onClick={() => void phone.hangUp()}>{t('phone.hangUp')}</Button>
          </Group>
        ) : !state.ringing && <Dial />}
      </Stack>
    </Paper>
  )
}

const isField = (x: EventTarget | null) => x instanceof HTMLElement && (x.isContentEditable || ['INPUT', 'TEXTAREA', 'SELECT'].includes(x.tagName))

/** A number to call, and the microphone that is taken for it. */
function Dial() {
  const { t } = useTexts()
  const { phone } = usePhone()
  const [number, setNumber] = useState('')
  const [devices, setDevices] = useState<MediaDeviceInfo[]>([])
  useEffect(() => {
    let gone = false
    navigator.mediaDevices?.enumerateDevices().then((d) => { if (!gone) setDevices(d.filter((x) => x.kind === 'audioinput' && x.deviceId)) }, () => undefined)
    return () => { gone = true }
  }, [])
  return (
    <form onSubmit={(e) => { e.preventDefault(); if (number.trim()) void phone.call({ dial: number.trim() }) }}>
      <Stack gap="xs">
        <TextInput label={t('phone.number')} value={number} onChange={(e) => setNumber(e.currentTarget.value)} inputMode="tel" />
        {devices.length > 0 && <NativeSelect label={t('phone.microphone')} data={[{ value: '', label: t('phone.usual') }, ...devices.map((d) => ({ value: d.deviceId, label: d.label || d.deviceId.slice(0, 8) }))]} onChange={(e) => { phone.device = e.currentTarget.value }} />}
        <Button type="submit" color="teal" leftSection={<IconPhone size={16} />}>{t('phone.call')}</Button>
      </Stack>
    </form>
  )
}

function Timer({ since }: { since: string }) {
  const [now, setNow] = useState(() => Date.now())
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1000)
    return () => clearInterval(timer)
  }, [])
  const s = Math.max(0, Math.floor((now - Date.parse(since)) / 1000))
  return <> · {Math.floor(s / 60)}:{String(s % 60).padStart(2, '0')}</>
}

function Levels() {
  const { t } = useTexts()
  const { phone } = usePhone()
  const [l, setL] = useState({ in: 0, out: 0 })
  useEffect(() => {
    const timer = setInterval(() => setL(phone.levels()), 120)
    return () => clearInterval(timer)
  }, [phone])
  return (
    <Stack gap={4}>
      <Progress size="sm" value={100 * l.in} aria-label={t('phone.heard')} color="green" transitionDuration={100} />
      <Progress size="sm" value={100 * l.out} aria-label={t('phone.sent')} color="cyan" transitionDuration={100} />
    </Stack>
  )
}
