import { ScrollArea, Text, useMantineTheme } from '@mantine/core'
import { useMediaQuery } from '@mantine/hooks'
import type { CallEvent } from '../api/events'
import { useTexts } from '../texts'
import { ladder, letters } from './ladder'
import { offset } from './words'

const row = 26 // px, as all here
const letter = 7.2 // the widest that a letter is on average
const least = { wide: 250, narrow: 140 } // between two parties

/** The SIP messages drawn between us and each party. */
export function SIPLadder({ events, start }: { events: CallEvent[]; start?: string | null }) {
  const { t } = useTexts()
  const theme = useMantineTheme()
  const narrow = useMediaQuery('(max-width: 40em)', false, { getInitialValueInEffect: false })
  const { peers, rungs } = ladder(events)
  if (rungs.length === 0) return <Text>{t('call.noSip')}</Text>
  const names = peers.map((p) => p.split(' ')) // what the party is, and below it its address
  const longest = letter * Math.max(...names.flat().map(letters))
  const ours = 76 // beside it the times
  const column = Math.max(narrow ? least.narrow : least.wide, longest + 12, letter * Math.max(...rungs.map((r) => letters(r.text))) + 24)
  const x = (peer: number) => ours + column * (peer + 1)
  const width = x(peers.length - 1) + longest / 2 + 6
  const top = 62
  const height = top + row * rungs.length
  const red = theme.colors.red[6]
  return (
    <ScrollArea type="auto" viewportProps={{ tabIndex: 0, role: 'region', 'aria-label': t('call.ladder') }} data-testid="ladder">
      <svg style={{ display: 'block' }} width={width} height={height} role="img" aria-label={t('call.ladder')} fontFamily="inherit" fontSize={12} fill="currentColor" stroke="none">
        <defs><marker id="tip" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8" orient="auto-start-reverse"><path d="M0 0L8 4L0 8z" /></marker></defs>
        {[ours, ...peers.map((_, i) => x(i))].map((at, i) => (
          <g key={at}>
            {(i === 0 ? ['Tandem'] : names[i - 1]!).map((line, n) => <text key={n} x={at} y={16 + 15 * n} textAnchor="middle" fontWeight={600}>{line}</text>)}
            <line x1={at} x2={at} y1={38} y2={height} stroke="currentColor" opacity={0.3} />
          </g>
        ))}
        {rungs.map((r, i) => {
          const y = top + row * i
          const [from, to] = r.out ? [ours, x(r.peer)] : [x(r.peer), ours]
          return (
            <g key={r.seq} fill={r.bad ? red : undefined}>
              <line x1={from} x2={to} y1={y} y2={y} stroke={r.bad ? red : 'currentColor'} markerEnd="url(#tip)" />
              <text x={(ours + x(r.peer)) / 2} y={y - 4} textAnchor="middle">{r.text}</text>
              <text x={2} y={y + 4} opacity={0.7}>{offset(start, r.at)}</text>
            </g>
          )
        })}
      </svg>
    </ScrollArea>
  )
}
