import { createContext, useContext } from 'react'

/** What the account has, by the field of a step that names it: to be chosen in place of typed. */
export type Names = Record<string, { value: string; label: string }[]>

export const NamesContext = createContext<Names>({})

export const useNames = (): Names => useContext(NamesContext)
