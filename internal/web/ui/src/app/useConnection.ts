import { useQuery } from '@tanstack/react-query'
import { useEffect, useRef } from 'react'
import { useStream } from '../api/events'
import { queries } from '../api/queries'

/** Milliseconds between looks at the server, while it answers and while it doesn't. */
const calm = 15_000
const lost = 2_000

async function look(): Promise<true> {
  const answer = await fetch('/healthz', { signal: AbortSignal.timeout(5_000) })
  if (!answer.ok) throw new Error(answer.statusText)
  return true
}

/**
 * Whether the server answers and its events come. A request of any page that got no
 * answer, or a stream that breaks off, makes it look at once; when the server is back,
 * everything that is shown is read again.
 */
export function useConnection(): boolean {
  const health = useQuery({ queryKey: ['health'], queryFn: look, retry: false, staleTime: 0, gcTime: 0, networkMode: 'always',
    refetchInterval: (q) => (q.state.status === 'error' ? lost : calm), refetchIntervalInBackground: true })
  const { refetch } = health
  const streams = useStream()
  useEffect(() => { if (!streams) void refetch() }, [streams, refetch])
  useEffect(() => {
    const again = () => void refetch()
    window.addEventListener('offline', again)
    window.addEventListener('online', again)
    return () => { window.removeEventListener('offline', again); window.removeEventListener('online', again) }
  }, [refetch])
  const here = !health.isError
  const was = useRef(true)
  useEffect(() => {
    if (here && !was.current) void queries.invalidateQueries({ predicate: (q) => q.queryKey[0] !== 'health' })
    was.current = here
  }, [here])
  return here && streams
}
