import { lazy, Suspense } from 'react'
import { usePhone } from './context'

const PhonePanel = lazy(() => import('./PhonePanel'))

/** The telephone's panel, loaded when it is first shown: when it is opened, rings or has a call. */
export function PhoneDock() {
  const { state, open } = usePhone()
  const shown = open || !!state.ringing || (!!state.line && state.line.state !== 'over')
  return shown && <Suspense fallback={null}><PhonePanel /></Suspense>
}
