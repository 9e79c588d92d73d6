import { ActionIcon, Button, Group, JsonInput, Paper, Select, Stack, Switch, TextInput } from '@mantine/core'
import { IconPlus, IconX } from '@tabler/icons-react'
import { useState } from 'react'
import { useTexts } from '../texts'
import { useNext } from '../parts/useNext'
import { helpOf } from '../flow/words'
import { useNames } from './names'

type Schema = Record<string, unknown>
const object = (x: unknown): Schema => (typeof x === 'object' && x !== null && !Array.isArray(x) ? (x as Schema) : {})
const called = (k: string) => k.replaceAll('_', ' ')

/** The form of what is behind a step's word, as its schema has it. What no field can show is edited as JSON. */
export function Body({ schema, value, set, word, error, without = [] }: { schema: Schema; value: unknown; set: (v: unknown) => void; word: string; error: (at: string) => string; without?: string[] }) {
  const { t } = useTexts()
  const names = useNames()
  const shape = ((schema.anyOf as Schema[] | undefined) ?? [schema]).find((s) => s.type === 'object')
  const properties = object(shape?.properties)
  if (Array.isArray(value) && properties.prompts) return <Prompts label={t('editor.prompts')} value={value} set={set} error={error('')} />
  if (!shape || Object.keys(properties).length === 0) {
    if (value === null || value === undefined || typeof value === 'object') return Object.keys(object(value)).length || schema.additionalProperties ? <Raw label={called(word)} value={value} set={set} error={error('')} /> : null
    const known = word === 'goto' || word === 'subflow' ? names.app : undefined
    if (known?.length && (value === '' || known.some((o) => o.value === value))) return <Select label={called(word)} searchable allowDeselect={false} data={known} value={String(value) || null} onChange={(v) => set(v ?? '')} error={error('')} />
    return <TextInput label={called(word)} value={String(value)} onChange={(e) => set(e.currentTarget.value)} error={error('')} />
  }
  const now = object(value)
  const put = (k: string, v: unknown) => {
    const next = { ...now }
    if (v === undefined || v === '') delete next[k]
    else next[k] = v
    set(Object.keys(next).length ? next : null)
  }
  const fields = Object.entries(properties).filter(([k]) => !without.includes(k)).sort(([a], [b]) => Number(b === 'prompts') - Number(a === 'prompts')) // what is heard comes first
  return <Stack gap="xs">{fields.map(([k, p]) => <One key={k} name={k} schema={object(p)} value={now[k]} set={(v) => put(k, v)} error={error('/' + k)} />)}</Stack>
}

function One({ name, schema, value, set, error }: { name: string; schema: Schema; value: unknown; set: (v: unknown) => void; error: string }) {
  const { t, language } = useTexts()
  const help = helpOf(name, language)
  const names = useNames()
  const label = called(name)
  const known = names[name]
  if (object(schema.items).$ref === '#/$defs/prompt') return <Prompts label={label} value={Array.isArray(value) ? value : []} set={(v) => set(v.length ? v : undefined)} error={error} />
  if (schema.type === 'boolean') return <Switch label={label} description={help} checked={value === true} onChange={(e) => set(e.currentTarget.checked || undefined)} error={error} />
  if (Array.isArray(schema.enum)) return <Select label={label} description={help} clearable data={schema.enum.map(String)} value={typeof value === 'string' ? value : null} onChange={(v) => set(v ?? undefined)} error={error} />
  if (known && (value === undefined || known.some((o) => o.value === String(value)))) return <Select label={label} description={help} clearable searchable data={known} value={value === undefined ? null : String(value)} onChange={(v) => set(v ?? undefined)} error={error} />
  const duration = schema.$ref === '#/$defs/duration'
  if (duration || typeof value === 'string' || typeof value === 'number' || JSON.stringify(schema.type ?? '').includes('string')) {
    if (typeof value !== 'object' || value === null) {
      return <TextInput label={label} placeholder={duration ? '5s' : undefined} description={help} value={value === undefined || value === null ? '' : String(value)}
        onChange={(e) => set(schema.type === 'integer' && /^\d+$/.test(e.currentTarget.value) ? Number(e.currentTarget.value) : e.currentTarget.value)} error={error} />
    }
  }
  if (schema.type === 'integer' || schema.type === 'number') {
    return <TextInput label={label} description={help} inputMode="numeric" value={value === undefined ? '' : String(value)} onChange={(e) => set(e.currentTarget.value === '' ? undefined : Number(e.currentTarget.value) || e.currentTarget.value)} error={error} />
  }
  return <Raw help={help} label={`${label} (${t('editor.json')})`} value={value} set={set} error={error} />
}

