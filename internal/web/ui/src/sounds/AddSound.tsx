import { FileInput, Progress, Stack, Tabs, TextInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { api, need, type Schema } from '../api/client'
import { may, useMe } from '../api/queries'
import { Fields } from '../parts/Fields'
import { Trouble } from '../parts/Trouble'
import { useTexts } from '../texts'
import { upload } from './api'
import { ByPhone } from './ByPhone'
import { Recorder } from './Recorder'
import { Trimmer } from './Trimmer'
import { decode, type Samples } from './wav'

/** Makes a sound by upload, microphone, telephone or speech; with replaces, it takes the place of that one's audio. */
export function AddSound({ done, replaces }: { done: () => void; replaces?: string }) {
  const { t } = useTexts()
  const me = useMe().data
  const [name, setName] = useState('')
  const [recorded, setRecorded] = useState<Samples | null>(null)
  const [picked, setPicked] = useState<{ name: string; sound: Samples } | null>(null)
  const [fault, setFault] = useState<unknown>(null)
  const [part, setPart] = useState<number | null>(null)
  const voices = useQuery({ queryKey: ['voices'], queryFn: async () => (await need(api.GET('/api/v1/voices'))).items ?? [] })

  const save = async (audio: Blob, file: string) => {
    setFault(null)
    setPart(0)
    try {
      await upload(audio, file, name || file.replace(/\.\w+$/, ''), replaces, setPart)
      done()
    } catch (e) {
      setFault(e)
    } finally {
      setPart(null)
    }
  }
  const pick = async (f: File | null) => {
    setFault(null)
    setPicked(null)
    if (!f) return
    try {
      setPicked({ name: f.name, sound: await decode(f) })
    } catch {
      setFault(new Error(t('sounds.undecodable')))
    }
  }
  const label = t(replaces ? 'sounds.replace' : 'sounds.save')
  return (
    <Stack>
      {fault !== null && <Trouble error={fault} />}
      {part !== null && <Progress value={100 * part} aria-label={t('sounds.upload')} />}
      <Tabs defaultValue="upload" keepMounted={false}>
        <Tabs.List>
          <Tabs.Tab value="upload">{t('sounds.upload')}</Tabs.Tab>
          <Tabs.Tab value="record">{t('sounds.record')}</Tabs.Tab>
          {may(me, 'calls:write') && <Tabs.Tab value="phone">{t('sounds.byPhone')}</Tabs.Tab>}
          {!replaces && <Tabs.Tab value="speak">{t('sounds.speak')}</Tabs.Tab>}
        </Tabs.List>
        <Tabs.Panel value="upload" pt="md">
          <Stack>
            {!replaces && <TextInput label={t('things.name')} value={name} onChange={(e) => setName(e.currentTarget.value)} />}
            <FileInput label={t('sounds.file')} description={t('sounds.fileHelp')} accept="audio/*" onChange={(f) => void pick(f)} />
            {picked && <Trimmer sound={picked.sound} label={label} save={(b) => save(b, picked.name.replace(/\.\w+$/, '') + '.wav')} />}
          </Stack>
        </Tabs.Panel>
        <Tabs.Panel value="record" pt="md">
          <Stack>
            {!replaces && <TextInput label={t('things.name')} value={name} onChange={(e) => setName(e.currentTarget.value)} />}
            <Recorder done={setRecorded} />
            {recorded && <Trimmer sound={recorded} label={label} save={(b) => save(b, 'recording.wav')} />}
          </Stack>
        </Tabs.Panel>
        <Tabs.Panel value="phone" pt="md"><ByPhone replaces={replaces} /></Tabs.Panel>
        <Tabs.Panel value="speak" pt="md">
          <Fields label={t('sounds.save')} initial={{ name: '', text: '', voice: '' }}
            fields={[
              { name: 'name', label: t('things.name') },
              { name: 'text', label: t('sounds.text'), kind: 'long', required: true },
              { name: 'voice', label: t('sounds.voice'), kind: 'select', placeholder: t('sounds.voiceAny'), options: (voices.data ?? []).map((v) => ({ value: v.id, label: `${v.language} ${v.name}` })) },
            ]}
            submit={async (v) => {
              const body = Object.fromEntries(Object.entries(v).filter(([, x]) => x !== '')) as unknown as Schema<'Speech'>
              await need(api.POST('/api/v1/sounds/speech', { body }))
              done()
            }} />
        </Tabs.Panel>
      </Tabs>
    </Stack>
  )
}
