import { createContext, useContext, useEffect, useMemo, useRef, useState, useSyncExternalStore, type ReactNode } from 'react'
import { api, need } from '../api/client'
import { useEvents, type CallEvent } from '../api/events'
import { may, type Me } from '../api/queries'
import { Telephone, type Phone } from './phone'

const Context = createContext<{ phone: Telephone; open: boolean; setOpen: (o: boolean) => void } | null>(null)

/** Gives every page the one telephone, which rings while somebody is logged in. */
export function PhoneProvider({ me, children }: { me: Me; children: ReactNode }) {
  const [phone] = useState(() => new Telephone())
  const [open, setOpen] = useState(false)
  const speaker = useRef<HTMLAudioElement>(null)
  const uses = may(me, 'phone')
  useEffect(() => {
    phone.speaker = speaker.current
    if (!uses) return
    phone.open()
    return () => phone.close()
  }, [phone, uses])
  const value = useMemo(() => ({ phone, open, setOpen }), [phone, open])
  return <Context value={value}><audio ref={speaker} hidden />{children}</Context>
}

/** The telephone of this page, what it is at, and whether its panel is shown. */
export function usePhone() {
  const c = useContext(Context)
  if (!c) throw new Error('usePhone outside of PhoneProvider')
  const state: Phone = useSyncExternalStore(c.phone.subscribe, c.phone.get)
  return { ...c, state }
}

const stored = 700 // ms within which an event has been written to the store

/** The timeline so far of the call that this page has, or had last. */
export function usePhoneEvents(): CallEvent[] {
  const { state } = usePhone()
  const call = state.line?.call
  const [heard, setHeard] = useState<{ call?: string; events: CallEvent[] }>({ events: [] })
  const add = (more: CallEvent[]) => setHeard((h) => {
    const known = h.call === call ? h.events : []
    const fresh = more.filter((e) => e.call === call && !known.some((x) => x.seq === e.seq))
    return fresh.length === 0 && h.call === call ? h : { call, events: [...known, ...fresh].sort((a, b) => a.seq - b.seq) }
  })
  useEvents((e) => add([e]), call, !!call)
  useEffect(() => {
    if (!call) return
    // What happened before this page listened. The newest of it may be on its way to the store yet.
    const read = () => void need(api.GET('/api/v1/calls/{call}', { params: { path: { call } } })).then((c) => add(((c as { events?: CallEvent[] | null }).events ?? [])), () => undefined)
    read()
    const later = setTimeout(read, stored)
    return () => clearTimeout(later)
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [call])
  return heard.call === call ? heard.events : []
}
