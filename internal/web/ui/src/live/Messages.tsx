import { ActionIcon, Alert, Anchor, Badge, Modal, Select, Skeleton, Stack, Text } from '@mantine/core'
import { IconMail, IconMailOpened, IconPlayerPlay } from '@tabler/icons-react'
import { lazy, Suspense, useState } from 'react'
import { Link, useOutletContext } from 'react-router'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { api, need, type Schema } from '../api/client'
import { useEvents } from '../api/events'
import { useParties } from '../api/parties'
import { may, type Me } from '../api/queries'
import { clock } from '../calls/words'
import { Things } from '../parts/Things'
import { useTexts } from '../texts'
import { Mailboxes } from './Mailboxes'

const Wave = lazy(() => import('../sounds/Wave'))

type Message = Schema<'Message'>

const colors: Record<string, string> = { delivered: 'green', undeliverable: 'red', 'no address': 'yellow' }

/** Voicemail of all mailboxes or of one: listened to, downloaded and removed; new messages appear by themselves. */
export default function Messages() {
  const { t, language } = useTexts()
  const client = useQueryClient()
  const writes = may(useOutletContext<Me>(), 'recordings:write')
  const parties = useParties()
  const [box, setBox] = useState('')
  const [heard, setHeard] = useState<Message | null>(null)
  useEvents((e) => { if (e.kind === 'message.stored') void client.invalidateQueries({ queryKey: ['messages'] }) })
  const [kind, id] = [box.slice(0, box.indexOf(':')), box.slice(box.indexOf(':') + 1)]
  const query = 'messages ' + box
  const list = async () => (await need(api.GET('/api/v1/messages', { params: { query: { limit: 200, app: kind === 'app' ? id : undefined, user: kind === 'user' ? id : undefined } } }))).items ?? []
  const stuck = useQuery({ queryKey: [query], queryFn: list }).data?.filter((m) => m.state === 'undeliverable' || m.state === 'no address').length ?? 0
  const boxOf = (m: Message) => parties.user.find((u) => u.value === m.user)?.label ?? parties.app.find((a) => a.value === m.app)?.label ?? m.user ?? m.app ?? ''
  const state = (m: Message) => {
    switch (m.state) {
      case 'delivered': return t('messages.delivered')
      case 'undeliverable': return t('messages.undeliverable')
      case 'no address': return t('messages.noAddress')
      default: return t('messages.new')
    }
  }
  const mark = async (m: Message, heard: boolean) => {
    await need(api.PUT('/api/v1/messages/{message}/heard', { params: { path: { message: m.id } }, body: { heard } })).catch(() => undefined) // the list says how it stands
    await Promise.all([client.invalidateQueries({ queryKey: [query] }), client.invalidateQueries({ queryKey: ['mailboxes'] })])
  }
  const who = (m: Message) => m.from_name || m.from || t('messages.unknown')
  return (
    <Things<Message> key={query} title={t('messages.title')} intro={t('messages.intro')} empty={t('messages.empty')} query={query} every={15_000} scope="recordings:write" narrowest={640}
      list={list} id={(m) => m.id} name={(m) => t('messages.name', { who: who(m), time: clock(m.created, language) })}
      head={<Select size="xs" aria-label={t('messages.box')} placeholder={t('messages.all')} value={box || null} onChange={(v) => setBox(v ?? '')} clearable searchable
        data={[{ group: t('to.user'), items: parties.user.map((u) => ({ ...u, value: 'user:' + u.value })) }, { group: t('to.app'), items: parties.app.map((a) => ({ ...a, value: 'app:' + a.value })) }]} />}
      columns={[
        { title: t('messages.from'), cell: (m) => <>{!m.heard && <Badge mr={6} size="xs" component="span">{t('messages.unheard')}</Badge>}{m.call ? <Anchor component={Link} to={'/calls/' + m.call} style={{ overflowWrap: 'anywhere' }}>{who(m)}</Anchor> : who(m)}{m.from_name && m.from && <Text size="xs" c="dimmed">{m.from}</Text>}</> },
        { title: t('messages.when'), cell: (m) => <>{clock(m.created, language)}<Text size="xs" c="dimmed">{m.seconds.toFixed(1)} s</Text></> },
        { title: t('messages.box'), cell: boxOf },
        { title: t('messages.mail'), cell: (m) => <><Badge variant="light" color={colors[m.state] ?? 'blue'}>{state(m)}</Badge>{m.words && <Text size="xs" style={{ overflowWrap: 'anywhere' }}>{m.words}</Text>}</> },
      ]}
      actions={(m) => <>
        <ActionIcon variant="subtle" aria-label={t('messages.listen', { who: who(m), time: clock(m.created, language) })} onClick={() => { setHeard(m); if (writes && !m.heard) void mark(m, true) }}><IconPlayerPlay size={16} /></ActionIcon>
        {writes && <ActionIcon variant="subtle" aria-label={t(m.heard ? 'messages.unmark' : 'messages.mark', { who: who(m), time: clock(m.created, language) })} onClick={() => void mark(m, !m.heard)}>{m.heard ? <IconMailOpened size={16} /> : <IconMail size={16} />}</ActionIcon>}
      </>}
      remove={async (m) => { await need(api.DELETE('/api/v1/messages/{message}', { params: { path: { message: m.id } } })) }}
      below={<>
        {stuck > 0 && <Alert color="yellow" role="status">{t('messages.stuck', { n: stuck })}</Alert>}
        <Modal opened={heard !== null} onClose={() => setHeard(null)} size="lg" title={heard ? t('messages.name', { who: who(heard), time: clock(heard.created, language) }) : ''} closeButtonProps={{ 'aria-label': t('things.close') }}>
          {heard && <Listen message={heard} label={who(heard)} />}
        </Modal>
        <Mailboxes />
      </>} />
  )
}

function Listen({ message, label }: { message: Message; label: string }) {
  const { t } = useTexts()
  const audio = `/api/v1/messages/${encodeURIComponent(message.id)}/audio`
  return (
    <Stack>
      <Suspense fallback={<Skeleton height={90} />}><Wave source={audio} label={label} /></Suspense>
      <Anchor href={audio} download={message.id + '.wav'}>{t('messages.download')}</Anchor>
    </Stack>
  )
}
