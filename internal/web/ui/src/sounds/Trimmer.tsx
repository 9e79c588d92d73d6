import { Button, Group, NumberInput, Stack, Switch } from '@mantine/core'
import { lazy, Suspense, useMemo, useState } from 'react'
import { useTexts } from '../texts'
import { normalise, slower, trim, wav, type Samples } from './wav'

const Wave = lazy(() => import('./Wave'))
const rate = 16000 // Hz of what is stored: all that telephones carry

/** Cuts a sound, makes it as loud as others, and gives it as WAV. */
export function Trimmer({ sound, save, label }: { sound: Samples; save: (wav: Blob) => Promise<void>; label: string }) {
  const { t } = useTexts()
  const length = sound.data.length / sound.rate
  const [from, setFrom] = useState(0)
  const [to, setTo] = useState(Number(length.toFixed(2)))
  const [even, setEven] = useState(true)
  const [busy, setBusy] = useState(false)
  const made = useMemo(() => {
    const part = slower(trim(sound, from, to), rate)
    return wav(even ? normalise(part) : part)
  }, [sound, from, to, even])
  const go = async () => {
    setBusy(true)
    try {
      await save(made)
    } finally {
      setBusy(false)
    }
  }
  return (
    <Stack>
      <Suspense fallback={null}><Wave source={made} label={t('sounds.preview')} /></Suspense>
      <Group grow>
        <NumberInput label={t('sounds.trimStart')} suffix=" s" decimalScale={2} step={0.1} min={0} max={to} value={from} onChange={(v) => setFrom(Number(v) || 0)} />
        <NumberInput label={t('sounds.trimEnd')} suffix=" s" decimalScale={2} step={0.1} min={from} max={length} value={to} onChange={(v) => setTo(Number(v) || length)} />
      </Group>
      <Switch label={t('sounds.normalise')} checked={even} onChange={(e) => setEven(e.currentTarget.checked)} />
      <Button loading={busy} onClick={() => void go()} disabled={to <= from}>{label}</Button>
    </Stack>
  )
}
