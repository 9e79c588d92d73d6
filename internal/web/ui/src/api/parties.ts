import { useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import { api, need } from './client'

/** Something that a form lets a person choose. */
export interface Choice { value: string; label: string }

/** The account's users, extensions and apps, to be chosen by their names; a mailbox is its user's. */
export function useParties(): { user: Choice[]; mailbox: Choice[]; extension: Choice[]; app: Choice[] } {
  const users = useQuery({ queryKey: ['users'], queryFn: async () => (await need(api.GET('/api/v1/users'))).items ?? [] })
  const extensions = useQuery({ queryKey: ['extensions'], queryFn: async () => (await need(api.GET('/api/v1/extensions'))).items ?? [] })
  const apps = useQuery({ queryKey: ['apps'], queryFn: () => need(api.GET('/api/v1/apps')) })
  return useMemo(() => {
    const people = (users.data ?? []).map((u) => ({ value: u.id, label: `${u.first_name} ${u.last_name}`.trim() || (u.email ?? u.id) }))
    return {
      user: people, mailbox: people, extension: (extensions.data ?? []).map((e) => ({ value: e.number, label: e.number })),
      app: (apps.data?.items ?? []).map((a) => ({ value: a.id, label: a.name })),
    }
  }, [users.data, extensions.data, apps.data])
}
