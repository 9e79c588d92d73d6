import { NavLink, Text, TextInput } from '@mantine/core'
import { memo, useDeferredValue, useEffect, useRef, useState, type KeyboardEvent } from 'react'
import { useTexts } from '../texts'
import { words, type Called } from '../flow/graph'
import { shownOf, wordOf, type Doc, type Kind, type Step } from './model'

const mostRows = 200 // of the outline at once; the others are found by searching

interface Props { doc: Doc; kinds: Map<string, Kind>; called: Called; chosen: string; choose: (s: string, keyboard?: boolean) => void; found: Map<string, string[]>; height?: number }

/** The steps as a list that is searched: for the keyboard, screen readers and small screens, and beside the canvas on wide ones. Arrows go from step to step. */
export const Outline = memo(function Outline({ doc: newest, kinds, called, chosen, choose, found, height }: Props) {
  const { t } = useTexts()
  const [wanted, setWanted] = useState('')
  const doc = useDeferredValue(newest)
  const list = useRef<HTMLDivElement>(null)
  const said = (step: Step) => words(shownOf(step, wordOf(step, kinds)), called).slice(0, 80)
  const rows = Object.entries(doc.steps).filter(([name, step]) => `${name} ${String(step.label ?? '')} ${wordOf(step, kinds).replaceAll('_', ' ')} ${said(step)}`.toLowerCase().includes(wanted.toLowerCase()))
  const shown = rows.slice(0, mostRows)
  const at = rows.findIndex(([name]) => name === chosen)
  if (at >= mostRows) shown.push(rows[at]!)
  useEffect(() => { // the step that was chosen on the canvas comes into sight, in the list alone
    const row = list.current?.querySelector<HTMLElement>('[data-active]')
    if (!list.current || !row || !height) return
    const [top, bottom] = [row.offsetTop - list.current.offsetTop, row.offsetTop - list.current.offsetTop + row.offsetHeight]
    if (top < list.current.scrollTop || bottom > list.current.scrollTop + list.current.clientHeight) list.current.scrollTop = top - list.current.clientHeight / 2
  }, [chosen, height])
  const move = (e: KeyboardEvent) => {
    if (e.key !== 'ArrowDown' && e.key !== 'ArrowUp') return
    const all = [...(list.current?.querySelectorAll<HTMLElement>('button[data-row]') ?? [])]
    const to = all[all.indexOf(document.activeElement as HTMLElement) + (e.key === 'ArrowDown' ? 1 : -1)]
    if (!to) return
    e.preventDefault()
    to.focus()
    choose(to.dataset.row!)
  }
  return (
    <nav aria-label={t('editor.outline')}>
      <TextInput size="xs" mb={6} label={t('editor.findStep')} value={wanted} onChange={(e) => setWanted(e.currentTarget.value)} onKeyDown={(e) => { if (e.key === 'Enter' && rows[0]) choose(rows[0][0], true) }} />
      <div ref={list} onKeyDown={move} style={height ? { maxHeight: height, overflowY: 'auto' } : undefined}>
        {shown.map(([name, step]) => (
          <NavLink key={name} component="button" data-row={name} label={`${name}${name === doc.start ? ' · ' + t('editor.start') : ''}`} description={[`${wordOf(step, kinds).replaceAll('_', ' ')} ${said(step)}`.trim(), ...(found.get(name) ?? [])].join(' · ')} active={name === chosen} aria-current={name === chosen || undefined} onClick={(e) => choose(name, e.detail === 0)} />
        ))}
      </div>
      {rows.length > shown.length && <Text size="sm">{t('editor.more', { n: rows.length - shown.length })}</Text>}
    </nav>
  )
})
