import createClient from 'openapi-fetch'
import type { components, paths } from './schema'

/** A named type of the native API: Schema<'Call'>. */
export type Schema<K extends keyof components['schemas']> = components['schemas'][K]

/** The native API, with the log-in's cookie. Paths and types are those of /api/v1/openapi.json. */
export const api = createClient<paths>({ baseUrl: '' })

/** A problem document (RFC 9457) as the server sends it. */
export interface Problem {
  title?: string
  status?: number
  detail?: string
  errors?: { message?: string; location?: string }[] | null
}

/** An answer that was an error, or none: then status is 0. */
export class Fault extends Error {
  readonly status: number
  readonly problem: Problem
  constructor(status: number, problem: Problem) {
    super(problem.detail || problem.title || 'no answer from the server')
    this.status = status
    this.problem = problem
  }

  /** The server's message for a field of the body, "name" or "to.id"; '' when it has none. */
  field(name: string): string {
    const at = this.problem.errors?.find((e) => e.location === 'body.' + name || e.location === 'query.' + name)
    return at?.message ?? ''
  }

  /** Messages by field. */
  fields(): Record<string, string> {
    const all: Record<string, string> = {}
    for (const e of this.problem.errors ?? []) {
      if (e.location?.startsWith('body.') && e.message) all[e.location.slice('body.'.length)] = e.message
    }
    return all
  }
}

interface Answer<T> {
  data?: T
  error?: unknown
  response: Response
}

/**
 * Gives the body of an answer of `api`, or throws a Fault.
 * `need(api.GET('/api/v1/me'))`
 */
export async function need<T>(request: Promise<Answer<T>>): Promise<T> {
  let answer: Answer<T>
  try {
    answer = await request
  } catch (e) {
    throw new Fault(0, { detail: e instanceof Error ? e.message : String(e) })
  }
  if (answer.response.ok) return answer.data as T
  throw new Fault(answer.response.status, toProblem(answer.error, answer.response))
}

function toProblem(error: unknown, response: Response): Problem {
  if (typeof error === 'object' && error !== null) return error as Problem
  return { title: response.statusText, status: response.status, detail: typeof error === 'string' ? error : undefined }
}

/** Sends JSON to an endpoint outside the native API (log-in) and gives what it answers, if anything; throws a Fault. */
export async function post<T = unknown>(path: string, body?: unknown, method = 'POST'): Promise<T | undefined> {
  let response: Response
  try {
    response = await fetch(path, { method, headers: body === undefined ? {} : { 'Content-Type': 'application/json' }, body: body === undefined ? undefined : JSON.stringify(body) })
  } catch (e) {
    throw new Fault(0, { detail: e instanceof Error ? e.message : String(e) })
  }
  if (!response.ok) throw new Fault(response.status, (await response.json().catch(() => ({}))) as Problem)
  return response.status === 204 ? undefined : ((await response.json()) as T)
}
