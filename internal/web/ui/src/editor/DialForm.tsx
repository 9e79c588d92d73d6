import { ActionIcon, Button, Group, Select, Stack, Text, TextInput } from '@mantine/core'
import { IconPlus, IconX } from '@tabler/icons-react'
import { useTexts } from '../texts'
import { titleOf } from '../flow/words'
import { useNames } from './names'

type Body = Record<string, unknown>

/** The ways to say who is called. */
const targets = ['extension', 'user', 'number', 'sip', 'group', 'app', 'mailbox', 'phones', 'dialled'] as const

const targetOf = (b: Body): string => targets.find((k) => k in b) ?? ''

/** Whether the form can show a dial; one with a destination of another form is edited by its schema. */
export const canDial = (b: Body): boolean => targetOf(b) !== '' && (b.also === undefined || (Array.isArray(b.also) && b.also.every((x) => typeof x === 'object' && x !== null && targetOf(x as Body) !== '' && Object.keys(x as Body).length === 1)))

/** The fields of a dial that its form shows; the others follow by their schema. */
export const dialFields = [...targets, 'to', 'also', 'strategy', 'ring_time', 'caller_id']

/** Who is called, in which order, for how long, and what they see. */
export function DialForm({ value, set, error }: { value: Body; set: (v: unknown) => void; error: (at: string) => string }) {
  const { t } = useTexts()
  const also = (value.also as Body[] | undefined) ?? []
  const put = (change: Body) => set(Object.fromEntries(Object.entries({ ...value, ...change }).filter(([, v]) => v !== undefined && v !== '')))
  const several = also.length > 0 || 'group' in value
  const kind = targetOf(value)
  return (
    <Stack gap="xs">
      <Text size="sm" fw={500}>{t('editor.dial.who')}</Text>
      <Target n={1} value={value} error={error(`/${kind}`)} set={(k, id) => set({ ...Object.fromEntries(Object.entries(value).filter(([f]) => f !== kind)), [k]: id })} />
      {also.map((x, i) => (
        <Group key={i} gap={4} wrap="nowrap" align="flex-end">
          <div style={{ flex: 1 }}><Target n={i + 2} value={x} error={error(`/also/${i}`) || error(`/also/${i}/${targetOf(x)}`)} set={(k, id) => put({ also: also.map((y, j) => (j === i ? { [k]: id } : y)) })} /></div>
          <ActionIcon variant="subtle" color="red" aria-label={t('editor.dial.drop', { n: i + 2 })} onClick={() => put({ also: also.length > 1 ? also.filter((_, j) => j !== i) : undefined })}><IconX size={14} /></ActionIcon>
        </Group>
      ))}
      <Button size="compact-xs" variant="light" leftSection={<IconPlus size={12} />} onClick={() => put({ also: [...also, { extension: '' }] })}>{t('editor.dial.add')}</Button>
      {several && <Select label={t('editor.dial.order')} clearable data={['all', 'in turn', 'random', 'rotating'].map((v) => ({ value: v, label: t(`editor.dial.${v}` as 'editor.dial.all') }))} value={typeof value.strategy === 'string' ? value.strategy : null} onChange={(v) => put({ strategy: v ?? undefined })} error={error('/strategy')} />}
      <TextInput label={t('editor.dial.time')} description={t('editor.dial.timeHelp')} placeholder="20s" value={String(value.ring_time ?? '')} onChange={(e) => put({ ring_time: e.currentTarget.value })} error={error('/ring_time')} />
      <TextInput label={t('editor.dial.caller')} description={t('editor.dial.callerHelp')} placeholder="+46…" value={String(value.caller_id ?? '')} onChange={(e) => put({ caller_id: e.currentTarget.value })} error={error('/caller_id')} />
    </Stack>
  )
}

function Target({ n, value, set, error }: { n: number; value: Body; set: (kind: string, id: string) => void; error: string }) {
  const { t, language } = useTexts()
  const names = useNames()
  const kind = targetOf(value)
  const id = String(value[kind] ?? '')
  const known = names[kind]
  return (
    <Group gap={4} wrap="nowrap" align="flex-start">
      <Select size="xs" flex={1} aria-label={t('editor.dial.kind', { n })} allowDeselect={false} data={targets.map((k) => ({ value: k, label: titleOf(k, language) }))} value={kind} onChange={(k) => set(k ?? 'extension', '')} />
      {known?.length && (id === '' || known.some((o) => o.value === id))
        ? <Select size="xs" flex={1} aria-label={t('editor.dial.target', { n })} searchable data={known} value={id || null} onChange={(v) => set(kind, v ?? '')} error={error} />
        : <TextInput size="xs" flex={1} aria-label={t('editor.dial.target', { n })} value={id} onChange={(e) => set(kind, e.currentTarget.value)} error={error} />}
    </Group>
  )
}
