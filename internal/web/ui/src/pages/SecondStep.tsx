import { Alert, Button, Paper, Stack, Text, TextInput } from '@mantine/core'
import { lazy, Suspense, useState } from 'react'
import { Fault, post } from '../api/client'
import { useTexts } from '../texts'

const Enrol = lazy(async () => ({ default: (await import('../parts/Enrol')).Enrol }))
const RecoveryCodes = lazy(async () => ({ default: (await import('../parts/Enrol')).RecoveryCodes }))

/** What the server asks for after the password. */
export interface Asked { next: 'passkey' | 'code' | 'enrol'; token: string; codes: boolean; secret?: string; uri?: string }

/** The second step of a log-in: a passkey, or a code of a device; one of them is set up first where there is none. */
export function SecondStep({ asked, done, again }: { asked: Asked; done: () => Promise<void>; again: () => void }) {
  const { t } = useTexts()
  const [code, setCode] = useState('')
  const [fault, setFault] = useState<Fault | null>(null)
  const [busy, setBusy] = useState(false)
  const [codes, setCodes] = useState<string[] | null>(null)
  const submit = async () => {
    setBusy(true)
    setFault(null)
    try {
      const got = await post<{ recovery?: string[] }>('/session/code', { token: asked.token, code })
      if (got?.recovery) setCodes(got.recovery)
      else await done()
    } catch (e) {
      setFault(e as Fault)
      setCode('')
    } finally {
      setBusy(false)
    }
  }
  const byPasskey = async () => {
    setBusy(true)
    setFault(null)
    try {
      const browser = await import('../parts/passkey')
      if (asked.next === 'enrol') await browser.enrol(t, asked.token, t('passkey.first'))
      else await browser.logIn(t, asked.token)
      await done()
    } catch (e) {
      setFault(e as Fault)
    } finally {
      setBusy(false)
    }
  }
  const able = 'PublicKeyCredential' in window
  const coded = asked.next !== 'passkey' || asked.codes
  if (codes) {
    return <Paper withBorder p="lg"><Suspense><Stack><RecoveryCodes codes={codes} /><Button onClick={() => void done()}>{t('things.noted')}</Button></Stack></Suspense></Paper>
  }
  const at = fault?.field('code') ?? ''
  return (
    <Paper withBorder p="lg" component="form" onSubmit={(e) => { e.preventDefault(); void submit() }}>
      <Stack>
        {fault && !at && <Alert color="red" role="alert">{fault.status === 0 ? t('app.offline') : fault.message}</Alert>}
        {asked.next === 'enrol' && <Alert>{t('factor.mustText')}</Alert>}
        {asked.next === 'enrol' && <Suspense><Enrol secret={asked.secret ?? ''} uri={asked.uri ?? ''} /></Suspense>}
        {asked.next === 'passkey' && <Text>{t(able ? 'passkey.asked' : 'passkey.insecure')}</Text>}
        {asked.next === 'passkey' && able && <Button type="button" onClick={() => void byPasskey()} disabled={busy} autoFocus>{t('passkey.use')}</Button>}
        {coded && <TextInput label={t('factor.code')} description={asked.next === 'enrol' ? undefined : t('factor.codeHelp')} value={code} onChange={(e) => setCode(e.currentTarget.value)}
          autoComplete="one-time-code" required autoFocus={asked.next !== 'passkey'} error={at} />}
        {coded && <Button type="submit" variant={asked.next === 'passkey' ? 'default' : 'filled'} loading={busy}>{t('login.submit')}</Button>}
        {asked.next === 'enrol' && able && <Button type="button" variant="default" onClick={() => void byPasskey()} disabled={busy}>{t('passkey.instead')}</Button>}
        <Button variant="subtle" onClick={again}>{t('factor.back')}</Button>
      </Stack>
    </Paper>
  )
}
