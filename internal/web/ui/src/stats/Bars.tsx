import { useTexts } from '../texts'

export interface Bar { key: string; label: string; calls: number; answered: number }

const height = 180

/** Calls over time: all of them, and those that were answered in front. What it shows stands in a table beside it. */
export function Bars({ bars, label }: { bars: Bar[]; label: string }) {
  const { t } = useTexts()
  const most = Math.max(1, ...bars.map((b) => b.calls))
  const each = 1000 / Math.max(1, bars.length)
  const every = Math.ceil(bars.length / 8)
  return (
    <svg viewBox={`0 0 1000 ${height + 24}`} role="img" aria-label={label} width="100%" data-testid="bars" style={{ display: 'block' }}>
      <text x={0} y={12} fontSize={13} fill="currentColor">{most}</text>
      <line x1={0} x2={1000} y1={height} y2={height} stroke="currentColor" strokeOpacity={0.5} />
      {bars.map((b, i) => (
        <g key={b.key} data-calls={b.calls}>
          <title>{t('stats.bar', { when: b.label, calls: b.calls, answered: b.answered })}</title>
          <rect x={i * each} width={each} y={0} height={height} fill="transparent" />
          <rect x={i * each + each * 0.1} width={each * 0.8} y={height - (b.calls / most) * (height - 20)} height={(b.calls / most) * (height - 20)} fill="var(--mantine-color-blue-3)" />
          <rect x={i * each + each * 0.1} width={each * 0.8} y={height - (b.answered / most) * (height - 20)} height={(b.answered / most) * (height - 20)} fill="var(--mantine-color-blue-7)" />
          {i % every === 0 && <text x={i * each + 2} y={height + 17} fontSize={13} fill="currentColor">{b.label}</text>}
        </g>
      ))}
    </svg>
  )
}
