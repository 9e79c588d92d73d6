import { Anchor, Select, Stack, Tabs, Text } from '@mantine/core'
import { useState } from 'react'
import { useOutletContext } from 'react-router'
import { api, need, type Schema } from '../api/client'
import type { Me } from '../api/queries'
import { Page, Section } from '../parts/Page'
import { Secrets, Snippet } from '../parts/Secret'
import { Things } from '../parts/Things'
import { useTexts } from '../texts'
import { samples, vendors, type Vendor } from './samples'
import { filled } from './Trunks'

export default function Access() {
  const { t, language } = useTexts()
  const me = useOutletContext<Me>()
  const day = (s?: string) => (s ? new Date(s).toLocaleDateString(language) : t('things.never'))
  const mine = (me.scopes ?? []).map((s) => ({ value: s, label: s }))
  return (
    <Page title={t('access.title')}>
      <Anchor href="/docs/api">{t('access.explorer')}</Anchor>
      <Things<Schema<'Key'>> section title={t('access.keys')} empty={t('access.keysEmpty')} query="keys"
        list={async () => (await need(api.GET('/api/v1/keys'))).items ?? []} id={(k) => k.id} name={(k) => k.name}
        columns={[
          { title: t('access.keyName'), cell: (k) => k.name },
          { title: t('access.scopes'), cell: (k) => <Text size="sm">{k.scopes?.join(', ')}</Text> },
          { title: t('access.used'), cell: (k) => day(k.used) },
          { title: t('access.expires'), cell: (k) => day(k.expires) },
        ]}
        fields={[
          { name: 'name', label: t('access.keyName'), required: true },
          { name: 'scopes', label: t('access.scopes'), kind: 'many', options: mine },
        ]}
        create={{ label: t('access.keyAdd'), values: { name: '', scopes: mine.map((s) => s.value).filter((s) => s !== 'operator') }, run: async (v) => {
          const made = await need(api.POST('/api/v1/keys', { body: v as Schema<'KeyInput'> }))
          return <Secrets values={[[t('access.secret'), made.secret]]} />
        } }}
        remove={async (k) => { await need(api.DELETE('/api/v1/keys/{key}', { params: { path: { key: k.id } } })) }} />
      <Things<Schema<'Credential'>> section title={t('access.vendors')} intro={t('access.vendorsIntro')} empty={t('access.vendorsEmpty')} query="credentials"
        list={async () => (await need(api.GET('/api/v1/credentials'))).items ?? []} id={(c) => c.id} name={(c) => `${c.for} ${c.name}`}
        columns={[
          { title: t('access.vendor'), cell: (c) => c.for },
          { title: t('access.public'), cell: (c) => <Text size="sm" style={{ overflowWrap: 'anywhere' }}>{c.name}</Text> },
          { title: t('access.used'), cell: (c) => day(c.used) },
        ]}
        fields={[
          { name: 'for', label: t('access.vendor'), kind: 'select', required: true, options: vendors.map((x) => ({ value: x.id, label: x.name })) },
          { name: 'type', label: t('access.type'), kind: 'select', options: ['trusted', 'password', 'public'].map((x) => ({ value: x, label: x })), when: (v) => v.for === 'telphin' },
        ]}
        create={{ label: t('access.vendorAdd'), values: { for: 'sonetel', type: '' }, run: async (v) => {
          const made = await need(api.POST('/api/v1/credentials', { body: filled(v) as Schema<'CredentialInput'> }))
          return <Secrets values={Object.entries(made.fields as Record<string, string>)} />
        } }}
        remove={async (c) => { await need(api.DELETE('/api/v1/credentials/{credential}', { params: { path: { credential: c.id } } })) }} />
      <Samples />
    </Page>
  )
}

/** What a person copies to begin: each vendor's log-in and first request, in four languages. */
function Samples() {
  const { t } = useTexts()
  const [vendor, setVendor] = useState<Vendor>('tandem')
  const all = samples(vendor, location.origin)
  return (
    <Section title={t('access.samples')}>
      <Text c="dimmed">{t('access.samplesText')}</Text>
      <Select label={t('access.vendor')} w={220} allowDeselect={false} value={vendor} onChange={(v) => setVendor((v ?? 'tandem') as Vendor)}
        data={[{ value: 'tandem', label: 'Tandem' }, ...vendors.map((x) => ({ value: x.id, label: x.name }))]} />
      <Tabs defaultValue="curl">
        <Tabs.List>{Object.keys(all).map((l) => <Tabs.Tab key={l} value={l}>{l}</Tabs.Tab>)}</Tabs.List>
        {Object.entries(all).map(([l, text]) => <Tabs.Panel key={l} value={l} pt="xs"><Stack><Snippet label={l} text={text} /></Stack></Tabs.Panel>)}
      </Tabs>
    </Section>
  )
}
