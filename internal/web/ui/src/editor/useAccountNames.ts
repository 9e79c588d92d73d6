import { useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import { useParties } from '../api/parties'
import { sounds } from '../sounds/api'
import type { Names } from './names'

/** The account's users, extensions, apps and sounds, by the fields of steps that name them. */
export function useAccountNames(): Names {
  const parties = useParties()
  const heard = useQuery({ queryKey: ['sounds'], queryFn: sounds })
  return useMemo(() => ({ ...parties, sound: (heard.data ?? []).map((s) => ({ value: s.id, label: s.name })) }), [parties, heard.data])
}
