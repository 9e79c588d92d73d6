import { Alert, Button, Stack } from '@mantine/core'
import { IconRotateClockwise } from '@tabler/icons-react'
import { useState } from 'react'
import { api, need, type Schema } from '../api/client'
import { Trouble } from '../parts/Trouble'
import { useTexts } from '../texts'
import { Differs, Ends } from './Replay'

/** One past call run again on the draft of the IVR that answered it, or on what is published where there is none. */
export function ReplayCall({ call }: { call: string }) {
  const { t } = useTexts()
  const [outcome, setOutcome] = useState<Schema<'Outcome'> | null>(null)
  const [fault, setFault] = useState<unknown>(null)
  const [busy, setBusy] = useState(false)
  const go = async () => {
    setBusy(true)
    setFault(null)
    setOutcome(null)
    try {
      setOutcome(await need(api.POST('/api/v1/calls/{call}/replay', { params: { path: { call } } })))
    } catch (e) {
      setFault(e)
    } finally {
      setBusy(false)
    }
  }
  return (
    <Stack gap="xs" align="flex-start">
      <Button size="xs" variant="default" leftSection={<IconRotateClockwise size={14} />} loading={busy} onClick={() => void go()}>{t('bench.replayCall')}</Button>
      {fault !== null && <Trouble error={fault} />}
      {outcome && (
        <Alert role="status" w="100%" color={outcome.same ? 'green' : 'orange'} title={t(outcome.skipped ? 'bench.cantReplay' : outcome.same ? 'bench.sameWay' : 'bench.otherWay')}>
          {outcome.skipped ?? (!outcome.same && <><div><Differs o={outcome} /></div><div><Ends o={outcome} /></div></>)}
        </Alert>
      )}
    </Stack>
  )
}
