import { api, need, type Schema } from '../api/client'
import type { Fault } from './Inspector'
import type { Doc } from './model'

/** A flow as the server has it: the draft, or what is published. */
export interface Read {
  doc: Doc
  /** The draft's; '' = there is none. */
  tag: string
  of: string
  faults: Fault[]
  /** Where steps stand in the app's own document; null = they are native. */
  places: Record<string, string> | null
}

export async function readFlow(app: string): Promise<Read> {
  const r = await api.GET('/api/v1/apps/{app}/flow', { params: { path: { app } } })
  const body = (await need(Promise.resolve(r))) as Schema<'AppFlow'>
  const doc = body.flow as unknown as Doc
  return { doc: { ...doc, steps: doc.steps ?? {} }, tag: r.response.headers.get('ETag') ?? '', of: body.of, faults: (body.diagnostics ?? []) as Fault[], places: body.kind === 'native' ? null : (body.places ?? {}) }
}
