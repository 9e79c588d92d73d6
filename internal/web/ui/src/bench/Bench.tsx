import { Tabs } from '@mantine/core'
import type { Graph } from '../flow/graph'
import { useSearchParams } from 'react-router'
import { useTexts } from '../texts'
import { Callers } from './Callers'
import { Listen } from './Listen'
import type { Marks } from './marks'
import { Replay } from './Replay'
import { Tests } from './Tests'

export interface BenchProps {
  app: string
  /** Of the app: its vendor's form. */
  kind: string
  graph: Graph
  /** What is drawn is kept on the server; until then nothing is run. */
  saved: boolean
  /** Changes when the draft does. */
  version: string
  writes: boolean
  mark: (m: Marks) => void
  /** Takes what is to be told of steps that are clicked on the canvas. */
  clicked: (f: ((step: string) => void) | null) => void
  choose: (step: string) => void
  /** What calls run has changed. */
  reload: () => void
}

/** Where an IVR is tried before a caller does: heard, tested, run on yesterday's calls, and given to a part of the callers. */
export function Bench(p: BenchProps) {
  const { t } = useTexts()
  const [query, setQuery] = useSearchParams() // so that what is open stays so when the document is read anew
  return (
    <Tabs value={query.get('try')} allowTabDeactivation keepMounted={false} onChange={(k) => { p.mark({}); setQuery(k ? { try: k } : {}, { replace: true }) }}>
      <Tabs.List aria-label={t('bench.title')}>
        {(['listen', 'tests', 'replay', 'callers'] as const).map((k) => <Tabs.Tab key={k} value={k}>{t(`bench.tab.${k}`)}</Tabs.Tab>)}
      </Tabs.List>
      <Tabs.Panel value="listen" pt="md"><Listen {...p} /></Tabs.Panel>
      <Tabs.Panel value="tests" pt="md"><Tests {...p} /></Tabs.Panel>
      <Tabs.Panel value="replay" pt="md"><Replay app={p.app} ready={p.saved} key={p.version} /></Tabs.Panel>
      <Tabs.Panel value="callers" pt="md"><Callers app={p.app} writes={p.writes} reload={p.reload} /></Tabs.Panel>
    </Tabs>
  )
}
