import { Stack, Text } from '@mantine/core'
import qrcode from 'qrcode-generator'
import { useMemo } from 'react'
import { api, need, type Schema } from '../api/client'
import { queries } from '../api/queries'
import { Secrets } from '../parts/Secret'
import { Things } from '../parts/Things'
import { useTexts } from '../texts'
import { filled } from './Trunks'
import { useQuery } from '@tanstack/react-query'

export default function Extensions() {
  const { t, language } = useTexts()
  const users = useQuery({ queryKey: ['users'], queryFn: async () => (await need(api.GET('/api/v1/users'))).items ?? [] })
  const named = (id: string) => {
    const u = users.data?.find((x) => x.id === id)
    return u ? `${u.first_name} ${u.last_name}`.trim() : id
  }
  const secured = (['preferred', 'required', 'off'] as const).map((x) => ({ value: x, label: t(`extensions.srtp.${x}`) }))
  const free = (users.data ?? []).filter((u) => !u.extension)
  return (
    <Things<Schema<'Extension'>> title={t('extensions.title')} intro={t('extensions.intro')} empty={t('extensions.empty')} query="extensions" every={10_000}
      list={async () => (await need(api.GET('/api/v1/extensions'))).items ?? []} id={(e) => e.number} name={(e) => e.number}
      columns={[
        { title: t('extensions.number'), cell: (e) => e.number },
        { title: t('extensions.user'), cell: (e) => named(e.user) },
        { title: t('extensions.username'), cell: (e) => e.username },
        { title: t('extensions.srtp'), cell: (e) => t(`extensions.srtp.${e.srtp}`) },
        { title: t('extensions.phones'), cell: (e) => (e.phones?.length ? e.phones.map((p) => (
          <Text key={p.contact} size="sm">{t('extensions.until', { agent: p.user_agent || p.contact, source: p.source, time: p.expires ? new Date(p.expires).toLocaleTimeString(language) : '' })}</Text>
        )) : <Text size="sm" c="dimmed">{t('things.none')}</Text>) },
      ]}
      fields={[
        { name: 'number', label: t('extensions.number'), required: true },
        { name: 'user', label: t('extensions.user'), kind: 'select', placeholder: t('extensions.userNew'), options: free.map((u) => ({ value: u.id, label: named(u.id) })) },
        { name: 'name', label: t('extensions.person'), when: (v) => !v.user },
        { name: 'email', label: t('extensions.email'), when: (v) => !v.user },
        { name: 'srtp', label: t('extensions.srtp'), help: t('extensions.srtpHelp'), kind: 'select', options: secured },
      ]}
      create={{ label: t('extensions.add'), values: { number: '', user: '', name: '', email: '', srtp: 'preferred' }, run: async (v) => {
        const made = await need(api.POST('/api/v1/extensions', { body: filled(v) as Schema<'ExtensionInput'> }))
        await queries.invalidateQueries({ queryKey: ['users'] }) // it may have a new one
        return <Account made={made} />
      } }}
      edit={{ values: (e) => ({ srtp: e.srtp }), fields: [{ name: 'srtp', label: t('extensions.srtp'), help: t('extensions.srtpHelp'), kind: 'select', options: secured }],
        run: async (e, v) => { await need(api.PATCH('/api/v1/extensions/{number}', { params: { path: { number: e.number } }, body: { srtp: v.srtp as Schema<'Extension'>['srtp'] } })) } }}
      remove={async (e) => { await need(api.DELETE('/api/v1/extensions/{number}', { params: { path: { number: e.number } } })) }} />
  )
}

/** The SIP account of a new extension: to be typed, and as a code to be scanned. */
function Account({ made }: { made: Schema<'NewExtension'> }) {
  const { t } = useTexts()
  const code = useMemo(() => {
    const q = qrcode(0, 'M')
    q.addData(`sip:${encodeURIComponent(made.username)}:${encodeURIComponent(made.password)}@${made.registrar}`)
    q.make()
    return q.createDataURL(5, 12)
  }, [made])
  return (
    <Stack>
      <Secrets values={[[t('extensions.username'), made.username], [t('extensions.password'), made.password], [t('extensions.registrar'), made.registrar], [t('extensions.domain'), made.domain]]} />
      <Text size="sm">{t('extensions.qr')}</Text>
      <img src={code} alt={t('extensions.qr')} width={220} height={220} style={{ background: '#fff', alignSelf: 'center' }} />
    </Stack>
  )
}
