import { useEffect, useRef, useSyncExternalStore } from 'react'
import type { Schema } from './client'
import { may, queries, type Me } from './queries'

export type CallEvent = Schema<'Event'>

const kinds = [
  'call.arrived', 'call.waiting', 'call.begun', 'call.ringing', 'call.answered', 'call.refused', 'call.ended', 'call.ordered', 'sip', 'media', 'media.silent', 'media.heard',
  'app.entered', 'step', 'prompt.started', 'prompt.finished', 'prompt.cut', 'prompt.failed', 'digit', 'digit.dropped', 'gather.ended', 'dial.started', 'dial.failed',
  'leg.ringing', 'leg.answered', 'leg.ended', 'bridge.started', 'bridge.ended', 'hold', 'recording.started', 'recording.finished', 'recording.failed', 'recording.paused', 'recording.resumed',
  'recording.dropped', 'capture.started', 'capture.ended', 'capture.failed', 'message.stored', 'mail.sent', 'mail.failed', 'webhook.sent', 'webhook.failed', 'notice',
  'flow.error', 'supervise.started', 'supervise.ended', 'room.joined', 'room.left', 'transfer.started', 'transfer.ended', 'talk.held', 'talk.resumed', 'machine.detected',
]

type Take = (kind: string, data: string) => void

/** Milliseconds after which a stream that the browser has given up is opened anew. */
const patience = 3_000

let source: EventSource | null = null
let again: ReturnType<typeof setTimeout> | undefined
let connected = true
const listeners = new Set<Take>()
const watchers = new Set<() => void>()

/** The stream that has all that this user may hear: calls that ring in the page, and the events of all calls. */
function address(): string {
  const me = queries.getQueryData<Me | null>(['me'])
  if (!may(me, 'phone')) return '/api/v1/events'
  return '/api/v1/phone/events' + (may(me, 'calls:read') ? '?calls=true' : '')
}

function setConnected(now: boolean): void {
  if (now === connected) return
  connected = now
  for (const f of watchers) f()
  // What happened in between is not told again.
  if (now) void queries.invalidateQueries({ predicate: (q) => q.queryKey[0] !== 'health' })
}

function open(): EventSource {
  const s = new EventSource(address())
  s.onopen = () => setConnected(true)
  s.onerror = () => {
    for (const f of listeners) f('lost', '')
    setConnected(false)
    // The browser tries again after a broken connection, not after an answer that is no stream.
    if (s.readyState !== EventSource.CLOSED || s !== source) return
    clearTimeout(again)
    again = setTimeout(() => { if (s === source) source = open() }, patience)
  }
  for (const k of [...kinds, 'phone.ready', 'phone.call']) s.addEventListener(k, (m: MessageEvent<string>) => { for (const f of listeners) f(k, m.data) })
  return s
}

/**
 * Listens to the one stream of this page until the function that it gives is
 * called. The kind "lost" says that it is broken off; it mends itself.
 */
export function listen(take: Take): () => void {
  listeners.add(take)
  source ??= open()
  return () => {
    listeners.delete(take)
    if (listeners.size > 0 || !source) return
    clearTimeout(again)
    source.close()
    source = null
    setConnected(true) // nothing is missed by a page that listens to nothing
  }
}

function watch(f: () => void): () => void {
  watchers.add(f)
  return () => watchers.delete(f)
}

/**
 * Listens to the events of all calls, or of one, for as long as the component is
 * shown. With listens false it does not.
 */
export function useEvents(each: (e: CallEvent) => void, call?: string, listens = true): void {
  const take = useRef(each)
  useEffect(() => { take.current = each }, [each])
  useEffect(() => {
    if (!listens) return
    return listen((kind, data) => {
      if (kind === 'lost' || kind.startsWith('phone.')) return
      const e = JSON.parse(data) as CallEvent
      if (!call || e.call === call) take.current(e)
    })
  }, [call, listens])
}

/** Whether the stream of the page is there, where one is listened to; it is opened again by itself. */
export function useStream(): boolean {
  return useSyncExternalStore(watch, () => connected)
}
