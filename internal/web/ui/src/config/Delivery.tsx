import { Button, Code, Modal, Skeleton, Stack, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { api, need } from '../api/client'
import { queries } from '../api/queries'
import { Trouble } from '../parts/Trouble'
import { useTexts } from '../texts'

/** What was sent in one delivery, what was signed, and what came back; null = closed. */
export function Delivery({ id, close }: { id: string | null; close: () => void }) {
  const { t } = useTexts()
  return (
    <Modal opened={id !== null} onClose={close} title={t('webhooks.delivery')} size="xl" closeButtonProps={{ 'aria-label': t('things.close') }}>
      {id && <Told id={id} />}
    </Modal>
  )
}

function Told({ id }: { id: string }) {
  const { t, language } = useTexts()
  const d = useQuery({ queryKey: ['deliveries', id], queryFn: () => need(api.GET('/api/v1/deliveries/{delivery}', { params: { path: { delivery: id } } })) })
  if (d.error) return <Trouble error={d.error} />
  if (!d.data) return <Skeleton height={200} />
  const again = async () => {
    await need(api.POST('/api/v1/deliveries/{delivery}/resend', { params: { path: { delivery: id } } }))
    await queries.invalidateQueries({ queryKey: ['deliveries'] })
  }
  return (
    <Stack>
      <Text style={{ overflowWrap: 'anywhere' }}>{d.data.method} {d.data.url}</Text>
      {d.data.body && <><Text size="sm" c="dimmed">{t('webhooks.body')}</Text><Code block tabIndex={0}>{d.data.body}</Code></>}
      {(d.data.log ?? []).map((a) => (
        <Stack key={a.n} gap={4}>
          <Text fw={600}>{t('webhooks.attempt', { n: a.n, time: a.at ? new Date(a.at).toLocaleString(language) : '', ms: Math.round(a.latency_ms) })}: {a.status} {a.words}</Text>
          {a.headers && Object.keys(a.headers).length > 0 && <><Text size="sm" c="dimmed">{t('webhooks.headers')}</Text><Code block tabIndex={0}>{Object.entries(a.headers as Record<string, string>).map(([k, v]) => `${k}: ${v}`).join('\n')}</Code></>}
          {a.signed && <><Text size="sm" c="dimmed">{t('webhooks.signed')}</Text><Code block tabIndex={0}>{a.signed}</Code></>}
          {a.answer && <><Text size="sm" c="dimmed">{t('webhooks.answer')}</Text><Code block tabIndex={0}>{a.answer}</Code></>}
        </Stack>
      ))}
      {d.data.state !== 'queued' && <Button variant="light" onClick={() => void again()}>{t('webhooks.again')}</Button>}
    </Stack>
  )
}
