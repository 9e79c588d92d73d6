import { Badge, Button, Group, Modal, Stack, Text } from '@mantine/core'
import { useState } from 'react'
import { useOutletContext } from 'react-router'
import { api, Fault, need, type Schema } from '../api/client'
import { readMe, type Me as Who } from '../api/queries'
import { Enrol, RecoveryCodes } from '../parts/Enrol'
import { Fields } from '../parts/Fields'
import { Page, Section } from '../parts/Page'
import { Trouble } from '../parts/Trouble'
import { useTexts } from '../texts'
import { Logins } from './Logins'
import { Passkeys } from './Passkeys'

type Step = 'enrol' | 'recovery' | 'remove' | null

/** A person's own log-in: the second factor. */
export default function Me() {
  const { t } = useTexts()
  const me = useOutletContext<Who>()
  const [step, setStep] = useState<Step>(null)
  const [device, setDevice] = useState<Schema<'Enrolment'> | null>(null)
  const [codes, setCodes] = useState<string[] | null>(null)
  const [fault, setFault] = useState<unknown>(null)
  const factor = me.second_factor
  const begin = async () => {
    setFault(null)
    try {
      setDevice(await need(api.POST('/api/v1/me/second-factor')))
      setStep('enrol')
    } catch (e) {
      setFault(e instanceof Fault ? e : new Fault(0, { detail: String(e) }))
    }
  }
  const send = async (v: Record<string, unknown>) => {
    const body = v as Schema<'FactorCode'>
    if (step === 'enrol') setCodes((await need(api.POST('/api/v1/me/second-factor/confirm', { body }))).codes ?? [])
    if (step === 'recovery') setCodes((await need(api.POST('/api/v1/me/second-factor/recovery', { body }))).codes ?? [])
    if (step === 'remove') await need(api.POST('/api/v1/me/second-factor/remove', { body }))
    setStep(null)
    await readMe()
  }
  const titles = { enrol: t('factor.setUp'), recovery: t('factor.renew'), remove: t('factor.remove') }
  return (
    <Page title={t('me.title')}>
      <Text>{[me.user?.first_name, me.user?.last_name].filter(Boolean).join(' ')} {me.user?.email}</Text>
      <Section title={t('factor.title')}>
        <Stack>
          {fault !== null && <Trouble error={fault} />}
          <Text c="dimmed" maw={720}>{t('factor.intro')}</Text>
          <Group>
            <Badge color={factor?.enrolled ? 'green' : 'gray'}>{t(factor?.enrolled ? 'factor.on' : 'factor.off')}</Badge>
            {factor?.required && <Text size="sm">{t('factor.required')}</Text>}
            {factor?.enrolled && <Text size="sm">{t('factor.left', { n: String(factor.recovery_left ?? 0) })}</Text>}
          </Group>
          <Group>
            {!factor?.enrolled && <Button onClick={() => void begin()}>{t('factor.setUp')}</Button>}
            {factor?.enrolled && <Button variant="default" onClick={() => setStep('recovery')}>{t('factor.renew')}</Button>}
            {factor?.enrolled && <Button variant="default" onClick={() => setStep('remove')}>{t('factor.remove')}</Button>}
          </Group>
        </Stack>
      </Section>
      <Passkeys />
      <Logins />
      <Modal opened={step !== null} onClose={() => setStep(null)} title={step ? titles[step] : ''} size="lg" closeButtonProps={{ 'aria-label': t('things.close') }}>
        {step && (
          <Stack>
            {step === 'enrol' && device && <Enrol secret={device.secret} uri={device.uri} />}
            <Fields fields={[{ name: 'code', label: t('factor.code'), help: step === 'enrol' ? undefined : t('factor.codeHelp'), required: true }]} initial={{ code: '' }}
              submit={send} cancel={() => setStep(null)} label={titles[step]} />
          </Stack>
        )}
      </Modal>
      <Modal opened={codes !== null} onClose={() => setCodes(null)} title={t('things.once')} size="lg" closeButtonProps={{ 'aria-label': t('things.close') }}>
        {codes && <Stack><RecoveryCodes codes={codes} /><Button onClick={() => setCodes(null)}>{t('things.noted')}</Button></Stack>}
      </Modal>
    </Page>
  )
}
