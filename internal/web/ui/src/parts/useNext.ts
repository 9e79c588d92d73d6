import { useCallback, useEffect, useReducer, useRef } from 'react'

/**
 * Moves the focus when what was done stands on the page: `next` is told how to find where to, within the element of `root`.
 * For whoever works by keyboard, where the button that was pressed is gone, or what was made is elsewhere. A text field's text is selected.
 */
export function useNext<T extends HTMLElement>() {
  const root = useRef<T>(null)
  const wanted = useRef<((root: T) => HTMLElement | null | undefined) | null>(null)
  const [, again] = useReducer((n: number) => n + 1, 0)
  useEffect(() => {
    const find = wanted.current
    if (!find || !root.current) return
    const to = find(root.current)
    if (!to) return
    wanted.current = null
    to.focus()
    if (to instanceof HTMLInputElement) to.select()
  })
  const next = useCallback((find: (root: T) => HTMLElement | null | undefined) => {
    wanted.current = find
    again()
  }, [])
  return { root, next }
}