/** Anything, as JSON; it is taken over when it can be read. */
export function Raw({ label, help, value, set, error }: { label: string; help?: string; value: unknown; set: (v: unknown) => void; error?: string }) {
  const { t } = useTexts()
  const [text, setText] = useState(value === undefined ? '' : JSON.stringify(value, null, 1))
  const [bad, setBad] = useState(false)
  return (
    <JsonInput label={label} description={help} autosize minRows={1} maxRows={12} value={text} error={bad ? t('editor.noJson') : error} onChange={(s) => {
      setText(s)
      try {
        set(s.trim() === '' ? undefined : (JSON.parse(s) as unknown))
        setBad(false)
      } catch {
        setBad(true)
      }
    }} />
  )
}

const promptKinds = ['say', 'sound', 'phrase', 'tone', 'silence', 'url', 'digits', 'number', 'date', 'time', 'recording'] as const

/** Prompts in their order, each a text, a sound or something else. */
function Prompts({ label, value, set, error }: { label: string; value: unknown[]; set: (v: unknown[]) => void; error?: string }) {
  const { t } = useTexts()
  const names = useNames()
  const { root, next } = useNext<HTMLDivElement>()
  const add = (r: HTMLElement) => r.querySelector<HTMLElement>('[data-add]')
  const put = (i: number, p: unknown) => set(value.map((x, j) => (j === i ? p : x)))
  return (
    <Stack gap={6} role="group" ref={root} aria-label={label}>
      <span style={{ fontWeight: 500, fontSize: 14 }}>{label}</span>
      {value.map((p, i) => {
        const prompt = object(p)
        const kind = promptKinds.find((k) => k in prompt)
        return (
          <Paper key={i} withBorder p={6}>
            {kind ? (
              <Stack gap={4}>
                <Group gap={4} wrap="nowrap">
                  <Select aria-label={t('editor.promptKind', { n: i + 1 })} size="xs" flex={1} allowDeselect={false} data={[...promptKinds]} value={kind} onChange={(k) => put(i, { [k ?? 'say']: k === 'tone' ? 'beep' : k === 'silence' ? '1s' : '' })} />
                  <ActionIcon variant="subtle" color="red" aria-label={t('editor.dropPrompt', { n: i + 1 })} onClick={() => { set(value.filter((_, j) => j !== i)); next(add) }}><IconX size={14} /></ActionIcon>
                </Group>
                {kind === 'sound' && names.sound?.length
                  ? <Select aria-label={t('editor.prompt', { n: i + 1 })} size="xs" searchable data={names.sound} value={String(prompt.sound ?? '')} onChange={(v) => put(i, { ...prompt, sound: v ?? '' })} />
                  : <TextInput data-prompt={i} aria-label={t('editor.prompt', { n: i + 1 })} size="xs" value={String(prompt[kind] ?? '')} onChange={(e) => put(i, { ...prompt, [kind]: e.currentTarget.value })} />}
              </Stack>
            ) : <Raw label={t('editor.prompt', { n: i + 1 })} value={p} set={(v) => put(i, v)} />}
          </Paper>
        )
      })}
      <Button data-add size="compact-xs" variant="light" leftSection={<IconPlus size={12} />} onClick={() => { set([...value, { say: '' }]); next((r) => r.querySelector<HTMLElement>(`[data-prompt="${value.length}"]`)) }}>{t('editor.addPrompt')}</Button>
      {error && <span role="alert" style={{ color: 'var(--mantine-color-error)', fontSize: 12 }}>{error}</span>}
    </Stack>
  )
}
