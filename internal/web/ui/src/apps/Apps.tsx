import { ActionIcon, Anchor, Badge, Button, Group, Modal, Text } from '@mantine/core'
import { IconDownload } from '@tabler/icons-react'
import { useState } from 'react'
import { Link, useNavigate, useOutletContext } from 'react-router'
import { api, need, type Schema } from '../api/client'
import { may, type Me } from '../api/queries'
import { Things } from '../parts/Things'
import { useTexts } from '../texts'
import { Export, Import } from './Files'

const begin: Record<string, unknown> = {
  menu: { flow: 1, start: 'menu', steps: {
    menu: { gather: { prompts: [{ say: 'Welcome. For sales press 1, for support press 2.' }], barge_in: true, first_digit: '5s' }, keys: { 1: 'sales', 2: 'support' }, invalid: 'menu', no_input: 'bye' },
    sales: { play: { prompts: [{ say: 'You have reached sales.' }] }, then: 'bye' }, support: { play: { prompts: [{ say: 'You have reached support.' }] }, then: 'bye' }, bye: { hang_up: null },
  } },
  message: { flow: 1, start: 'hello', steps: { hello: { play: { prompts: [{ say: 'Thank you for calling.' }] }, then: 'bye' }, bye: { hang_up: null } } },
  mailbox: { flow: 1, start: 'hello', steps: { hello: { play: { prompts: [{ say: 'Please leave a message after the tone.' }] }, then: 'message' },
    message: { record: { purpose: 'voicemail', beep: true, finish: '#', max_length: '2m' }, recorded: 'bye' }, bye: { hang_up: null } } },
  empty: { flow: 1, start: 'bye', steps: { bye: { hang_up: null } } },
}

/** The account's IVRs, in whatever language they are. */
export default function Apps() {
  const { t } = useTexts()
  const go = useNavigate()
  const me = useOutletContext<Me>()
  const [importing, setImporting] = useState(false)
  const [exported, show] = useState<Schema<'App'> | null>(null)
  return (
    <>
    <Things<Schema<'App'>> title={t('apps.title')} intro={t('apps.intro')} empty={t('apps.empty')} query="applist" scope="apps:write" every={5_000}
      actions={(a) => <ActionIcon variant="subtle" aria-label={t('ivrs.export', { name: a.name })} onClick={() => show(a)}><IconDownload size={16} /></ActionIcon>}
      below={may(me, 'apps:write') && <Group><Button variant="default" onClick={() => setImporting(true)}>{t('ivrs.import')}</Button></Group>}
      list={async () => (await need(api.GET('/api/v1/apps'))).items ?? []} id={(a) => a.id} name={(a) => a.name}
      columns={[
        { title: t('things.name'), cell: (a) => <Anchor component={Link} to={'/apps/' + a.id}>{a.name}</Anchor> },
        { title: t('apps.kind'), cell: (a) => <><Badge variant="light" tt="none">{a.kind}</Badge> <Text span size="sm" c="dimmed">{a.type}</Text></> },
        { title: t('apps.shortcode'), cell: (a) => a.shortcode ?? '' },
      ]}
      fields={[
        { name: 'name', label: t('things.name'), required: true },
        { name: 'template', label: t('apps.template'), kind: 'select', required: true, options: (['menu', 'message', 'mailbox', 'empty'] as const).map((k) => ({ value: k, label: t(`apps.template.${k}`) })) },
      ]}
      create={{ label: t('apps.add'), values: { name: '', template: 'menu' }, run: async (v) => {
        await need(api.POST('/api/v1/apps', { body: { kind: 'native', name: String(v.name), document: begin[String(v.template)], publish: v.template !== 'empty' } as Schema<'AppInput'> }))
      } }}
      edit={{ values: (a) => ({ name: a.name }), fields: [{ name: 'name', label: t('things.name'), required: true }], run: async (a, v) => {
        await need(api.PATCH('/api/v1/apps/{app}', { params: { path: { app: a.id } }, body: { name: String(v.name) } }))
      } }}
      remove={async (a) => { await need(api.DELETE('/api/v1/apps/{app}', { params: { path: { app: a.id } } })) }} />
    <Modal opened={importing} onClose={() => setImporting(false)} title={t('ivrs.import')} closeButtonProps={{ 'aria-label': t('things.close') }}>
      {importing && <Import done={(id) => void go('/apps/' + id)} />}
    </Modal>
    <Modal opened={exported !== null} onClose={() => show(null)} title={exported ? t('ivrs.export', { name: exported.name }) : ''} size="lg" closeButtonProps={{ 'aria-label': t('things.close') }}>
      {exported && <Export app={exported} />}
    </Modal>
    </>
  )
}
