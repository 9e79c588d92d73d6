import { useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import { usePartyNames, type Names } from '../api/parties'
import { may, useMe } from '../api/queries'
import { sounds } from '../sounds/api'
import { useTexts } from '../texts'
import type { Called } from './graph'

/** The account's users, extensions, apps and sounds, by the fields of steps that name them. */
export function useAccountNames(): Names {
  const parties = usePartyNames()
  const { data: me } = useMe()
  const heard = useQuery({ queryKey: ['sounds'], enabled: may(me, 'apps:read'), queryFn: sounds })
  return useMemo(() => ({ ...parties, sound: heard.data?.map((s) => ({ value: s.id, label: s.name })) }), [parties, heard.data])
}

/** How steps call what they name. */
export function useCalled(names: Names): Called {
  const { t } = useTexts()
  return useMemo(() => ({ names, unknown: (id) => t('flow.unknown', { id }) }), [names, t])
}
