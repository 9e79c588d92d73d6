import { ActionIcon, Alert, Anchor, AppShell, Box, Burger, Center, Group, Loader, NativeSelect, NavLink, ScrollArea, Stack, Text, useComputedColorScheme, useMantineColorScheme } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { IconBuildingBroadcastTower, IconChartBar, IconClock, IconHash, IconHome, IconKey, IconListDetails, IconLogout, IconMoon, IconMusic, IconPhone, IconPhoneCall, IconSettings, IconSitemap, IconSun, IconUsers, IconUsersGroup, IconMailbox, IconServer, IconWebhook } from '@tabler/icons-react'
import { Suspense, useEffect, useRef, type ComponentType } from 'react'
import { Link, Outlet, useLocation } from 'react-router'
import { post } from '../api/client'
import { may, queries, type Me } from '../api/queries'
import { languages, useTexts, type TextKey } from '../texts'
import { PhoneProvider, usePhone } from '../phone/context'
import { PhoneDock } from '../phone/PhoneDock'
import { Boundary } from './Boundary'
import { explorer } from './explorer'
import { useConnection } from './useConnection'

interface Place { to: string; text: TextKey; icon: ComponentType<{ size?: number }>; scope?: string }

const places: Place[] = [
  { to: '/', text: 'nav.home', icon: IconHome },
  { to: '/apps', text: 'nav.apps', icon: IconSitemap },
  { to: '/calls', text: 'nav.calls', icon: IconPhoneCall },
  { to: '/rooms', text: 'nav.rooms', icon: IconUsersGroup },
  { to: '/messages', text: 'nav.messages', icon: IconMailbox },
  { to: '/statistics', text: 'nav.statistics', icon: IconChartBar, scope: 'calls:read' },
  { to: '/sounds', text: 'nav.sounds', icon: IconMusic },
  { to: '/hours', text: 'nav.hours', icon: IconClock, scope: 'config:read' },
  { to: '/numbers', text: 'nav.numbers', icon: IconHash },
  { to: '/extensions', text: 'nav.extensions', icon: IconPhone },
  { to: '/trunks', text: 'nav.trunks', icon: IconBuildingBroadcastTower },
  { to: '/users', text: 'nav.users', icon: IconUsers },
  { to: '/access', text: 'nav.access', icon: IconKey },
  { to: '/webhooks', text: 'nav.webhooks', icon: IconWebhook },
  { to: '/account', text: 'nav.account', icon: IconSettings },
  { to: '/audit', text: 'nav.audit', icon: IconListDetails, scope: 'audit:read' },
  { to: '/server', text: 'nav.server', icon: IconServer, scope: 'config:read' },
]

/** The frame around every page: header, navigation and the page. */
export function Shell({ me }: { me: Me }) {
  const { t } = useTexts()
  const [open, nav] = useDisclosure(false)
  const at = useLocation().pathname
  const here = useConnection()
  const last = useRef(at)
  useEffect(() => { // the keyboard goes on in the page that was gone to
    if (last.current !== at) document.getElementById('main')?.focus({ preventScroll: true })
    last.current = at
  }, [at])
  const leave = async () => {
    await post('/session', undefined, 'DELETE').catch(() => undefined)
    queries.removeQueries({ predicate: (q) => q.queryKey[0] !== 'me' })
    queries.setQueryData(['me'], null)
  }
  return (
    <PhoneProvider me={me}><AppShell header={{ height: 52 }} navbar={{ width: 220, breakpoint: 'sm', collapsed: { mobile: !open } }} padding="md">
      <a className="skip" href="#main" onClick={(e) => { e.preventDefault(); document.getElementById('main')?.focus() }}>{t('app.skip')}</a>
      <AppShell.Header>
        <Group h="100%" px="md" gap="xs" wrap="nowrap">
          <Burger opened={open} onClick={nav.toggle} hiddenFrom="sm" size="sm" aria-label={t('app.menu')} aria-expanded={open} />
          <Text fw={700} component={Link} to="/" c="inherit" td="none">{t('app.name')}</Text>
          <Text c="dimmed" size="sm" truncate>{me.name}</Text>
          <Box flex={1} />
          <Text size="sm" truncate component={Link} to="/me" c="inherit">{[me.user?.first_name, me.user?.last_name].filter(Boolean).join(' ') || me.user?.email}</Text>
          {may(me, 'phone') && <PhoneButton />}
          <Scheme />
          <ActionIcon variant="subtle" color="gray" aria-label={t('app.logout')} title={t('app.logout')} onClick={() => void leave()}><IconLogout size={18} /></ActionIcon>
        </Group>
      </AppShell.Header>
      <AppShell.Navbar p="xs" aria-label={t('app.menu')}>
        <AppShell.Section grow component={ScrollArea}>
          {places.filter((p) => !p.scope || me.scopes?.includes(p.scope)).map((p) => (
            <NavLink key={p.to} component={Link} to={p.to} label={t(p.text)} leftSection={<p.icon size={18} />} py={6} onClick={nav.close}
              active={isAt(at, p.to)} aria-current={isAt(at, p.to) ? 'page' : undefined} />
          ))}
        </AppShell.Section>
        <Stack gap="xs" px="xs" pt="xs">
          <Anchor size="sm" href={explorer(at)} target="_blank">{t('app.api')}</Anchor>
          <Language />
        </Stack>
      </AppShell.Navbar>
      <AppShell.Main id="main" tabIndex={-1}>
        {!here && <Alert color="yellow" role="status" mb="md">{t('app.offline')}</Alert>}
        <Boundary key={at}>
          <Suspense fallback={<Center mih="40vh"><Loader aria-label={t('app.loading')} /></Center>}>
            <Outlet context={me} />
          </Suspense>
        </Boundary>
      </AppShell.Main>
      <PhoneDock />
    </AppShell></PhoneProvider>
  )
}

function isAt(at: string, place: string): boolean {
  return at === place || (place !== '/' && at.startsWith(place + '/'))
}

function PhoneButton() {
  const { t } = useTexts()
  const { open, setOpen, state } = usePhone()
  return <ActionIcon variant="subtle" color={state.ready ? 'green' : 'gray'} data-ready={state.ready} aria-label={t('phone.open')} aria-expanded={open} title={t('phone.open')} onClick={() => setOpen(!open)}><IconPhone size={18} /></ActionIcon>
}

function Scheme() {
  const { t } = useTexts()
  const { setColorScheme } = useMantineColorScheme()
  const now = useComputedColorScheme('light')
  const other = now === 'light' ? 'dark' : 'light'
  return (
    <ActionIcon variant="subtle" color="gray" aria-label={t(`app.scheme.${other}`)} title={t(`app.scheme.${other}`)} onClick={() => setColorScheme(other)}>
      {other === 'dark' ? <IconMoon size={18} /> : <IconSun size={18} />}
    </ActionIcon>
  )
}

function Language() {
  const { t, language, setLanguage } = useTexts()
  return (
    <NativeSelect size="xs" aria-label={t('app.language')} value={language} onChange={(e) => setLanguage(e.currentTarget.value)}
      data={Object.entries(languages).map(([value, l]) => ({ value, label: l.name }))} />
  )
}
