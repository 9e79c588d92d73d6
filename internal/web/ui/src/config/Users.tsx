import { ActionIcon, Button, Group, Modal, Stack, Text } from '@mantine/core'
import { IconKeyOff, IconLink, IconShieldOff } from '@tabler/icons-react'
import { useState } from 'react'
import { useOutletContext } from 'react-router'
import { api, Fault, need, type Schema } from '../api/client'
import { may, queries, type Me } from '../api/queries'
import { Things } from '../parts/Things'
import type { Field } from '../parts/Fields'
import { Copyable } from '../parts/Secret'
import { Trouble } from '../parts/Trouble'
import { useTexts } from '../texts'

type User = Schema<'User'>

export default function Users() {
  const { t } = useTexts()
  const me = useOutletContext<Me>()
  const [reset, setReset] = useState<User | null>(null)
  const [bare, setBare] = useState<User | null>(null)
  const [invited, setInvited] = useState<User | null>(null)
  const called = (u: User) => `${u.first_name} ${u.last_name}`.trim() || u.email || u.id
  const fields: Field[] = [
    { name: 'first_name', label: t('users.first') },
    { name: 'last_name', label: t('users.last') },
    { name: 'email', label: t('users.email') },
    { name: 'role', label: t('users.role'), kind: 'select', required: true, options: [{ value: 'regular', label: t('users.regular') }, { value: 'admin', label: t('users.admin') }] },
    { name: 'location', label: t('users.location'), help: t('users.locationHelp') },
  ]
  return (
    <Things<User> title={t('users.title')} intro={t('users.intro')} empty={t('users.empty')} query="users"
      list={async () => (await need(api.GET('/api/v1/users'))).items ?? []} id={(u) => u.id} name={called}
      columns={[
        { title: t('things.name'), cell: called },
        { title: t('users.email'), cell: (u) => u.email ?? '' },
        { title: t('users.role'), cell: (u) => t(u.role === 'admin' ? 'users.admin' : 'users.regular') },
        { title: t('users.extension'), cell: (u) => u.extension ?? '' },
        { title: t('factor.title'), cell: (u) => u.passkeys ? t('passkey.count', { n: String(u.passkeys) }) : t(u.second_factor ? 'factor.on' : 'factor.off') },
      ]}
      actions={(u) => may(me, 'config:write') && <>
        {u.email && <ActionIcon variant="subtle" aria-label={t('invite.make', { name: called(u) })} title={t('invite.make', { name: called(u) })} onClick={() => setInvited(u)}><IconLink size={16} /></ActionIcon>}
        {u.second_factor && u.id !== me.user?.id && <ActionIcon variant="subtle" aria-label={t('factor.reset', { name: called(u) })} title={t('factor.reset', { name: called(u) })} onClick={() => setReset(u)}><IconShieldOff size={16} /></ActionIcon>}
        {u.passkeys > 0 && u.id !== me.user?.id && <ActionIcon variant="subtle" aria-label={t('passkey.reset', { name: called(u) })} title={t('passkey.reset', { name: called(u) })} onClick={() => setBare(u)}><IconKeyOff size={16} /></ActionIcon>}
      </>}
      below={<>
        <Reset user={reset} title={t('factor.reset', { name: reset ? called(reset) : '' })} text={t('factor.resetText')} label={t('factor.resetNow')} close={() => setReset(null)}
          run={async (user) => { await need(api.DELETE('/api/v1/users/{user}/second-factor', { params: { path: { user } } })) }} />
        <Reset user={bare} title={t('passkey.reset', { name: bare ? called(bare) : '' })} text={t('passkey.resetText')} label={t('factor.remove')} close={() => setBare(null)}
          run={async (user) => { await need(api.DELETE('/api/v1/users/{user}/passkeys', { params: { path: { user } } })) }} />
        <Invite key={invited?.id} user={invited} name={invited ? called(invited) : ''} close={() => setInvited(null)} />
      </>}
      fields={fields}
      create={{ label: t('users.add'), values: { first_name: '', last_name: '', email: '', role: 'regular', location: '' }, run: async (v) => {
        await need(api.POST('/api/v1/users', { body: v as Schema<'UserInput'> }))
      } }}
      edit={{ values: (u) => ({ first_name: u.first_name, last_name: u.last_name, email: u.email ?? '', role: u.role, location: u.location ?? '' }),
        run: async (u, v) => { await need(api.PATCH('/api/v1/users/{user}', { params: { path: { user: u.id } }, body: v as Schema<'UserInput'> })) } }}
      remove={async (u) => { await need(api.DELETE('/api/v1/users/{user}', { params: { path: { user: u.id } } })) }} />
  )
}

interface ResetProps { user: User | null; title: string; text: string; label: string; close: () => void; run: (user: string) => Promise<void> }

function Reset({ user, title, text, label, close, run }: ResetProps) {
  const { t } = useTexts()
  const [fault, setFault] = useState<Fault | null>(null)
  const leave = () => { setFault(null); close() }
  const reset = async () => {
    try {
      await run(user!.id)
      await queries.invalidateQueries({ queryKey: ['users'] })
      leave()
    } catch (e) {
      setFault(e as Fault)
    }
  }
  return (
    <Modal opened={user !== null} onClose={leave} title={title} closeButtonProps={{ 'aria-label': t('things.close') }}>
      <Stack>
        {fault && <Trouble error={fault} />}
        <Text>{text}</Text>
        <Group justify="flex-end">
          <Button variant="default" onClick={leave}>{t('things.cancel')}</Button>
          <Button color="red" onClick={() => void reset()}>{label}</Button>
        </Group>
      </Stack>
    </Modal>
  )
}

function Invite({ user, name, close }: { user: User | null; name: string; close: () => void }) {
  const { t, language } = useTexts()
  const [fault, setFault] = useState<Fault | null>(null)
  const [made, setMade] = useState<Schema<'Invitation'> | null>(null)
  const run = async () => {
    setFault(null)
    try {
      setMade(await need(api.POST('/api/v1/users/{user}/link', { params: { path: { user: user!.id } } })))
    } catch (e) {
      setFault(e as Fault)
    }
  }
  return (
    <Modal opened={user !== null} onClose={close} title={t('invite.make', { name })} size="lg" closeButtonProps={{ 'aria-label': t('things.close') }}>
      <Stack>
        {fault && <Trouble error={fault} />}
        <Text>{t('invite.text')}</Text>
        {made && <Copyable name={t('invite.link')} value={made.url} />}
        {made && <Text size="sm">{t('invite.until', { when: new Date(made.expires).toLocaleString(language) })}</Text>}
        <Group justify="flex-end">
          {made ? <Button onClick={close}>{t('things.noted')}</Button> : <Button onClick={() => void run()}>{t('invite.now')}</Button>}
        </Group>
      </Stack>
    </Modal>
  )
}
