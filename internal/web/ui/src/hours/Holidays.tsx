import { ActionIcon, Button, Group, Stack, Text, TextInput } from '@mantine/core'
import { IconPlus, IconX } from '@tabler/icons-react'
import { useTexts } from '../texts'

export interface Holiday { date: string; to?: string; name?: string }

/** Days on which the week does not count, each in a row; errors stand at their fields. */
export function Holidays({ value, set, errors }: { value: Holiday[]; set: (v: Holiday[]) => void; errors: Record<string, string> }) {
  const { t } = useTexts()
  const put = (i: number, change: Partial<Holiday>) => set(value.map((h, k) => (k === i ? { ...h, ...change } : h)))
  return (
    <Stack gap={4} role="group" aria-label={t('hours.holidays')}>
      <Text size="sm" fw={500}>{t('hours.holidays')}</Text>
      <Text size="xs" c="dimmed">{t('hours.holidaysHelp')}</Text>
      {value.map((h, i) => (
        <Group key={i} gap="xs" align="flex-start" role="group" aria-label={t('hours.holiday', { n: i + 1 })}>
          <TextInput size="xs" w={110} label={t('hours.date')} placeholder="12-24" value={h.date} maxLength={10} error={errors[`[${i}].date`]} onChange={(e) => put(i, { date: e.currentTarget.value })} />
          <TextInput size="xs" w={110} label={t('hours.to')} value={h.to ?? ''} maxLength={10} error={errors[`[${i}].to`]} onChange={(e) => put(i, { to: e.currentTarget.value })} />
          <TextInput size="xs" flex="1 1 100px" label={t('hours.called')} value={h.name ?? ''} maxLength={100} error={errors[`[${i}].name`]} onChange={(e) => put(i, { name: e.currentTarget.value })} />
          <ActionIcon mt={24} variant="subtle" color="red" aria-label={t('hours.dropHoliday', { n: i + 1 })} onClick={() => set(value.filter((_, k) => k !== i))}><IconX size={16} /></ActionIcon>
        </Group>
      ))}
      <Button size="compact-xs" variant="light" leftSection={<IconPlus size={12} />} style={{ alignSelf: 'flex-start' }} onClick={() => set([...value, { date: '' }])}>{t('hours.addHoliday')}</Button>
    </Stack>
  )
}
