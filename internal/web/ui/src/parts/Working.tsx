import { Progress, Stack, Text } from '@mantine/core'
import { useEffect, useState } from 'react'
import { useTexts } from '../texts'

const patience = 1 // s before anything is said

/** Says of what takes the server a while, and tells nothing of how far it is, that it goes on, and for how long it has. */
export function Working({ what }: { what: string }) {
  const { t } = useTexts()
  const [seconds, set] = useState(0)
  useEffect(() => {
    const began = Date.now()
    const timer = setInterval(() => set(Math.floor((Date.now() - began) / 1000)), 250)
    return () => clearInterval(timer)
  }, [])
  if (seconds < patience) return null
  return (
    <Stack gap={4} role="progressbar" aria-label={what} aria-valuetext={t('app.working', { what, n: seconds })}>
      <div aria-hidden><Progress value={100} animated size="sm" /></div>
      <Text size="xs" c="dimmed">{t('app.working', { what, n: seconds })}</Text>
    </Stack>
  )
}
