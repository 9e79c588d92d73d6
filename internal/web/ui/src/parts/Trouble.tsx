import { Alert, Button } from '@mantine/core'
import { Fault } from '../api/client'
import { useTexts } from '../texts'

/** Says in the server's words what went wrong, with a way to try again. */
export function Trouble({ error, again }: { error: unknown; again?: () => void }) {
  const { t } = useTexts()
  const lost = error instanceof Fault && error.status === 0
  return (
    <Alert color="red" title={t('app.failed')} role="alert" m="md">
      <p>{lost ? t('app.offline') : error instanceof Error ? error.message : String(error)}</p>
      {again && <Button size="xs" variant="light" color="red" onClick={again}>{t('app.again')}</Button>}
    </Alert>
  )
}
