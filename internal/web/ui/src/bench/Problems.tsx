import { Alert, List, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { api, need } from '../api/client'
import { useTexts } from '../texts'

export interface Obstacle { code: string; text: string }

/** What keeps a draft from being published: errors of the check, and tests that fail. Prompts that can't be made show when it is published. */
export function useObstacles(app: string): { list: Obstacle[]; pending: boolean } {
  const q = useQuery({ queryKey: ['obstacles', app], gcTime: 0, staleTime: 0, retry: false, queryFn: async () => {
    const check = await need(api.GET('/api/v1/apps/{app}/check', { params: { path: { app } } }))
    const list: Obstacle[] = (check.findings ?? []).filter((f) => f.severity === 'error').map((f) => ({ code: f.code, text: f.text }))
    const r = await api.POST('/api/v1/apps/{app}/tests/run', { params: { path: { app } } })
    if (r.response.status === 404) return list
    for (const x of (await need(Promise.resolve(r))).results ?? []) {
      if (!x.passed) list.push({ code: 'test-failed', text: `“${x.name}”: ${x.expected ?? ''} ≠ ${x.actual ?? ''}` })
    }
    return list
  } })
  return { list: q.data ?? [], pending: q.isPending }
}

export function Problems({ list }: { list: Obstacle[] }) {
  const { t } = useTexts()
  return (
    <Alert color="red" role="alert" title={t('bench.obstacles')}>
      <List size="sm">{list.slice(0, 50).map((o, i) => <List.Item key={i}><Text span size="xs" fw={700}>{o.code}</Text> {o.text}</List.Item>)}</List>
    </Alert>
  )
}
