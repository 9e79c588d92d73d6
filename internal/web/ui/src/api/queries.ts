import { QueryCache, QueryClient, useQuery } from '@tanstack/react-query'
import { api, Fault, need, type Schema } from './client'

/** What the pages know of the server, kept and read again. A log-in that has ended shows the log-in page. */
export const queries: QueryClient = new QueryClient({
  queryCache: new QueryCache({
    onError: (e, q) => {
      if (e instanceof Fault && e.status === 401 && q.queryKey[0] !== 'me') void queries.invalidateQueries({ queryKey: ['me'] })
      if (e instanceof Fault && e.status === 0) void queries.invalidateQueries({ queryKey: ['health'] })
    },
  }),
  defaultOptions: {
    queries: { staleTime: 5_000, retry: (n, e) => e instanceof Fault && (e.status === 0 || e.status >= 500) && n < 3 },
  },
})

export type Me = Schema<'Me'>

const meQuery = {
  queryKey: ['me'],
  queryFn: async (): Promise<Me | null> => {
    try {
      return await need(api.GET('/api/v1/me'))
    } catch (e) {
      if (e instanceof Fault && e.status === 401) return null
      throw e
    }
  },
}

/** Who is logged in; data is null when nobody is. */
export function useMe() {
  return useQuery(meQuery)
}

/** Asks anew who is logged in, after a log-in. */
export function readMe(): Promise<Me | null> {
  return queries.fetchQuery({ ...meQuery, staleTime: 0 })
}

/** Whether who is logged in may do what a scope says. */
export function may(me: Me | null | undefined, scope: string): boolean {
  return me?.scopes?.includes(scope) ?? false
}
