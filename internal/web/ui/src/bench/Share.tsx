import { Group, NumberInput, Select } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { api, need } from '../api/client'
import { useTexts } from '../texts'

/** A part of the callers, of one number or of all. */
export function Share({ value, set }: { value: { percent: number; number: string }; set: (v: { percent: number; number: string }) => void }) {
  const { t } = useTexts()
  const numbers = useQuery({ queryKey: ['numbers'], queryFn: async () => (await need(api.GET('/api/v1/numbers'))).items ?? [] })
  return (
    <Group gap="xs" align="flex-end">
      <NumberInput label={t('bench.percent')} min={1} max={99} suffix=" %" w={130} value={value.percent} onChange={(v) => set({ ...value, percent: Number(v) || 1 })} />
      <Select label={t('bench.number')} placeholder={t('bench.allNumbers')} clearable data={(numbers.data ?? []).map((n) => n.number)} value={value.number || null} onChange={(v) => set({ ...value, number: v ?? '' })} />
    </Group>
  )
}
