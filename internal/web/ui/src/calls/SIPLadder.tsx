import { ScrollArea, Text, useMantineTheme } from '@mantine/core'
import type { CallEvent } from '../api/events'
import { useTexts } from '../texts'
import { ladder } from './ladder'
import { offset } from './words'

const column = 250 // px between two parties
const row = 26

/** The SIP messages drawn between us and each party. */
export function SIPLadder({ events, start }: { events: CallEvent[]; start?: string | null }) {
  const { t } = useTexts()
  const theme = useMantineTheme()
  const { peers, rungs } = ladder(events)
  if (rungs.length === 0) return <Text>{t('call.noSip')}</Text>
  const ours = 80
  const x = (peer: number) => ours + column * (peer + 1)
  const width = x(peers.length - 1) + 130
  const height = 50 + row * rungs.length
  const red = theme.colors.red[6]
  return (
    <ScrollArea type="auto" viewportProps={{ tabIndex: 0 }}>
      <svg width={width} height={height} role="img" aria-label={t('call.ladder')} fontFamily="inherit" fontSize={12} fill="currentColor" stroke="none">
        <defs><marker id="tip" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8" orient="auto-start-reverse"><path d="M0 0L8 4L0 8z" /></marker></defs>
        {[ours, ...peers.map((_, i) => x(i))].map((at, i) => (
          <g key={at}>
            <text x={at} y={16} textAnchor="middle" fontWeight={600}>{i === 0 ? 'Tandem' : peers[i - 1]}</text>
            <line x1={at} x2={at} y1={24} y2={height} stroke="currentColor" opacity={0.3} />
          </g>
        ))}
        {rungs.map((r, i) => {
          const y = 48 + row * i
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
