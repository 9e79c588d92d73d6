import { ActionIcon, Button, Group, Modal, Skeleton, Stack, Table, Text } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { IconPencil, IconPlus, IconTrash } from '@tabler/icons-react'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useState, type ReactNode } from 'react'
import { useOutletContext } from 'react-router'
import { Fault } from '../api/client'
import { may, type Me } from '../api/queries'
import { useTexts } from '../texts'
import { Fields, type Field } from './Fields'
import { Page, Section } from './Page'
import { Trouble } from './Trouble'

type Values = Record<string, unknown>

export interface Column<T> { title: string; cell: (thing: T) => ReactNode }

export interface ThingsProps<T> {
  title: string
  /** A part of a page in place of a page. */
  section?: boolean
  /** What stands above the list: what the things are for. */
  intro?: ReactNode
  /** Shown while there is none: what a person does first. */
  empty: string
  query: string
  list: () => Promise<T[]>
  id: (thing: T) => string
  /** What a person calls it: in the question before it is removed. */
  name: (thing: T) => string
  columns: Column<T>[]
  fields?: Field[]
  /** Makes a thing; what it gives is shown once (a secret), or nothing. */
  create?: { label: string; values: Values; run: (v: Values) => Promise<ReactNode | void> }
  edit?: { values: (thing: T) => Values; fields?: Field[]; run: (thing: T, v: Values) => Promise<void>; only?: (thing: T) => boolean }
  remove?: (thing: T) => Promise<void>
  actions?: (thing: T) => ReactNode
  /** Stands beside the heading, where there is no form for a new thing. */
  head?: ReactNode
  /** The scope that changes need. */
  scope?: string
  /** Stands below the fields of the form. */
  extra?: (values: Values) => ReactNode
  /** Width of the form. */
  size?: string
  /** Pixels below which the list is scrolled and not made narrower. */
  narrowest?: number
  below?: ReactNode
  /** Milliseconds between readings of the list, where it changes by itself. */
  every?: number
}

/** A page that lists things of one kind, and makes, changes and removes them. */
export function Things<T>(p: ThingsProps<T>) {
  const { t } = useTexts()
  const me = useOutletContext<Me>()
  const client = useQueryClient()
  const things = useQuery({ queryKey: [p.query], queryFn: p.list, refetchInterval: p.every })
  const [form, opened] = useDisclosure(false)
  const [subject, setSubject] = useState<T | null>(null) // null = a new one
  const [doomed, setDoomed] = useState<T | null>(null)
  const [shown, setShown] = useState<ReactNode>(null)
  const writes = may(me, p.scope ?? 'config:write')
  const again = () => client.invalidateQueries({ queryKey: [p.query] })
  const begin = (thing: T | null) => { setSubject(thing); opened.open() }
  const submit = async (v: Values) => {
    if (subject) await p.edit!.run(subject, v)
    else {
      const once = await p.create!.run(v)
      if (once) setShown(once)
    }
    opened.close()
    await again()
  }
  const rows = things.data ?? []
  const Frame = p.section ? Section : Page
  return (
    <Frame title={p.title} actions={p.create ? writes && <Button leftSection={<IconPlus size={16} />} onClick={() => begin(null)}>{p.create.label}</Button> : p.head}>
      {p.intro && <Text c="dimmed" maw={720}>{p.intro}</Text>}
      {things.error && <Trouble error={things.error} again={() => void things.refetch()} />}
      {things.isPending && <Skeleton height={120} />}
      {things.data && rows.length === 0 && <Text>{p.empty}</Text>}
      {rows.length > 0 && (
        <Table.ScrollContainer minWidth={p.narrowest ?? 320} tabIndex={0} role="region" aria-label={p.title}>
          <Table verticalSpacing="xs">
            <Table.Thead><Table.Tr>
              {p.columns.map((c) => <Table.Th key={c.title}>{c.title}</Table.Th>)}
              <Table.Th><span className="sr-only">{t('things.actions')}</span></Table.Th>
            </Table.Tr></Table.Thead>
            <Table.Tbody>
              {rows.map((thing) => (
                <Table.Tr key={p.id(thing)}>
                  {p.columns.map((c) => <Table.Td key={c.title}>{c.cell(thing)}</Table.Td>)}
                  <Table.Td>
                    <Group gap={4} justify="flex-end" wrap="nowrap">
                      {p.actions?.(thing)}
                      {writes && p.edit && (p.edit.only?.(thing) ?? true) && (
                        <ActionIcon variant="subtle" aria-label={t('things.edit', { name: p.name(thing) })} onClick={() => begin(thing)}><IconPencil size={16} /></ActionIcon>
                      )}
                      {writes && p.remove && (
                        <ActionIcon variant="subtle" color="red" aria-label={t('things.remove', { name: p.name(thing) })} onClick={() => setDoomed(thing)}><IconTrash size={16} /></ActionIcon>
                      )}
                    </Group>
                  </Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      )}
      {p.below}
      <Modal opened={form} onClose={opened.close} size={p.size} title={subject ? t('things.edit', { name: p.name(subject) }) : p.create?.label} closeButtonProps={{ 'aria-label': t('things.close') }}>
        {form && (
          <Fields fields={(subject ? p.edit?.fields : undefined) ?? p.fields ?? []} initial={subject ? p.edit!.values(subject) : (p.create?.values ?? {})}
            extra={p.extra} submit={submit} cancel={opened.close} label={subject ? t('things.save') : (p.create?.label ?? '')} />
        )}
      </Modal>
      <Remove thing={doomed} name={doomed ? p.name(doomed) : ''} close={() => setDoomed(null)} run={async () => {
        await p.remove!(doomed!)
        await again()
      }} />
      <Modal opened={shown !== null} onClose={() => setShown(null)} title={t('things.once')} size="lg" closeButtonProps={{ 'aria-label': t('things.close') }}>
        <Stack>{shown}<Button onClick={() => setShown(null)}>{t('things.noted')}</Button></Stack>
      </Modal>
    </Frame>
  )
}

/** Asks before something is taken away; thing null = nobody is asked. */
export function Remove({ thing, name, close, run }: { thing: unknown; name: string; close: () => void; run: () => Promise<void> }) {
  const { t } = useTexts()
  const [fault, setFault] = useState<unknown>(null)
  const [busy, setBusy] = useState(false)
  const leave = () => { setFault(null); close() }
  const go = async () => {
    setBusy(true)
    try {
      await run()
      leave()
    } catch (e) {
      setFault(e instanceof Fault ? e : new Fault(0, { detail: String(e) }))
    } finally {
      setBusy(false)
    }
  }
  return (
    <Modal opened={thing !== null} onClose={leave} title={t('things.removeTitle', { name })} closeButtonProps={{ 'aria-label': t('things.close') }}>
      <Stack>
        {fault !== null && <Trouble error={fault} />}
        <Text>{t('things.removeText')}</Text>
        <Group justify="flex-end">
          <Button variant="default" onClick={leave}>{t('things.cancel')}</Button>
          <Button color="red" loading={busy} onClick={() => void go()}>{t('things.removeNow')}</Button>
        </Group>
      </Stack>
    </Modal>
  )
}
