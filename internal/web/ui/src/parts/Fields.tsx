import { Alert, Button, Group, NumberInput, PasswordInput, Select, Stack, Switch, TagsInput, Textarea, TextInput, MultiSelect } from '@mantine/core'
import { useState, type ReactNode } from 'react'
import { Fault } from '../api/client'
import { useTexts } from '../texts'
import { Working } from './Working'

/** One field of a form. name is that of the API, "to.id" for one within another, so that the server's messages find their place. */
export interface Field {
  name: string
  label: string
  help?: string
  kind?: 'text' | 'long' | 'secret' | 'number' | 'switch' | 'select' | 'many' | 'tags' | 'own'
  options?: { value: string; label: string }[]
  required?: boolean
  placeholder?: string
  /** Of kind own: what is shown. errors are the server's, by their place within the field: "[0].date". */
  render?: (value: unknown, set: (v: unknown) => void, errors: Record<string, string>) => ReactNode
  /** Whether it is shown, as the other values are now. */
  when?: (values: Record<string, unknown>) => boolean
}

interface Props {
  fields: Field[]
  initial: Record<string, unknown>
  submit: (values: Record<string, unknown>) => Promise<void>
  cancel?: () => void
  /** Told of the values when one has changed. */
  changed?: (values: Record<string, unknown>) => void
  label: string
  /** Stands below the fields: what the values come to. */
  extra?: (values: Record<string, unknown>) => ReactNode
}

/** A form whose faults are the server's, each at its field; those without a field stand above. */
export function Fields({ fields, initial, submit, cancel, changed, label, extra }: Props) {
  const { t } = useTexts()
  const [values, setValues] = useState(initial)
  const [errors, setErrors] = useState<Record<string, string>>({})
  const [fault, setFault] = useState<Fault | null>(null)
  const [places, setPlaces] = useState<Record<string, string>>({})
  const [busy, setBusy] = useState(false)
  const shown = fields.filter((f) => !f.when || f.when(values))
  const send = async () => {
    setBusy(true)
    setFault(null)
    setErrors({})
    setPlaces({})
    try {
      await submit(Object.fromEntries(Object.entries(values).filter(([k]) => shown.some((f) => f.name === k))))
    } catch (e) {
      const f = e instanceof Fault ? e : new Fault(0, { detail: String(e) })
      const found: Record<string, string> = {}
      let rest = false
      for (const [at, words] of Object.entries(f.fields())) {
        const field = shown.find((s) => at === s.name) ?? shown.find((s) => at.startsWith(s.name + '.') || at.startsWith(s.name + '[') || s.name.startsWith(at + '.'))
        if (field) found[field.name] = words
        else rest = true
      }
      setErrors(found)
      setPlaces(f.fields())
      if (rest || Object.keys(found).length === 0) setFault(f)
    } finally {
      setBusy(false)
    }
  }
  return (
    <form onSubmit={(e) => { e.preventDefault(); void send() }}>
      <Stack>
        {fault && <Alert color="red" role="alert">{fault.status === 0 ? t('app.offline') : [fault.message, ...(fault.problem.errors ?? []).map((e) => e.message)].join(' · ')}</Alert>}
        {shown.map((f, i) => (
          <One key={f.name} first={i === 0} field={f} value={values[f.name]} error={errors[f.name]} places={places} set={(v) => {
            setValues((all) => ({ ...all, [f.name]: v }))
            changed?.({ ...values, [f.name]: v })
            setErrors(({ [f.name]: _, ...others }) => others)
          }} />
        ))}
        {extra?.(values)}
        {busy && <Working what={label} />}
        <Group justify="flex-end">
          {cancel && <Button variant="default" onClick={cancel}>{t('things.cancel')}</Button>}
          <Button type="submit" loading={busy}>{label}</Button>
        </Group>
      </Stack>
    </form>
  )
}

function One({ first, field: f, value, error, places, set }: { first: boolean; field: Field; value: unknown; error?: string; places: Record<string, string>; set: (v: unknown) => void }) {
  const common = { label: f.label, description: f.help, required: f.required, error, 'data-autofocus': first || undefined }
  const text = typeof value === 'string' ? value : ''
  switch (f.kind) {
    case 'own':
      return f.render?.(value, set, Object.fromEntries(Object.entries(places).filter(([at]) => at === f.name || at.startsWith(f.name + '[')).map(([at, words]) => [at.slice(f.name.length), words])))
    case 'long':
      return <Textarea {...common} autosize minRows={3} value={text} onChange={(e) => set(e.currentTarget.value)} />
    case 'secret':
      return <PasswordInput {...common} value={text} autoComplete="new-password" onChange={(e) => set(e.currentTarget.value)} />
    case 'number':
      return <NumberInput {...common} value={typeof value === 'number' ? value : ''} onChange={(v) => set(v === '' ? undefined : Number(v))} />
    case 'switch':
      return <Switch label={f.label} description={f.help} error={error} checked={value === true} onChange={(e) => set(e.currentTarget.checked)} />
    case 'select':
      return <Select {...common} data={f.options ?? []} value={text || null} searchable={(f.options?.length ?? 0) > 8} clearable={!f.required} allowDeselect={!f.required} onChange={(v) => set(v ?? '')} placeholder={f.placeholder} />
    case 'many':
      return <MultiSelect {...common} data={f.options ?? []} value={Array.isArray(value) ? (value as string[]) : []} searchable onChange={set} />
    case 'tags':
      return <TagsInput {...common} value={Array.isArray(value) ? (value as string[]) : []} onChange={set} placeholder={f.placeholder} />
    default:
      return <TextInput {...common} value={text} placeholder={f.placeholder} onChange={(e) => set(e.currentTarget.value)} />
  }
}
