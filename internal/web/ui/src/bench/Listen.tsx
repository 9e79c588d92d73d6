import { Alert, Button, Code, Group, Stack, Text, TextInput } from '@mantine/core'
import { IconDownload, IconHeadphones, IconList } from '@tabler/icons-react'
import { useCallback, useEffect, useMemo, useRef, useState } from 'react'
import { api, Fault, need, type Schema } from '../api/client'
import { Trouble } from '../parts/Trouble'
import { useTexts } from '../texts'
import './bench.css'
import type { BenchProps } from './Bench'
import { lineAt, walked } from './marks'

type Heard = Schema<'Heard'>

/** What a caller hears on a path, played, with a transcript that follows the sound. Keys are typed, or chosen at the question where the path ends. */
export function Listen({ app, kind, saved, writes, mark, clicked }: BenchProps) {
  const { t } = useTexts()
  const [application, setApplication] = useState('') // empty = nobody is asked
  const [keys, setKeys] = useState('')
  const [made, setMade] = useState<{ heard: Heard; sound: string; vtt: string; keys: string; menu: boolean } | null>(null)
  const [busy, setBusy] = useState(false)
  const [fault, setFault] = useState<unknown>(null)
  const [time, setTime] = useState(-1)
  const audio = useRef<HTMLAudioElement>(null)
  const from = useRef(0) // where the sound begins to play
  const lines = useMemo(() => made?.heard.lines ?? [], [made])
  const at = time < 0 ? -1 : lineAt(lines, time)

  useEffect(() => () => {
    if (!made) return
    URL.revokeObjectURL(made.sound)
    URL.revokeObjectURL(made.vtt)
  }, [made])
  const node = lines[at]?.app === app ? lines[at]?.node : undefined
  useEffect(() => {
    if (made) mark({ ...walked(made.heard.path ?? [], app), now: node })
  }, [made, node, app, mark])

  const make = useCallback(async (path: string, menu: boolean) => {
    setBusy(true)
    setFault(null)
    try {
      const { sound, ...heard } = await need(api.POST('/api/v1/apps/{app}/listen/text', {
        params: { path: { app } },
        body: { ...(menu ? { menu } : { keys: path }), ...(application && { application }), sound: true },
      }))
      const wav = new Blob([Uint8Array.from(atob(sound ?? ''), (c) => c.charCodeAt(0))], { type: 'audio/wav' })
      from.current = menu ? 0 : ((heard.lines ?? []).filter((l) => l.key).at(-1)?.from ?? 0)
      setTime(-1)
      setMade({ heard, keys: path, menu, sound: URL.createObjectURL(wav), vtt: URL.createObjectURL(new Blob([heard.vtt], { type: 'text/vtt' })) })
    } catch (e) {
      setFault(e)
    } finally {
      setBusy(false)
    }
  }, [app, application])
  const press = useCallback((key: string) => {
    const next = `${made?.keys ?? ''} ${key}`.trim()
    setKeys(next)
    void make(next, false)
  }, [made, make])
  const choices = useMemo(() => (busy ? [] : (made?.heard.choices ?? [])), [busy, made])
  useEffect(() => {
    clicked((step) => {
      const c = choices.find((x) => x.to === step)
      if (c) press(c.key)
    })
    return () => clicked(null)
  }, [choices, clicked, press])
  const seek = (s: number) => {
    if (!audio.current) return
    audio.current.currentTime = s
    void audio.current.play().catch(() => {}) // a browser that does not play by itself has its own button
  }
  const name = made ? (made.menu ? 'menu' : ['path', ...made.keys.split(' ').filter(Boolean)].join('-').replaceAll('*', 'star').replaceAll('#', 'hash')) : ''
  const asked = made?.heard.asked ?? []
  const vain = asked.filter((a) => a.fault)
  const asks = kind === 'routee' || asked.length > 0 || application !== ''
  const wrong = (field: string) => fault instanceof Fault && fault.field(field)
  return (
    <Stack>
      {(kind === 'hoiio' || made?.heard.waits) && <Alert color="blue" title={t('bench.orders')}>{t('bench.ordersWhy')} <Code>tandem listen NAME.test --run &apos;python3 app.py&apos; -o heard.wav</Code></Alert>}
      <form onSubmit={(e) => { e.preventDefault(); void make(keys, false) }}>
        <Group align="flex-end" gap="xs">
          <TextInput label={t('bench.keys')} description={t('bench.keysHelp')} placeholder="1 2s 3" value={keys} onChange={(e) => setKeys(e.currentTarget.value)} error={wrong('keys')} maxLength={1000} flex="1 1 220px" />
          <Button type="submit" loading={busy} disabled={!saved} leftSection={<IconHeadphones size={16} />}>{t('bench.hear')}</Button>
          <Button variant="default" loading={busy} disabled={!saved} leftSection={<IconList size={16} />} onClick={() => void make('', true)}>{t('bench.menu')}</Button>
        </Group>
        {asks && <TextInput mt="xs" inputMode="url" label={t('bench.application')} description={writes ? t('bench.applicationHelp') : t('bench.applicationReader')} placeholder="https://ivr.example.com" value={application} disabled={!writes} onChange={(e) => setApplication(e.currentTarget.value.trim())} error={wrong('application')} maxLength={2000} />}
      </form>
      {fault !== null && !wrong('keys') && !wrong('application') && <Trouble error={fault} />}
      {made && (
        <>
          {made.heard.missing && made.heard.missing.length > 0 && <Alert color="orange">{t('bench.unheard', { what: made.heard.missing.join(', ') })}</Alert>}
          {vain.length > 0 && <Alert color="orange" title={t(application ? 'bench.vain' : 'bench.notAsked')}>{vain.map((a) => <div key={a.url + a.fault}>{a.url}{application && ': ' + a.fault}</div>)}</Alert>}
          <Group gap="xs">
            <audio ref={audio} controls src={made.sound} aria-label={t('bench.sound')} onLoadedMetadata={() => seek(from.current)} onTimeUpdate={(e) => setTime(e.currentTarget.currentTime)} style={{ maxWidth: '100%' }} />
            <Button component="a" href={made.sound} download={name + '.wav'} size="compact-sm" variant="subtle" leftSection={<IconDownload size={14} />}>WAV</Button>
            <Button component="a" href={made.vtt} download={name + '.vtt'} size="compact-sm" variant="subtle" leftSection={<IconDownload size={14} />}>WebVTT</Button>
          </Group>
          {!made.menu && choices.length > 0 && (
            <Group gap="xs" role="group" aria-label={t('bench.next')}>
              <Text size="sm">{t('bench.next')}</Text>
              {choices.map((c) => <Button key={c.key} size="compact-sm" variant="light" aria-label={t('bench.press', { key: c.key, to: c.to || t('bench.end') })} onClick={() => press(c.key)}>{c.key} → {c.to || t('bench.end')}</Button>)}
            </Group>
          )}
          {made.menu && (
            <Group gap={6} role="group" aria-label={t('bench.chapters')}>
              {(made.heard.chapters ?? []).map((c, i) => <Button key={i} size="compact-xs" variant="default" onClick={() => seek(c.at)}>{c.name}</Button>)}
            </Group>
          )}
          <ol className="transcript" aria-label={t('bench.transcript')} tabIndex={0}>
            {lines.map((l, i) => (
              <li key={i} data-heard={i === at || undefined} data-key={l.key || undefined}>
                <button type="button" onClick={() => seek(l.from)}><span>{clock(l.from)}</span> {l.key ? t('bench.presses', { key: l.text.replace(/^presses /, '') }) : l.text}</button>
              </li>
            ))}
          </ol>
          <Text size="sm" c="dimmed">{t('bench.ends', { how: made.heard.ended, seconds: made.heard.seconds.toFixed(1) })}</Text>
        </>
      )}
    </Stack>
  )
}

/** A time as 0:01.5. */
const clock = (s: number) => `${Math.floor(s / 60)}:${(s % 60).toFixed(1).padStart(4, '0')}`
