import { Badge } from '@mantine/core'
import { api, need, type Schema } from '../api/client'
import { Things } from '../parts/Things'
import { useTexts } from '../texts'

type Trunk = Schema<'Trunk'>

export default function Trunks() {
  const { t } = useTexts()
  const state = (k: Trunk) => (k.register ? k.state || t('trunks.untried') : t('trunks.unregistered'))
  return (
    <Things<Trunk> title={t('trunks.title')} intro={t('trunks.intro')} empty={t('trunks.empty')} query="trunks" every={10_000} scope="operator"
      list={async () => (await need(api.GET('/api/v1/trunks'))).items ?? []} id={(k) => k.id} name={(k) => k.name}
      columns={[
        { title: t('things.name'), cell: (k) => k.name },
        { title: t('trunks.host'), cell: (k) => `${k.host} (${k.transport})` },
        { title: t('trunks.state'), cell: (k) => <Badge variant="light" color={k.registered ? 'green' : k.register ? 'orange' : 'gray'} tt="none" h="auto" styles={{ label: { whiteSpace: 'normal' } }}>{state(k)}</Badge> },
      ]}
      fields={[
        { name: 'name', label: t('things.name'), required: true },
        { name: 'host', label: t('trunks.host'), help: t('trunks.hostHelp'), required: true },
        { name: 'transport', label: t('trunks.transport'), kind: 'select', placeholder: t('trunks.transportAny'), options: ['udp', 'tcp', 'tls'].map((x) => ({ value: x, label: x.toUpperCase() })) },
        { name: 'username', label: t('trunks.username') },
        { name: 'password', label: t('trunks.password'), kind: 'secret' },
        { name: 'register', label: t('trunks.register'), kind: 'switch' },
        { name: 'identity', label: t('trunks.identity'), kind: 'switch' },
        { name: 'redirects', label: t('trunks.redirects'), kind: 'switch' },
        { name: 'refer', label: t('trunks.refer'), kind: 'switch' },
        { name: 'priority', label: t('trunks.priority'), help: t('trunks.priorityHelp'), kind: 'number' },
        { name: 'prefixes', label: t('trunks.prefixes'), help: t('trunks.prefixesHelp'), kind: 'tags', placeholder: '+46' },
        { name: 'caller_id', label: t('trunks.callerId') },
        { name: 'proxy', label: t('trunks.proxy') },
      ]}
      create={{ label: t('trunks.add'), values: { name: '', host: '', transport: '', username: '', password: '', register: false, identity: false, redirects: false, refer: false, prefixes: [], caller_id: '', proxy: '' },
        run: async (v) => { await need(api.POST('/api/v1/trunks', { body: filled(v) as Schema<'TrunkInput'> })) } }}
      remove={async (k) => { await need(api.DELETE('/api/v1/trunks/{trunk}', { params: { path: { trunk: k.id } } })) }} />
  )
}

/** The values that are not empty: the API takes what is missing for its default. */
export function filled(v: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(v).filter(([, x]) => x !== '' && x !== undefined && x !== false && !(Array.isArray(x) && x.length === 0)))
}
