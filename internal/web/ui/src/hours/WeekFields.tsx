import { Button, SimpleGrid, Stack, Text, TextInput } from '@mantine/core'
import { days, spansOf, type Week } from '../editor/week'
import { useTexts } from '../texts'

/** Each day of the week with its times. */
export function WeekFields({ value, set, error }: { value: unknown; set: (v: Week) => void; error: string }) {
  const { t, language } = useTexts()
  const week = value as Week
  const name = (i: number) => new Date(Date.UTC(2024, 0, 1 + i)).toLocaleDateString(language, { weekday: 'long', timeZone: 'UTC' }) // 1 January 2024 was a Monday
  return (
    <Stack gap={4} role="group" aria-label={t('hours.days')}>
      <Text size="sm" fw={500}>{t('hours.days')}</Text>
      <Text size="xs" c="dimmed">{t('hours.daysHelp')}</Text>
      <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="xs" verticalSpacing={4}>
        {days.map((d, i) => (
          <TextInput key={d} size="xs" label={name(i)} placeholder={t('hours.closed')} value={week[d]} maxLength={200} error={spansOf(week[d]) ? '' : t('hours.bad')} onChange={(e) => set({ ...week, [d]: e.currentTarget.value })} />
        ))}
      </SimpleGrid>
      <Button size="compact-xs" variant="light" style={{ alignSelf: 'flex-start' }} onClick={() => set({ ...week, tue: week.mon, wed: week.mon, thu: week.mon, fri: week.mon })}>{t('editor.hours.same')}</Button>
      {error.length > 1 && <Text size="xs" c="red" role="alert">{error}</Text>}
    </Stack>
  )
}
