import { Alert, Anchor, Badge, Button, Group, List, Text } from '@mantine/core'
import { useLocalStorage } from '@mantine/hooks'
import { useQuery } from '@tanstack/react-query'
import { Link, useOutletContext } from 'react-router'
import { api, need } from '../api/client'
import { useEvents } from '../api/events'
import { may, queries, type Me } from '../api/queries'
import { FlowView } from '../flow/FlowView'
import { useProgram } from '../flow/useProgram'
import { CallItNow } from '../phone/CallItNow'
import { useLit } from '../phone/useLit'
import { useMemo } from 'react'
import { clock } from '../calls/words'
import { Page, Section } from '../parts/Page'
import { Trouble } from '../parts/Trouble'
import { useTexts } from '../texts'

/** What there is, what is missing, and what was called last. */
export default function Home() {
  const { t } = useTexts()
  const me = useOutletContext<Me>()
  const apps = useQuery({ queryKey: ['apps'], queryFn: () => need(api.GET('/api/v1/apps')) })
  const calls = useQuery({ queryKey: ['calls', 'recent'], queryFn: () => need(api.GET('/api/v1/calls', { params: { query: { limit: 5 } } })), enabled: may(me, 'calls:read') })
  useEvents((e) => { if (e.kind === 'call.ended' || e.kind === 'call.begun') void queries.invalidateQueries({ queryKey: ['calls', 'recent'] }) })
  const all = apps.data?.items ?? []
  const numbers = useQuery({ queryKey: ['numbers', 'any'], queryFn: () => need(api.GET('/api/v1/numbers')), enabled: may(me, 'config:read') })
  // What a number leads to says more than what was made with the account.
  const answers = numbers.data?.items?.find((n) => n.to?.kind === 'app')?.to?.id
  const sample = numbers.isLoading ? undefined : all.find((a) => a.id === answers) ?? all.find((a) => a.kind === 'native') ?? all[0]
  return (
    <Page title={t('home.title')}>
      <Warnings me={me} />
      {sample && <Sample app={sample.id} name={sample.name} phone={may(me, 'phone')} />}
      <FirstSteps me={me} apps={!!apps.data?.items?.length} called={!!calls.data?.items?.length} />
      <Section title={t('apps.title')}>
        {apps.error && <Trouble error={apps.error} again={() => void apps.refetch()} />}
        {apps.data?.items?.length === 0 && <Text>{t('home.noApps')}</Text>}
        {!!apps.data?.items?.length && (
          <List aria-label={t('apps.title')}>{apps.data.items.map((a) => <List.Item key={a.id}><Anchor component={Link} to={'/apps/' + a.id}>{a.name}</Anchor></List.Item>)}</List>
        )}
      </Section>
      <Section title={t('home.calls')} actions={<Anchor component={Link} to="/calls" size="sm">{t('home.allCalls')}</Anchor>}>
        <Recent calls={calls} />
      </Section>
    </Page>
  )
}

/** The first IVR on its canvas, to be called at once: its steps light up as the call goes. */
function Sample({ app, name, phone }: { app: string; name: string; phone: boolean }) {
  const { program } = useProgram(app)
  const lit = useLit(app, program)
  const visited = useMemo(() => [...lit.visited], [lit.visited])
  return (
    <Section title={name} actions={phone && <CallItNow app={app} size="md" />}>
      <FlowView app={app} lit={visited} now={lit.now} height={380} />
    </Section>
  )
}

function Recent({ calls }: { calls: { data?: { items: Call[] | null }; error: unknown; refetch: () => unknown } }) {
  const { t, language } = useTexts()
  if (calls.error) return <Trouble error={calls.error} again={() => void calls.refetch()} />
  if (!calls.data) return null
  if (!calls.data.items?.length) return <Text>{t('home.noCalls')}</Text>
  return (
    <List aria-label={t('home.calls')} listStyleType="none">
      {calls.data.items.map((c) => (
        <List.Item key={c.id}>
          <Anchor component={Link} to={'/calls/' + c.id}>{c.from_name || c.from} → {c.to}</Anchor> <Text span c="dimmed" size="sm">{clock(c.start, language)} · {c.words || c.cause}</Text>
        </List.Item>
      ))}
    </List>
  )
}

interface Call { id: string; from: string; from_name?: string; to: string; start?: string | null; words?: string; cause?: string }

/** What a new server needs before the public can call it, until a person hides it or all is done. */
function FirstSteps({ me, apps, called }: { me: Me; apps: boolean; called: boolean }) {
  const { t } = useTexts()
  const [hidden, setHidden] = useLocalStorage({ key: 'tandem.firstSteps.hidden', defaultValue: false, getInitialValueInEffect: false })
  const shown = !hidden && may(me, 'config:write')
  const trunks = useTrunks(shown)
  const numbers = useQuery({ queryKey: ['numbers', 'any'], queryFn: () => need(api.GET('/api/v1/numbers')), enabled: shown })
  const steps = [
    { text: t('home.step.app'), to: '/apps', done: apps },
    { text: t('home.step.call'), to: '/calls', done: called },
    { text: t('home.step.trunk'), to: '/trunks', done: !!trunks.data?.items?.length },
    { text: t('home.step.number'), to: '/numbers', done: !!numbers.data?.items?.length },
  ]
  if (!shown || !trunks.data || !numbers.data || steps.every((s) => s.done)) return null
  return (
    <Section title={t('home.steps')} actions={<Button size="xs" variant="subtle" onClick={() => setHidden(true)}>{t('home.steps.hide')}</Button>}>
      <Text c="dimmed" maw={720}>{t('home.steps.text')}</Text>
      <List type="ordered" aria-label={t('home.steps')}>
        {steps.map((s) => (
          <List.Item key={s.to}>
            <Group gap="xs"><Anchor component={Link} to={s.to}>{s.text}</Anchor><Badge variant="light" color={s.done ? 'green' : 'gray'}>{s.done ? t('home.done') : t('home.todo')}</Badge></Group>
          </List.Item>
        ))}
      </List>
    </Section>
  )
}

function Warnings({ me }: { me: Me }) {
  const { t } = useTexts()
  const trunks = useTrunks(may(me, 'config:read'))
  const voices = useQuery({ queryKey: ['voices', 'any'], queryFn: () => need(api.GET('/api/v1/voices')), enabled: may(me, 'apps:read'), staleTime: 60_000 })
  const all: string[] = []
  if (voices.data && !voices.data.items?.length) all.push(t('home.noVoices'))
  for (const k of trunks.data?.items ?? []) if (k.register && !k.registered && k.state) all.push(t('home.trunkDown', { name: k.name, state: k.state }))
  if (all.length === 0) return null
  return <Alert color="yellow" title={t('home.warnings')}>{all.map((w) => <p key={w}>{w}</p>)}</Alert>
}

function useTrunks(enabled: boolean) {
  return useQuery({ queryKey: ['trunks', 'page'], queryFn: () => need(api.GET('/api/v1/trunks')), enabled })
}
