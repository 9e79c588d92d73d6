import { useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import { api, need } from '../api/client'
import { graph, type Program } from './graph'

/** The compiled flow that an app's calls run, and its graph. */
export function useProgram(app: string | undefined) {
  const q = useQuery({ queryKey: ['program', app], enabled: !!app, queryFn: async () => (await need(api.GET('/api/v1/apps/{app}/program', { params: { path: { app: app ?? '' } } }))) as unknown as Program })
  const drawn = useMemo(() => (q.data ? graph(q.data) : null), [q.data])
  return { program: q.data, graph: drawn, error: q.error, pending: q.isPending && !!app }
}
