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
  const kinds = ['app', 'user', 'extension', 'mailbox', 'number', 'sip'] as const
  const fields: Field[] = [
    { name: 'to.kind', label: t('to.kind'), kind: 'select', placeholder: t('to.nowhere'), options: kinds.map((k) => ({ value: k, label: t(`to.${k}`) })) },
    ...(['app', 'user', 'extension', 'mailbox'] as const).map((k): Field => ({ name: 'to.id.' + k, label: t('to.which'), kind: 'select', options: options[k], required: true, when: (v) => v['to.kind'] === k })),
    ...(['number', 'sip'] as const).map((k): Field => ({ name: 'to.id.' + k, label: t(`to.${k}`), required: true, when: (v) => v['to.kind'] === k })),
  ]
  return { words, fields }
}

/** The form's values of a destination. */
export function valuesOf(d?: Destination): Record<string, unknown> {
  return d ? { 'to.kind': d.kind, ['to.id.' + d.kind]: d.id } : { 'to.kind': '' }
}

/** The destination that a form's values are; undefined = nowhere. */
export function destinationOf(v: Record<string, unknown>): Destination | undefined {
  const kind = v['to.kind'] as Destination['kind'] | ''
  return kind ? { kind, id: String(v['to.id.' + kind] ?? '').trim() } : undefined
}
