import { Alert, Button, Code, FileInput, List, Select, Stack, Text, Textarea, TextInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { api, Fault, need, type Schema } from '../api/client'
import { Trouble } from '../parts/Trouble'
import { Working } from '../parts/Working'
import { useTexts } from '../texts'

type App = Schema<'App'>
type Loss = Schema<'Loss'>

const formats = ['native', 'sonetel', 'smartflo', 'telphin']

/** A file of any format becomes an IVR of our own, as a draft. */
export function Import({ done }: { done: (id: string) => void }) {
  const { t } = useTexts()
  const [name, setName] = useState('')
  const [from, setFrom] = useState('native')
  const [text, setText] = useState('')
  const [losses, setLosses] = useState<Loss[]>([])
  const [fault, setFault] = useState<Fault | null>(null)
  const [stage, setStage] = useState<'ivrs.converts' | 'ivrs.stores' | null>(null)
  const go = async () => {
    if (stage) return
    setFault(null)
    setStage(from === 'native' ? 'ivrs.stores' : 'ivrs.converts')
    try {
      let document: unknown = { format: 'yaml', text }
      const json = parsed(text)
      if (from === 'native' && json !== undefined) document = json
      if (from !== 'native') {
        const made = await need(api.POST('/api/v1/convert', { body: { from, to: 'native', document: json ?? text, check: true } }))
        if (made.losses?.length && !losses.length) return setLosses(made.losses)
        document = made.document
        setStage('ivrs.stores')
      }
      done((await need(api.POST('/api/v1/apps', { body: { kind: 'native', name, document, publish: false } }))).id)
    } catch (e) {
      setFault(e instanceof Fault ? e : new Fault(0, { detail: String(e) }))
    } finally {
      setStage(null)
    }
  }
  return (
    <form onSubmit={(e) => { e.preventDefault(); void go() }}>
      <Stack>
        {fault && <Alert color="red" role="alert">{[fault.message, ...(fault.problem.errors ?? []).map((e) => `${e.location?.split('#')[1] ?? ''} ${e.message}`)].join(' · ')}</Alert>}
        {losses.length > 0 && <Alert color="orange" role="alert" title={t('ivrs.importLosses')}><Losses list={losses} /></Alert>}
        <TextInput label={t('things.name')} required value={name} onChange={(e) => setName(e.currentTarget.value)} />
        <Select label={t('ivrs.format')} data={formats} value={from} allowDeselect={false} onChange={(v) => { setFrom(v ?? 'native'); setLosses([]) }} />
        <FileInput label={t('ivrs.file')} onChange={(f) => void f?.text().then((s) => { setText(s); setName((n) => n || f.name.replace(/\.\w+$/, '')); setLosses([]) })} />
        <Textarea label={t('ivrs.document')} description={t('ivrs.document.help')} required autosize minRows={4} maxRows={14} value={text} onChange={(e) => { setText(e.currentTarget.value); setLosses([]) }} />
        {stage && <Working key={stage} what={t(stage)} />}
        <Button type="submit" loading={stage !== null}>{t('ivrs.doImport')}</Button>
      </Stack>
    </form>
  )
}

function parsed(text: string): unknown {
  try { return JSON.parse(text) } catch { return undefined }
}

function Losses({ list }: { list: Loss[] }) {
  return <List size="sm">{list.map((l, i) => <List.Item key={i}><b>{l.what}</b> ({l.where}): {l.why}{l.instead ? ` → ${l.instead}` : ''}</List.Item>)}</List>
}

/** An IVR in any format, with what that can’t say. */
export function Export({ app }: { app: App }) {
  const { t } = useTexts()
  const [to, setTo] = useState(formats.includes(app.kind) ? app.kind : 'native')
  const made = useQuery({ queryKey: ['export', app.id, to], gcTime: 0, retry: false, queryFn: async () => {
    const flow = await need(api.GET('/api/v1/apps/{app}/flow', { params: { path: { app: app.id } } }))
    return need(api.POST('/api/v1/convert', { body: { from: 'native', to, document: flow.flow, yaml: to === 'native', check: true } }))
  } })
  const text = made.data ? (typeof made.data.document === 'string' ? made.data.document : JSON.stringify(made.data.document, null, 2)) : ''
  const download = () => {
    const a = document.createElement('a')
    a.href = URL.createObjectURL(new Blob([text]))
    a.download = `${app.name.replace(/[^\p{L}\p{N}]+/gu, '-')}.${to === 'native' ? 'yaml' : to + '.json'}`
    a.click()
    URL.revokeObjectURL(a.href)
  }
  return (
    <Stack>
      <Select label={t('ivrs.exportAs')} data={formats} value={to} allowDeselect={false} onChange={(v) => setTo(v ?? 'native')} />
      {made.error && <Trouble error={made.error} />}
      {made.data && (made.data.losses?.length ? <Alert color="orange" title={t('ivrs.exportLosses')}><Losses list={made.data.losses} /></Alert> : <Text size="sm">{t('ivrs.noLosses')}</Text>)}
      {text && <><Code block mah={300} tabIndex={0} style={{ overflow: 'auto' }}>{text}</Code><Button onClick={download}>{t('ivrs.download')}</Button></>}
    </Stack>
  )
}
