import { useMemo } from 'react'
import { lit, path, type Program } from '../flow/graph'
import { usePhone, usePhoneEvents } from './context'

/** The steps of an app that this page's call went through, where it is, and the ways it took; nothing when it is elsewhere. */
export function useLit(app: string, program: Program | undefined) {
  const events = usePhoneEvents()
  const { state } = usePhone()
  return useMemo(() => {
    const walked = path(events, app)
    const at = events.filter((e) => e.kind === 'step').at(-1)?.origin?.app
    const now = state.line?.state === 'up' && at === app ? walked.at(-1)?.node : undefined
    return { ...lit(walked, program), now }
  }, [events, app, program, state.line?.state])
}
