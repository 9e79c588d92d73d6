import { ActionIcon, Group, Text } from '@mantine/core'
import { IconPlayerPause, IconPlayerPlay } from '@tabler/icons-react'
import { useEffect, useRef, useState } from 'react'
import WaveSurfer from 'wavesurfer.js'
import { useTexts } from '../texts'

/** A sound as a waveform that is played by a click. source is an address or the sound itself. */
export default function Wave({ source, label, ready }: { source: string | Blob; label: string; ready?: (seconds: number) => void }) {
  const { t } = useTexts()
  const box = useRef<HTMLDivElement>(null)
  const surfer = useRef<WaveSurfer | null>(null)
  const tell = useRef(ready)
  const [playing, setPlaying] = useState(false)
  const [time, setTime] = useState(0)
  const [length, setLength] = useState(0)
  const [fault, setFault] = useState('')
  useEffect(() => { tell.current = ready }, [ready])
  useEffect(() => {
    if (!box.current) return
    const w = WaveSurfer.create({ container: box.current, height: 56, waveColor: '#748ffc', progressColor: '#0b7285', barWidth: 2, normalize: false })
    w.on('play', () => setPlaying(true))
    w.on('pause', () => setPlaying(false))
    w.on('timeupdate', setTime)
    w.on('error', (e) => { if (e.name !== 'AbortError') setFault(e.message) })
    w.on('ready', (d) => {
      setLength(d)
      tell.current?.(d)
    })
    void (typeof source === 'string' ? w.load(source) : w.loadBlob(source)).catch((e: Error) => { if (e.name !== 'AbortError') setFault(e.message) })
    surfer.current = w
    return () => {
      surfer.current = null
      w.destroy()
    }
  }, [source])
  return (
    <div role="group" aria-label={label}>
      <div ref={box} />
      <Group gap="xs">
        <ActionIcon variant="light" aria-label={t(playing ? 'sounds.pause' : 'sounds.play')} onClick={() => void surfer.current?.playPause()}>
          {playing ? <IconPlayerPause size={16} /> : <IconPlayerPlay size={16} />}
        </ActionIcon>
        <Text size="sm">{time.toFixed(1)} / {t('sounds.seconds', { n: length.toFixed(1) })}</Text>
        {fault && <Text size="sm" c="red" role="alert">{fault}</Text>}
      </Group>
    </div>
  )
}
