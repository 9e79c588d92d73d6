import { ActionIcon, Alert, Badge, Code, Loader, Modal, Stack, Text } from '@mantine/core'
import { IconPlugConnected } from '@tabler/icons-react'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useOutletContext } from 'react-router'
import { api, need, type Schema } from '../api/client'
import { may, type Me } from '../api/queries'
import type { Field } from '../parts/Fields'
import { Things } from '../parts/Things'
import { Trouble } from '../parts/Trouble'
import { useTexts } from '../texts'

type Trunk = Schema<'Trunk'>
type Values = Record<string, unknown>

/** What a new trunk has; also the order in which a trunk is written into the form. */
const fresh = {
  name: '', host: '', transport: '', username: '', password: '', register: false, identity: false, redirects: false, refer: false, priority: 0,
  prefixes: [] as string[], caller_id: '', proxy: '', srtp: 'preferred', tls_name: '', tls_ca: '', tls_cert: '', tls_key: '',
}

export default function Trunks() {
  const { t } = useTexts()
  const me = useOutletContext<Me>()
  const [asked, setAsked] = useState<Trunk | null>(null)
  const state = (k: Trunk) => (k.register ? k.state || t('trunks.untried') : t('trunks.unregistered'))
  const tls = (v: Values) => v.transport === 'tls'
  const fields = (editing: boolean): Field[] => [
    { name: 'name', label: t('things.name'), required: true },
    { name: 'host', label: t('trunks.host'), help: t('trunks.hostHelp'), required: true },
    { name: 'transport', label: t('trunks.transport'), kind: 'select', placeholder: t('trunks.transportAny'), options: ['udp', 'tcp', 'tls'].map((x) => ({ value: x, label: x.toUpperCase() })) },
    { name: 'srtp', label: t('trunks.srtp'), help: t('trunks.srtpHelp'), kind: 'select', options: (['preferred', 'required', 'off'] as const).map((x) => ({ value: x, label: t(`trunks.srtp.${x}`) })), when: tls },
    { name: 'tls_name', label: t('trunks.tlsName'), help: t('trunks.tlsNameHelp'), when: tls },
    { name: 'tls_ca', label: t('trunks.tlsCA'), help: t('trunks.tlsCAHelp'), kind: 'long', when: tls },
    { name: 'tls_cert', label: t('trunks.tlsCert'), help: t('trunks.tlsCertHelp'), kind: 'long', when: tls },
    { name: 'tls_key', label: t('trunks.tlsKey'), help: editing ? t('trunks.keep') : undefined, kind: 'secret', when: tls },
    { name: 'username', label: t('trunks.username') },
    { name: 'password', label: t('trunks.password'), help: editing ? t('trunks.keep') : undefined, kind: 'secret' },
    { name: 'register', label: t('trunks.register'), kind: 'switch' },
    { name: 'identity', label: t('trunks.identity'), kind: 'switch' },
    { name: 'redirects', label: t('trunks.redirects'), kind: 'switch' },
    { name: 'refer', label: t('trunks.refer'), kind: 'switch' },
    { name: 'priority', label: t('trunks.priority'), help: t('trunks.priorityHelp'), kind: 'number' },
    { name: 'prefixes', label: t('trunks.prefixes'), help: t('trunks.prefixesHelp'), kind: 'tags', placeholder: '+46' },
    { name: 'caller_id', label: t('trunks.callerId') },
    { name: 'proxy', label: t('trunks.proxy') },
  ]
  return (
    <>
      <Things<Trunk> title={t('trunks.title')} intro={t('trunks.intro')} empty={t('trunks.empty')} query="trunks" every={10_000} scope="operator"
        list={async () => (await need(api.GET('/api/v1/trunks'))).items ?? []} id={(k) => k.id} name={(k) => k.name}
        columns={[
          { title: t('things.name'), cell: (k) => k.name },
          { title: t('trunks.host'), cell: (k) => `${k.host} (${k.transport})` },
          { title: t('trunks.state'), cell: (k) => <Badge variant="light" color={k.registered ? 'green' : k.register ? 'orange' : 'gray'} tt="none" h="auto" styles={{ label: { whiteSpace: 'normal' } }}>{state(k)}</Badge> },
        ]}
        fields={fields(false)}
        create={{ label: t('trunks.add'), values: fresh, run: async (v) => { await need(api.POST('/api/v1/trunks', { body: filled(v) as Schema<'TrunkInput'> })) } }}
        edit={{ values: (k) => ({ ...fresh, ...k }), fields: fields(true), run: async (k, v) => {
          await need(api.PATCH('/api/v1/trunks/{trunk}', { params: { path: { trunk: k.id } }, body: changed(v) as Schema<'TrunkChanges'> }))
        } }}
        actions={(k) => may(me, 'config:write') && (
          <ActionIcon variant="subtle" aria-label={t('trunks.test', { name: k.name })} onClick={() => setAsked(k)}><IconPlugConnected size={16} /></ActionIcon>
        )}
        remove={async (k) => { await need(api.DELETE('/api/v1/trunks/{trunk}', { params: { path: { trunk: k.id } } })) }} />
      <Modal opened={asked !== null} onClose={() => setAsked(null)} title={asked && t('trunks.test', { name: asked.name })} closeButtonProps={{ 'aria-label': t('things.close') }}>
        {asked && <Answer key={asked.id} trunk={asked} />}
      </Modal>
    </>
  )
}

