import type { Schema } from '../api/client'
import { useParties, type Choice } from '../api/parties'
import { useTexts } from '../texts'
import type { Field } from '../parts/Fields'

export type Destination = Schema<'Destination'>

/** What calls can be sent to in this account, and how it is called. */
export function useDestinations() {
  const { t } = useTexts()
  const options: Record<string, Choice[]> = useParties()
  const words = (d?: Destination): string => {
    if (!d) return t('to.nowhere')
    const known = options[d.kind]?.find((o) => o.value === d.id)?.label ?? d.id
    return `${t(`to.${d.kind}`)} ${known}`
  }
  /** Fields for a destination that the API has under a name, of the kinds that may be chosen there. */
  const fieldsOf = (name: string, kinds: readonly Destination['kind'][] = all, help?: string): Field[] => [
    { name: name + '.kind', label: help ?? t('to.kind'), kind: 'select', placeholder: t('to.nowhere'), options: kinds.map((k) => ({ value: k, label: t(`to.${k}`) })) },
    ...(['app', 'user', 'extension', 'mailbox'] as const).map((k): Field => ({ name: `${name}.id.${k}`, label: t('to.which'), kind: 'select', options: options[k], required: true, when: (v) => v[name + '.kind'] === k })),
    ...(['number', 'sip'] as const).map((k): Field => ({ name: `${name}.id.${k}`, label: t(`to.${k}`), required: true, when: (v) => v[name + '.kind'] === k })),
  ]
  return { words, fields: fieldsOf('to'), fieldsOf }
}

const all = ['app', 'user', 'extension', 'mailbox', 'number', 'sip'] as const

/** The form's values of a destination. */
export function valuesOf(d?: Destination): Record<string, unknown> {
  return d ? { 'to.kind': d.kind, ['to.id.' + d.kind]: d.id } : { 'to.kind': '' }
}

/** The destination that a form's values are; undefined = nowhere. */
export function destinationOf(v: Record<string, unknown>, name = 'to'): Destination | undefined {
  const kind = v[name + '.kind'] as Destination['kind'] | ''
  return kind ? { kind, id: String(v[`${name}.id.${kind}`] ?? '').trim() } : undefined
}
