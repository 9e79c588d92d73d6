import { ActionIcon, Badge, Table, Text } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { IconEye, IconRefresh, IconSend } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useOutletContext } from 'react-router'
import { api, need, type Schema } from '../api/client'
import { may, queries, type Me } from '../api/queries'
import { Section } from '../parts/Page'
import { Secrets } from '../parts/Secret'
import { Things } from '../parts/Things'
import { Trouble } from '../parts/Trouble'
import { useTexts } from '../texts'
import { Delivery } from './Delivery'
import { NewSecret, VendorHooks } from './VendorHooks'

type Webhook = Schema<'Webhook'>

export default function Webhooks() {
  const { t } = useTexts()
  const me = useOutletContext<Me>()
  const [renewed, setRenewed] = useState<Webhook | null>(null)
  const input = (v: Record<string, unknown>) => v as Schema<'WebhookInput'>
  const test = async (w: Webhook) => {
    try {
      await need(api.POST('/api/v1/webhooks/{webhook}/test', { params: { path: { webhook: w.id } } }))
      notifications.show({ message: t('webhooks.tested') })
    } catch (e) {
      notifications.show({ message: String(e instanceof Error ? e.message : e), color: 'red' })
    }
    await queries.invalidateQueries({ queryKey: ['deliveries'] })
  }
  return (
    <Things<Webhook> title={t('webhooks.title')} intro={t('webhooks.intro')} empty={t('webhooks.empty')} query="webhooks"
      list={async () => (await need(api.GET('/api/v1/webhooks'))).items ?? []} id={(w) => String(w.id)} name={(w) => w.url}
      columns={[
        { title: t('webhooks.url'), cell: (w) => <><Text style={{ overflowWrap: 'anywhere' }}>{w.url}</Text>{w.description && <Text size="sm" c="dimmed">{w.description}</Text>}</> },
        { title: t('webhooks.events'), cell: (w) => w.events?.join(', ') },
        { title: t('webhooks.state'), cell: (w) => <><Badge color={w.enabled ? 'green' : 'gray'} variant="light">{t(w.enabled ? 'webhooks.on' : 'webhooks.off')}</Badge>{w.words && <Text size="sm">{w.words}</Text>}</> },
      ]}
      fields={[
        { name: 'url', label: t('webhooks.url'), required: true, placeholder: 'https://' },
        { name: 'events', label: t('webhooks.events'), help: t('webhooks.eventsHelp'), kind: 'tags' },
        { name: 'description', label: t('webhooks.description') },
        { name: 'enabled', label: t('webhooks.enabled'), kind: 'switch' },
      ]}
      create={{ label: t('webhooks.add'), values: { url: '', events: ['call.*'], description: '', enabled: true }, run: async (v) => {
        const made = await need(api.POST('/api/v1/webhooks', { body: input(v) }))
        return <Secrets values={[[t('webhooks.secret'), made.secret]]} />
      } }}
      edit={{ values: (w) => ({ url: w.url, events: w.events ?? [], description: w.description ?? '', enabled: w.enabled }), run: async (w, v) => {
        await need(api.PUT('/api/v1/webhooks/{webhook}', { params: { path: { webhook: w.id } }, body: input(v) }))
      } }}
      remove={async (w) => { await need(api.DELETE('/api/v1/webhooks/{webhook}', { params: { path: { webhook: w.id } } })) }}
      actions={(w) => may(me, 'config:write') && <>
        <ActionIcon variant="subtle" aria-label={t('webhooks.test', { name: w.url })} onClick={() => void test(w)}><IconSend size={16} /></ActionIcon>
        <ActionIcon variant="subtle" aria-label={t('webhooks.rotate', { name: w.url })} onClick={() => setRenewed(w)}><IconRefresh size={16} /></ActionIcon>
      </>}
      below={<>
        <Deliveries />
        <VendorHooks />
        <NewSecret name={renewed?.url ?? ''} close={() => setRenewed(null)} run={async () => (await need(api.POST('/api/v1/webhooks/{webhook}/rotate', { params: { path: { webhook: renewed!.id } }, body: { overlap_seconds: 86_400 } }))).secret} />
      </>} />
  )
}

/** What was sent, with every attempt: the inspector. */
function Deliveries() {
  const { t, language } = useTexts()
  const list = useQuery({ queryKey: ['deliveries'], refetchInterval: 5_000, queryFn: async () => (await need(api.GET('/api/v1/deliveries', { params: { query: { limit: 50 } } }))).items ?? [] })
  const [open, setOpen] = useState<string | null>(null)
  const color = { delivered: 'green', queued: 'blue', dead: 'red' } as const
  return (
    <Section title={t('webhooks.deliveries')}>
      {list.error && <Trouble error={list.error} again={() => void list.refetch()} />}
      {list.data?.length === 0 && <Text>{t('webhooks.deliveriesEmpty')}</Text>}
      {!!list.data?.length && (
        <Table.ScrollContainer minWidth={420} tabIndex={0} role="region" aria-label={t('webhooks.deliveries')}>
          <Table>
            <Table.Tbody>
              {list.data.map((d) => (
                <Table.Tr key={d.id}>
                  <Table.Td>{d.created ? new Date(d.created).toLocaleString(language) : ''}</Table.Td>
                  <Table.Td>{d.type || d.purpose}<Text size="xs" c="dimmed" style={{ overflowWrap: 'anywhere' }}>{d.url}</Text></Table.Td>
                  <Table.Td><Badge variant="light" color={color[d.state]}>{t(`webhooks.${d.state}`)}</Badge>{d.words && <Text size="xs">{d.words}</Text>}</Table.Td>
                  <Table.Td ta="right"><ActionIcon variant="subtle" aria-label={t('webhooks.look', { id: d.id })} onClick={() => setOpen(d.id)}><IconEye size={16} /></ActionIcon></Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      )}
      <Delivery id={open} close={() => setOpen(null)} />
    </Section>
  )
}
