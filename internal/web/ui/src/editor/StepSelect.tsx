import { Select, type SelectProps } from '@mantine/core'
import { useState } from 'react'

const most = 200 // shown at once; typing finds the others

/** A choice of one of the steps, which may be a thousand: the list is made when it is opened. */
export function StepSelect({ steps, value, ...rest }: Omit<SelectProps, 'data' | 'value'> & { steps: { value: string; label: string }[]; value: string }) {
  const [opened, open] = useState(false)
  const data = opened ? steps : steps.filter((s) => s.value === value)
  return <Select {...rest} value={value} data={data} limit={most} searchable onDropdownOpen={() => open(true)} onDropdownClose={() => open(false)} />
}
