import { createContext, useContext } from 'react'
import type { Names } from '../api/parties'

/** What the account has, to be chosen in place of typed. */
export const NamesContext = createContext<Names>({})

export const useNames = (): Names => useContext(NamesContext)
