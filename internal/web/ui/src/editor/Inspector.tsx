import { ActionIcon, Alert, Button, Group, Stack, Text, TextInput, Title } from '@mantine/core'
import { IconCopy, IconFlag, IconPlus, IconTrash, IconX } from '@tabler/icons-react'
import { useState } from 'react'
import { useNext } from '../parts/useNext'
import { useTexts } from '../texts'
import { Body } from './Body'
import { canDial, DialForm, dialFields } from './DialForm'
import { HoursForm } from './HoursForm'
import { StepSelect } from './StepSelect'
import { beginAt, exitsOf, pointer, renameStep, setAt, wordOf, type Doc, type Kind } from './model'

export interface Fault { pointer: string; text: string; severity: string; mend?: string }

interface Props {
  doc: Doc
  name: string
  kinds: Map<string, Kind>
  faults: Fault[]
  set: (d: Doc, name?: string) => void
  remove: () => void
  copy: () => void
  readOnly: boolean
}

/** The side panel of one step: its name, its fields, its ways on, and what is wrong with it at the place. */
export function Inspector({ doc, name, kinds, faults, set, remove, copy, readOnly }: Props) {
  const { t } = useTexts()
  const step = doc.steps[name]
  const [called, setCalled] = useState(name)
  const [key, setKey] = useState('')
  const { root, next } = useNext<HTMLDivElement>()
  const way = (at: string[]) => (r: HTMLElement) => [...r.querySelectorAll<HTMLElement>('[data-way]')].find((g) => g.dataset.way === at.join('/'))?.querySelector('input')
  const addWay = (m: string, k: string) => {
    set(setAt(doc, name, [m, k], null))
    setKey('')
    next(way([m, k]))
  }
  if (!step) return null
  const word = wordOf(step, kinds)
  const kind = kinds.get(word)
  const base = '/steps/' + pointer(name)
  const here = faults.filter((f) => f.pointer === base || f.pointer.startsWith(base + '/'))
  const at = (p: string) => here.filter((f) => f.pointer === base + p).map((f) => f.text).join(' · ')
  const steps = [{ value: '', label: t('editor.ends') }, ...Object.keys(doc.steps).map((s) => ({ value: s, label: s }))]
  const ends = exitsOf(step, kind)
  const shownAt = new Set(['', ...ends.map((e) => '/' + e.at.map(pointer).join('/'))])
  const rest = here.filter((f) => f.pointer === base || !shownAt.has(f.pointer.slice(base.length)) && !f.pointer.startsWith(`${base}/${word}`))
  return (
    <Stack gap="sm" component="section" ref={root} tabIndex={-1} style={{ outline: 'none' }} aria-label={t('editor.inspector', { name })}>
      <Group justify="space-between" wrap="nowrap">
        <Title order={2} size="h4">{word.replaceAll('_', ' ') || '?'}</Title>
        <Group gap={4} wrap="nowrap">
          <ActionIcon variant="subtle" aria-label={t('editor.copyStep')} onClick={copy}><IconCopy size={16} /></ActionIcon>
          {name !== doc.start && !readOnly && <ActionIcon variant="subtle" aria-label={t('editor.beginHere')} onClick={() => { set(beginAt(doc, name)); next((r) => r.querySelector('input')) }}><IconFlag size={16} /></ActionIcon>}
          {name !== doc.start && !readOnly && <ActionIcon variant="subtle" color="red" aria-label={t('editor.removeStep')} onClick={remove}><IconTrash size={16} /></ActionIcon>}
        </Group>
      </Group>
      {rest.map((f, i) => <Alert key={i} p="xs" color={f.severity === 'error' ? 'red' : 'yellow'} role={f.severity === 'error' ? 'alert' : undefined}><Text size="sm">{f.text}</Text>{f.mend && <Text size="xs">{f.mend}</Text>}</Alert>)}
      <TextInput label={t('editor.name')} value={called} readOnly={readOnly} onChange={(e) => setCalled(e.currentTarget.value)} error={called !== name && called in doc.steps ? t('editor.taken') : ''}
        onBlur={() => { const next = renameStep(doc, kinds, name, called.trim()); if (next !== doc) set(next, called.trim()); else setCalled(name) }} />
      <TextInput label={t('editor.label')} value={String(step.label ?? '')} readOnly={readOnly} onChange={(e) => set(setAt(doc, name, ['label'], e.currentTarget.value || undefined))} />
      {kind && <Form key={word} kind={kind} value={step[word]} set={(v) => set(setAt(doc, name, [word], v ?? null))} error={(p) => at(`/${word}${p}`)} />}
      {ends.length > 0 && <Title order={3} size="h5">{t('editor.ways')}</Title>}
      {ends.map((e) => (
        <Group key={e.at.join('/')} data-way={e.at.join('/')} gap={4} wrap="nowrap" align="flex-end">
          <StepSelect flex={1} size="xs" label={e.name} steps={steps} value={e.to} allowDeselect={false} disabled={readOnly} error={at('/' + e.at.map(pointer).join('/'))}
            onChange={(to) => set(setAt(doc, name, e.at, to ? to : e.at.length > 1 ? null : undefined))} />
          {e.at.length === 2 && <ActionIcon variant="subtle" color="red" aria-label={t('editor.dropWay', { name: e.name })} onClick={() => { set(setAt(doc, name, e.at, undefined)); next((r) => r.querySelector<HTMLElement>('[data-new]')) }}><IconX size={14} /></ActionIcon>}
        </Group>
      ))}
      {kind?.maps.map((m) => (
        <Group key={m} gap={4} align="flex-end" wrap="nowrap">
          <TextInput data-new size="xs" flex={1} label={t(m === 'keys' ? 'editor.newKey' : 'editor.newWay')} value={key} readOnly={readOnly} onChange={(e) => setKey(e.currentTarget.value)} onKeyDown={(e) => { if (e.key === 'Enter' && key.trim() && !readOnly) addWay(m, key.trim()) }} />
          <Button size="xs" variant="light" leftSection={<IconPlus size={12} />} disabled={!key.trim() || readOnly} onClick={() => addWay(m, key.trim())}>{t('editor.add')}</Button>
        </Group>
      ))}
      {word === 'gather' && !readOnly && (
        <Group gap={4} role="group" aria-label={t('editor.freeKeys')}>
          {[...'1234567890*#'].filter((k) => !(k in object(step.keys))).map((k) => (
            <Button key={k} size="compact-xs" variant="default" aria-label={t('editor.addKey', { key: k })} onClick={() => addWay('keys', k)}>{k}</Button>
          ))}
        </Group>
      )}
    </Stack>
  )
}

const object = (x: unknown): Record<string, unknown> => (typeof x === 'object' && x !== null && !Array.isArray(x) ? (x as Record<string, unknown>) : {})

/** The form of a kind of step: one made by hand for calls and opening hours, that of its schema for the others and for what is left. */
function Form({ kind, value, set, error }: { kind: Kind; value: unknown; set: (v: unknown) => void; error: (at: string) => string }) {
  const now = object(value)
  if (kind.word === 'hours') return <HoursForm value={now} set={set} error={error} />
  if (kind.word === 'dial' && canDial(now)) return <><DialForm value={now} set={set} error={error} /><Body schema={kind.body} without={dialFields} word={kind.word} value={value} set={set} error={error} /></>
  return <Body schema={kind.body} word={kind.word} value={value} set={set} error={error} />
}
