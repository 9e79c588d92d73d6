import { Alert, Button, Container, Paper, PasswordInput, Stack, TextInput, Title } from '@mantine/core'
import { useState } from 'react'
import { Navigate, useLocation, useNavigate } from 'react-router'
import { Fault, post } from '../api/client'
import { readMe, useMe } from '../api/queries'
import { useTexts } from '../texts'
import { SecondStep, type Asked } from './SecondStep'

export default function Login() {
  const { t } = useTexts()
  const go = useNavigate()
  const me = useMe()
  const from = (useLocation().state as { from?: string } | null)?.from ?? '/'
  const [name, setName] = useState('')
  const [password, setPassword] = useState('')
  const [fault, setFault] = useState<Fault | null>(null)
  const [busy, setBusy] = useState(false)
  const [asked, setAsked] = useState<Asked | null>(null)
  const enter = async () => {
    await readMe()
    void go(from, { replace: true })
  }
  const submit = async () => {
    setBusy(true)
    try {
      setFault(null)
      const next = await post<Asked>('/session', { name, password })
      if (next) setAsked(next)
      else await enter()
    } catch (e) {
      setFault(e as Fault)
    } finally {
      setBusy(false)
    }
  }
  const byPasskey = async () => {
    setBusy(true)
    try {
      setFault(null)
      await (await import('../parts/passkey')).logIn(t)
      await enter()
    } catch (e) {
      setFault(e as Fault)
    } finally {
      setBusy(false)
    }
  }
  const at = fault?.field('password') ?? ''
  if (me.data && !asked) return <Navigate to={from} replace /> // in another tab, say
  return (
    <Container size={400} py="xl" component="main">
      <Title order={1} size="h2" mb="md">{t('login.title')}</Title>
      {asked ? <SecondStep asked={asked} done={enter} again={() => { setAsked(null); setPassword('') }} /> : <Paper withBorder p="lg" component="form" onSubmit={(e) => { e.preventDefault(); void submit() }}>
        <Stack>
          {fault && !at && <Alert color="red" role="alert">{fault.status === 0 ? t('app.offline') : fault.message}</Alert>}
          <TextInput label={t('login.name')} value={name} onChange={(e) => setName(e.currentTarget.value)} autoComplete="username" required autoFocus />
          <PasswordInput label={t('login.password')} value={password} onChange={(e) => setPassword(e.currentTarget.value)} autoComplete="current-password" required error={at} />
          <Button type="submit" loading={busy}>{t('login.submit')}</Button>
          {'PublicKeyCredential' in window && <Button variant="default" disabled={busy} onClick={() => void byPasskey()}>{t('passkey.logIn')}</Button>}
        </Stack>
      </Paper>}
    </Container>
  )
}
