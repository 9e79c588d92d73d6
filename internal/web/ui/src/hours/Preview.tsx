import { Badge, Group, Text } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { useQuery } from '@tanstack/react-query'
import { api, need } from '../api/client'
import { openOf, type Week } from '../editor/week'
import { useTexts } from '../texts'
import { changes, scheduleOf } from './schedule'

/** What the hours in the form come to now, as the server reckons. */
export function Preview({ values }: { values: Record<string, unknown> }) {
  const { t, language } = useTexts()
  const [late] = useDebouncedValue(values, 300)
  const body = openOf(late.open as Week) ? scheduleOf(late) : null
  const now = useQuery({ queryKey: ['hours preview', body], enabled: body !== null, retry: false, queryFn: () => need(api.POST('/api/v1/hours/preview', { body: body! })) })
  return (
    <Group gap="xs" role="status" mih={26}>
      {now.data && <><Text size="sm">{t('hours.preview')}:</Text><Badge variant="light" color={now.data.state === 'open' ? 'green' : 'gray'}>{t(`hours.state.${now.data.state}`)}</Badge><Text size="sm">{changes(now.data, t, language)}</Text></>}
    </Group>
  )
}
