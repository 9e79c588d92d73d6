import { Paper, SimpleGrid, Skeleton, Text, Title } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useQuery } from '@tanstack/react-query'
import { useOutletContext } from 'react-router'
import { api, need, type Schema } from '../api/client'
import { may, queries, readMe, type Me } from '../api/queries'
import { Fields } from '../parts/Fields'
import { Page } from '../parts/Page'
import { Trouble } from '../parts/Trouble'
import { useTexts } from '../texts'

export default function Account() {
  const { t } = useTexts()
  const me = useOutletContext<Me>()
  const account = useQuery({ queryKey: ['account'], queryFn: () => need(api.GET('/api/v1/account')) })
  const apps = useQuery({ queryKey: ['apps'], queryFn: () => need(api.GET('/api/v1/apps')) })
  const a = account.data
  const limits: [string, number | undefined][] = [
    [t('settings.inbound'), a?.limits.inbound_calls], [t('settings.outbound'), a?.limits.outbound_calls], [t('settings.perMinute'), a?.limits.outbound_per_minute],
    [t('settings.inboundPerSecond'), a?.limits.inbound_per_second], [t('settings.inboundPerMinute'), a?.limits.inbound_per_minute], [t('settings.perSecond'), a?.limits.calls_per_second], [t('settings.queued'), a?.limits.max_queued],
  ]
  const zones = Intl.supportedValuesOf('timeZone')
  return (
    <Page title={t('settings.title')}>
      <Text c="dimmed">{t('settings.intro')}</Text>
      {account.error && <Trouble error={account.error} again={() => void account.refetch()} />}
      {account.isPending && <Skeleton height={200} />}
      {a && (
        <Paper withBorder p="md" maw={520}>
          <Fields label={t('things.save')} initial={{ name: a.name, timezone: a.timezone, country: a.country, currency: a.currency, language: a.language, rescue: a.rescue ?? '', second_factor: a.second_factor, capture_calls: a.capture_calls }}
            fields={[
              { name: 'name', label: t('things.name'), required: true },
              { name: 'timezone', label: t('settings.timezone'), kind: 'select', required: true, options: [...new Set([a.timezone, 'UTC', ...zones])].map((z) => ({ value: z, label: z })) },
              { name: 'country', label: t('settings.country') },
              { name: 'currency', label: t('settings.currency') },
              { name: 'language', label: t('settings.language') },
              { name: 'second_factor', label: t('settings.factor'), help: t('settings.factorHelp'), kind: 'select', required: true, options: (['off', 'admins', 'all'] as const).map((f) => ({ value: f, label: t(`settings.factor.${f}`) })) },
              { name: 'capture_calls', label: t('settings.capture'), help: t('settings.captureHelp'), kind: 'switch' },
              { name: 'rescue', label: t('settings.rescue'), kind: 'select', placeholder: t('things.none'), options: (apps.data?.items ?? []).map((x) => ({ value: x.id, label: x.name })) },
            ]}
            submit={async (v) => {
              if (!may(me, 'config:write')) return
              await need(api.PATCH('/api/v1/account', { body: v as Schema<'AccountChange'> }))
              await queries.invalidateQueries({ queryKey: ['account'] })
              await readMe()
              notifications.show({ message: t('settings.saved'), color: 'green' })
            }} />
        </Paper>
      )}
      {a && (
        <>
          <Title order={2} size="h3">{t('settings.limits')}</Title>
          <SimpleGrid cols={{ base: 1, sm: 3 }}>
            {limits.map(([name, n]) => (
              <Paper key={name} withBorder p="sm"><Text size="sm" c="dimmed">{name}</Text><Text>{n || t('settings.limitless')}</Text></Paper>
            ))}
          </SimpleGrid>
          {!!a.allow?.length && <><Title order={3} size="h4">{t('settings.allow')}</Title><Text size="sm" c="dimmed">{t('settings.allowHelp')}</Text><Text ff="monospace" style={{ overflowWrap: 'anywhere' }}>{a.allow.join(', ')}</Text></>}
        </>
      )}
    </Page>
  )
}
