import { Button, Modal, Paper, Skeleton, Stack, Text } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useOutletContext } from 'react-router'
import { api, need, type Schema } from '../api/client'
import { may, queries, type Me } from '../api/queries'
import { Fields } from '../parts/Fields'
import { Section } from '../parts/Page'
import { Secrets } from '../parts/Secret'
import { Trouble } from '../parts/Trouble'
import { useTexts } from '../texts'
import { vendors } from './samples'

const sends = ['telphin', 'smartflo', 'hoiio', 'routee']

/** What is added to the webhooks that vendors' clients set up: signatures, and longer tries. */
export function VendorHooks() {
  const { t } = useTexts()
  const me = useOutletContext<Me>()
  const settings = useQuery({ queryKey: ['webhook-settings'], queryFn: () => need(api.GET('/api/v1/webhook-settings')) })
  const [secret, setSecret] = useState('')
  const [asked, setAsked] = useState(false)
  const s = settings.data
  const writes = may(me, 'config:write')
  return (
    <Section title={t('webhooks.vendors')} actions={writes && s?.sign_all && <Button size="xs" variant="light" onClick={() => setAsked(true)}>{t('webhooks.rotateNow')}</Button>}>
      <Text c="dimmed" maw={720}>{t('webhooks.vendorsIntro')}</Text>
      {settings.error && <Trouble error={settings.error} again={() => void settings.refetch()} />}
      {settings.isPending && <Skeleton height={120} />}
      {s && writes && (
        <Paper withBorder p="md" maw={520}>
          <Fields label={t('things.save')} initial={{ sign_all: s.sign_all, retry: s.retry ?? [] }}
            fields={[
              { name: 'sign_all', label: t('webhooks.signAll'), kind: 'switch' },
              { name: 'retry', label: t('webhooks.retry'), kind: 'many', options: vendors.filter((v) => sends.includes(v.id)).map((v) => ({ value: v.id, label: v.name })) },
            ]}
            submit={async (v) => {
              const made = await need(api.PUT('/api/v1/webhook-settings', { body: v as unknown as Schema<'WebhookSettings'> }))
              if (made.secret) setSecret(made.secret)
              await queries.invalidateQueries({ queryKey: ['webhook-settings'] })
              notifications.show({ message: t('settings.saved'), color: 'green' })
            }} />
        </Paper>
      )}
      <NewSecret name={asked ? t('webhooks.vendorsName') : ''} close={() => setAsked(false)} run={async () => (await need(api.POST('/api/v1/webhook-settings/rotate', { body: { overlap_seconds: 86_400 } }))).secret} />
      <Modal opened={secret !== ''} onClose={() => setSecret('')} title={t('things.once')} size="lg" closeButtonProps={{ 'aria-label': t('things.close') }}>
        <Stack><Secrets values={[[t('webhooks.secret'), secret]]} /><Button onClick={() => setSecret('')}>{t('things.noted')}</Button></Stack>
      </Modal>
    </Section>
  )
}

/** Asks whether the secret shall be replaced, and shows the new one once; name '' = nothing is asked. */
export function NewSecret({ name, close, run }: { name: string; close: () => void; run: () => Promise<string> }) {
  const { t } = useTexts()
  const [made, setMade] = useState('')
  const [fault, setFault] = useState<unknown>(null)
  const [busy, setBusy] = useState(false)
  const leave = () => { setMade(''); setFault(null); close() }
  const go = async () => {
    setBusy(true)
    setFault(null)
    try {
      setMade(await run())
    } catch (e) {
      setFault(e)
    } finally {
      setBusy(false)
    }
  }
  return (
    <Modal opened={name !== ''} onClose={leave} title={made ? t('things.once') : t('webhooks.rotate', { name })} size="lg" closeButtonProps={{ 'aria-label': t('things.close') }}>
      <Stack>
        {fault !== null && <Trouble error={fault} />}
        {made ? <Secrets values={[[t('webhooks.secret'), made]]} /> : <Text>{t('webhooks.rotateText')}</Text>}
        {made ? <Button onClick={leave}>{t('things.noted')}</Button> : <Button loading={busy} onClick={() => void go()}>{t('webhooks.rotateNow')}</Button>}
      </Stack>
    </Modal>
  )
}
