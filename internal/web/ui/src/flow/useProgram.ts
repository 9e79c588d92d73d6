import { useQuery } from '@tanstack/react-query'
import { useMemo, useState } from 'react'
import { api, need } from '../api/client'
import { drawer, type Program } from './graph'
import { useAccountNames, useCalled } from './useAccountNames'

/** The compiled flow that an app's calls run, and its graph. */
export function useProgram(app: string | undefined) {
  const q = useQuery({ queryKey: ['program', app], enabled: !!app, queryFn: async () => (await need(api.GET('/api/v1/apps/{app}/program', { params: { path: { app: app ?? '' } } }))) as unknown as Program })
  const called = useCalled(useAccountNames())
  const [draw] = useState(drawer)
  const drawn = useMemo(() => (q.data ? draw(q.data, called) : null), [q.data, called, draw])
  return { program: q.data, graph: drawn, error: q.error, pending: q.isPending && !!app }
}
