import { Anchor, Text } from '@mantine/core'
import { useState } from 'react'
import { useTexts } from '../texts'
import type { Fault } from './Inspector'
import { stepAt } from './model'

const first = 5 // findings that are shown before more are asked for

/** What is wrong with the flow; a finding of a step leads there. */
export function Findings({ all, choose }: { all: Fault[]; choose: (step: string) => void }) {
  const { t } = useTexts()
  const [more, setMore] = useState(false)
  if (all.length === 0) return null
  return (
    <ul aria-label={t('editor.findings')} style={{ margin: 0, paddingLeft: 18, fontSize: 14 }}>
      {(more ? all : all.slice(0, first)).map((f, i) => {
        const step = stepAt(f.pointer)
        return <li key={i}>{step !== '' && <><Anchor component="button" type="button" size="sm" onClick={() => choose(step)}>{step}</Anchor>: </>}<Text span size="sm" c={f.severity === 'error' ? 'red' : undefined}>{f.text}</Text></li>
      })}
      {!more && all.length > first && <li><Anchor component="button" type="button" size="sm" onClick={() => setMore(true)}>{t('editor.moreFindings', { n: all.length - first })}</Anchor></li>}
    </ul>
  )
}