/** Asks a trunk when it is shown, and shows what came of it. */
function Answer({ trunk }: { trunk: Trunk }) {
  const { t } = useTexts()
  const client = useQueryClient()
  const { data: answer, error, refetch } = useQuery({
    queryKey: ['trunk-test', trunk.id], gcTime: 0, staleTime: Infinity, retry: false, refetchOnWindowFocus: false, refetchOnReconnect: false,
    queryFn: async () => {
      const got = await need(api.POST('/api/v1/trunks/{trunk}/test', { params: { path: { trunk: trunk.id } } }))
      void client.invalidateQueries({ queryKey: ['trunks'] })
      return got
    },
  })
  if (error) return <Trouble error={error} again={() => void refetch()} />
  if (!answer) return <Stack align="center" role="status"><Loader /><Text>{t('trunks.asking')}</Text></Stack>
  return (
    <Stack role="status">
      <Alert color={answer.reached ? 'green' : 'red'}>{answer.words}</Alert>
      {(answer.places ?? []).length > 0 && <Text>{t('trunks.places')} {(answer.places ?? []).map((p) => <Code key={p} mr={4}>{p}</Code>)}</Text>}
      {answer.status !== undefined && <Text>{t('trunks.took', { n: answer.milliseconds })}</Text>}
      {answer.state && <Text>{t('trunks.registration', { state: answer.state })}</Text>}
    </Stack>
  )
}

/** The values that are not empty: the API takes what is missing for its default. */
export function filled(v: Values): Values {
  return Object.fromEntries(Object.entries(v).filter(([, x]) => x !== '' && x !== undefined && x !== false && !(Array.isArray(x) && x.length === 0)))
}

/** All values but empty secrets, which stay as they are unless what they belong to goes; what is for TLS alone goes with TLS. */
function changed(v: Values): Values {
  const all: Values = { ...v, srtp: v.srtp ?? 'preferred', tls_name: v.tls_name ?? '', tls_ca: v.tls_ca ?? '', tls_cert: v.tls_cert ?? '', tls_key: v.tls_key ?? '' }
  if (!all.password && all.username) delete all.password
  if (!all.tls_key && all.tls_cert) delete all.tls_key
  return Object.fromEntries(Object.entries(all).map(([k, x]) => [k, x === undefined || x === null ? (k === 'priority' ? 0 : '') : x]))
}
