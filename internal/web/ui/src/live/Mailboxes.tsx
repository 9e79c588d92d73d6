import { Alert, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { api, need, type Schema } from '../api/client'
import { Things } from '../parts/Things'
import { useTexts } from '../texts'

type Mailbox = Schema<'Mailbox'>

/** What each user's mailbox is set to: its greeting, where messages are mailed, how many it keeps. */
export function Mailboxes() {
  const { t } = useTexts()
  const sounds = useQuery({ queryKey: ['sounds', 'names'], queryFn: async () => (await need(api.GET('/api/v1/sounds'))).items ?? [] })
  const voices = useQuery({ queryKey: ['voices', 'any'], queryFn: () => need(api.GET('/api/v1/voices')), staleTime: 60_000 })
  const server = useQuery({ queryKey: ['server'], queryFn: () => need(api.GET('/api/v1/server')) })
  const list = async () => (await need(api.GET('/api/v1/mailboxes'))).items ?? []
  const boxes = useQuery({ queryKey: ['mailboxes'], queryFn: list })
  const silent = server.data?.mail === false && boxes.data?.some((b) => b.address)
  const greeting = (b: Mailbox) => (b.settings.sound ? sounds.data?.find((s) => s.id === b.settings.sound)?.name ?? b.settings.sound : b.settings.greeting || t('boxes.standard'))
  const count = (b: Mailbox) => (b.settings.most ? t('boxes.of', { n: b.messages, most: b.settings.most, fresh: b.new }) : t('boxes.counts', { n: b.messages, fresh: b.new }))
  return (
    <Things<Mailbox> section title={t('boxes.title')} empty={t('boxes.empty')} query="mailboxes" every={15_000} narrowest={520}
      intro={<>{t('boxes.intro')}{silent && <Alert component="span" display="block" mt="xs" color="yellow" role="status">{t('boxes.noMail')}</Alert>}</>}
      list={list} id={(b) => b.user} name={(b) => b.name}
      columns={[
        { title: t('boxes.owner'), cell: (b) => <Text size="sm" style={{ overflowWrap: 'anywhere' }}>{b.name}</Text> },
        { title: t('boxes.count'), cell: count },
        { title: t('boxes.mailed'), cell: (b) => <Text size="sm" c={b.address ? undefined : 'dimmed'} style={{ overflowWrap: 'anywhere' }}>{b.address || t('boxes.kept')}</Text> },
        { title: t('boxes.greeting'), cell: (b) => <Text size="sm" lineClamp={2} style={{ overflowWrap: 'anywhere' }}>{greeting(b)}</Text> },
      ]}
      fields={[
        { name: 'greeting', label: t('boxes.text'), help: t('boxes.textHelp'), kind: 'long' },
        { name: 'voice', label: t('boxes.voice'), kind: 'select', placeholder: t('boxes.voiceAny'), options: (voices.data?.items ?? []).map((v) => ({ value: v.id, label: v.name })), when: (v) => !!v.greeting },
        { name: 'sound', label: t('boxes.sound'), kind: 'select', placeholder: t('things.none'), options: (sounds.data ?? []).map((s) => ({ value: s.id, label: s.name })) },
        { name: 'email', label: t('boxes.email'), help: t('boxes.emailHelp') },
        { name: 'no_attachment', label: t('boxes.notice'), kind: 'switch' },
        { name: 'most', label: t('boxes.most'), help: t('boxes.mostHelp'), kind: 'number' },
      ]}
      edit={{ values: (b) => ({ greeting: '', voice: '', sound: '', email: '', no_attachment: false, ...b.settings }), run: async (b, v) => { await need(api.PUT('/api/v1/mailboxes/{user}', { params: { path: { user: b.user } }, body: v as Schema<'MailboxSettings'> })) } }} />
  )
}
