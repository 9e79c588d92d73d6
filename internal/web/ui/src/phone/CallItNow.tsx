import { Button } from '@mantine/core'
import { IconPhone } from '@tabler/icons-react'
import { useTexts } from '../texts'
import { usePhone } from './context'

/** The green button: calls an app from this page, its draft where there is one. */
export function CallItNow({ app, draft, size, keys }: { app: string; draft?: boolean; size?: string; keys?: string }) {
  const { t } = useTexts()
  const { phone, state, setOpen } = usePhone()
  const active = !!state.line && state.line.state !== 'over'
  return (
    <Button color="teal" size={size} aria-keyshortcuts={keys} leftSection={<IconPhone size={16} />} aria-disabled={active} data-disabled={active || undefined} onClick={() => { if (active) return; setOpen(true); void phone.call(draft ? { app, revision: 'draft' } : { app }) }}>{t('phone.now')}</Button>
  )
}
