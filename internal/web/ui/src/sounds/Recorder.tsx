import { Alert, Button, Group, Progress, Stack, Text } from '@mantine/core'
import { IconMicrophone, IconPlayerStop } from '@tabler/icons-react'
import { useEffect, useRef, useState } from 'react'
import { useTexts } from '../texts'
import type { Samples } from './wav'

const longest = 30 * 60 // seconds

interface Running { rate: number; parts: Float32Array[]; count: number; end: () => void }

/** Records the microphone through an AudioWorklet and gives the samples. */
export function Recorder({ done }: { done: (s: Samples) => void }) {
  const { t } = useTexts()
  const [fault, setFault] = useState('')
  const [level, setLevel] = useState(0)
  const [seconds, setSeconds] = useState<number | null>(null) // null = not recording
  const running = useRef<Running | null>(null)
  useEffect(() => () => running.current?.end(), [])

  if (!window.isSecureContext) return <Alert color="yellow">{t('sounds.noMicrophone')}</Alert>

  const stop = () => {
    const r = running.current
    if (!r) return
    r.end()
    running.current = null
    setSeconds(null)
    const data = new Float32Array(r.count)
    let at = 0
    for (const p of r.parts) {
      data.set(p, at)
      at += p.length
    }
    done({ rate: r.rate, data })
  }

  const start = async () => {
    setFault('')
    try {
      const stream = await navigator.mediaDevices.getUserMedia({ audio: { channelCount: 1 } })
      const audio = new AudioContext()
      await audio.audioWorklet.addModule('/recorder.js')
      const node = new AudioWorkletNode(audio, 'recorder')
      const r: Running = { rate: audio.sampleRate, parts: [], count: 0, end: () => {
        node.port.onmessage = null
        stream.getTracks().forEach((track) => track.stop())
        void audio.close()
      } }
      let shown = 0
      node.port.onmessage = (e: MessageEvent<Float32Array>) => {
        r.parts.push(e.data)
        r.count += e.data.length
        if (r.count - shown < r.rate / 10) return
        shown = r.count
        let most = 0
        for (const x of e.data) most = Math.max(most, Math.abs(x))
        setLevel(most)
        setSeconds(r.count / r.rate)
        if (r.count / r.rate > longest) stop()
      }
      audio.createMediaStreamSource(stream).connect(node)
      running.current = r
      setSeconds(0)
    } catch (e) {
      setFault(t('sounds.microphoneFailed', { reason: e instanceof Error ? e.message : String(e) }))
    }
  }

  return (
    <Stack>
      {fault && <Alert color="red" role="alert">{fault}</Alert>}
      {seconds === null
        ? <Button leftSection={<IconMicrophone size={16} />} onClick={() => void start()}>{t('sounds.start')}</Button>
        : <Button color="red" leftSection={<IconPlayerStop size={16} />} onClick={stop}>{t('sounds.stop')}</Button>}
      {seconds !== null && (
        <Group wrap="nowrap">
          <Progress flex={1} value={100 * level} aria-label={t('sounds.level')} transitionDuration={80} />
          <Text size="sm" w={70} ta="right">{t('sounds.seconds', { n: seconds.toFixed(1) })}</Text>
        </Group>
      )}
    </Stack>
  )
}
