import { Alert, Button, Container, Paper, PasswordInput, Stack, Text, Title } from '@mantine/core'
import { useState } from 'react'
import { useNavigate, useSearchParams } from 'react-router'
import { Fault, post } from '../api/client'
import { readMe } from '../api/queries'
import { useTexts } from '../texts'
import { SecondStep, type Asked } from './SecondStep'

export default function Setup() {
  const { t } = useTexts()
  const go = useNavigate()
  const [query] = useSearchParams()
  const [password, setPassword] = useState('')
  const [again, setAgain] = useState('')
  const [differ, setDiffer] = useState(false)
  const [fault, setFault] = useState<Fault | null>(null)
  const [busy, setBusy] = useState(false)
  const [asked, setAsked] = useState<Asked | null>(null)
  const enter = async () => {
    await readMe()
    void go('/', { replace: true })
  }
  const submit = async () => {
    setFault(null)
    setDiffer(password !== again)
    if (password !== again) return
    setBusy(true)
    try {
      const next = await post<Asked>('/session/setup', { token: query.get('token') ?? '', password })
      if (next) setAsked(next)
      else await enter()
    } catch (e) {
      setFault(e as Fault)
    } finally {
      setBusy(false)
    }
  }
  const at = fault?.field('password') ?? ''
  return (
    <Container size={420} py="xl" component="main">
      <Title order={1} size="h2" mb="xs">{t('setup.title')}</Title>
      <Text mb="md">{t('setup.text')}</Text>
      {asked ? <SecondStep asked={asked} done={enter} again={() => void go('/login')} /> : <Paper withBorder p="lg" component="form" onSubmit={(e) => { e.preventDefault(); void submit() }}>
        <Stack>
          {fault && !at && <Alert color="red" role="alert">{fault.status === 0 ? t('app.offline') : fault.message}</Alert>}
          <PasswordInput label={t('setup.password')} value={password} onChange={(e) => setPassword(e.currentTarget.value)} autoComplete="new-password" required autoFocus error={at} />
          <PasswordInput label={t('setup.again')} value={again} onChange={(e) => setAgain(e.currentTarget.value)} autoComplete="new-password" required error={differ ? t('setup.differ') : ''} />
          <Button type="submit" loading={busy}>{t('setup.submit')}</Button>
        </Stack>
      </Paper>}
    </Container>
  )
}
