import { useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import { api, need } from './client'
import { may, useMe } from './queries'

/** Something that a form lets a person choose. */
export interface Choice { value: string; label: string }

/** What the account has, by the field of a step that names it. A list that was not read, for now or for want of a right, is missing. */
export type Names = Record<string, Choice[] | undefined>

/** The account's users, extensions and apps, to be chosen by their names; a mailbox is its user's. Lists are empty until they are read. */
export function useParties(): { user: Choice[]; mailbox: Choice[]; extension: Choice[]; app: Choice[] } {
  const p = usePartyNames()
  return useMemo(() => ({ user: p.user ?? [], mailbox: p.user ?? [], extension: p.extension ?? [], app: p.app ?? [] }), [p])
}

/** The same lists, missing until they are read; whose extensions and telephones these are besides. */
export function usePartyNames(): Names {
  const { data: me } = useMe()
  const config = may(me, 'config:read')
  const users = useQuery({ queryKey: ['users'], enabled: config, queryFn: async () => (await need(api.GET('/api/v1/users'))).items ?? [] })
  const extensions = useQuery({ queryKey: ['extensions'], enabled: config, queryFn: async () => (await need(api.GET('/api/v1/extensions'))).items ?? [] })
  const apps = useQuery({ queryKey: ['apps'], enabled: may(me, 'apps:read'), queryFn: () => need(api.GET('/api/v1/apps')) })
  return useMemo(() => {
    const user = users.data?.map((u) => ({ value: u.id, label: `${u.first_name} ${u.last_name}`.trim() || (u.email ?? u.id) }))
    const extension = extensions.data?.map((e) => ({ value: e.number, label: e.number }))
    const owned = extensions.data?.map((e) => {
      const owner = user?.find((u) => u.value === e.user)?.label ?? ''
      return { value: e.number, label: owner.includes(e.number) ? e.number : `${e.number} ${owner}`.trim() }
    })
    return { user, mailbox: user, extension, owned, app: apps.data && (apps.data.items ?? []).map((a) => ({ value: a.id, label: a.name })) }
  }, [users.data, extensions.data, apps.data])
}
