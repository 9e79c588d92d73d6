import { Alert, Anchor, Stack, Text } from '@mantine/core'
import { useState } from 'react'
import { Link } from 'react-router'
import { api, need, type Schema } from '../api/client'
import { useEvents } from '../api/events'
import { queries } from '../api/queries'
import { destinationOf, useDestinations } from '../config/destination'
import { Fields, type Field } from '../parts/Fields'
import { useTexts } from '../texts'

/** Rings somebody, who speaks a sound after the tone, hears it and keeps it. It says how the call stands. */
export function ByPhone({ replaces }: { replaces?: string }) {
  const { t } = useTexts()
  const { fields } = useDestinations()
  const [begun, setBegun] = useState<Schema<'SoundCall'> | null>(null)
  const [over, setOver] = useState(false)
  useEvents((e) => {
    if (e.kind !== 'call.ended') return
    setOver(true)
    void queries.invalidateQueries({ queryKey: ['sounds'] })
  }, begun?.call, !!begun)
  const rung = fields.filter((f) => !/app|mailbox/.test(f.name)).map((f): Field => (f.name === 'to.kind' ? { ...f, label: t('sounds.rung'), required: true, options: f.options?.filter((o) => o.value !== 'app' && o.value !== 'mailbox') } : f))
  return (
    <Stack>
      <Text size="sm">{t('sounds.byPhoneHelp')}</Text>
      {begun && <Alert color={over ? 'gray' : 'green'} role="status">{t(over ? 'sounds.byPhoneOver' : 'sounds.byPhoneRings')} <Anchor component={Link} to={'/calls/' + begun.call}>{t('phone.timeline')}</Anchor></Alert>}
      {(!begun || over) && (
        <Fields label={t('sounds.ring')} initial={{ name: '', 'to.kind': 'extension' }} fields={[...(replaces ? [] : [{ name: 'name', label: t('things.name'), required: true }]), ...rung]}
          submit={async (v) => {
            const to = destinationOf(v)
            if (!to) return
            setOver(false)
            setBegun(await need(replaces
              ? api.POST('/api/v1/sounds/{sound}/phone', { params: { path: { sound: replaces } }, body: { to } })
              : api.POST('/api/v1/sounds/phone', { body: { name: String(v.name ?? ''), to } })))
            void queries.invalidateQueries({ queryKey: ['sounds'] })
          }} />
      )}
    </Stack>
  )
}
