import { Button, Modal } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { IconPhoneOutgoing } from '@tabler/icons-react'
import { useState } from 'react'
import { api, need } from '../api/client'
import { queries } from '../api/queries'
import { destinationOf, useDestinations } from '../config/destination'
import { Fields } from '../parts/Fields'
import { useTexts } from '../texts'

const first = ['user', 'extension', 'number', 'sip'] as const

/** Begins a call between others: one is rung, and on the answer the second, or an IVR goes on. */
export function Begin() {
  const { t } = useTexts()
  const { fieldsOf } = useDestinations()
  const [asked, ask] = useState(false)
  return (
    <>
      <Button variant="light" leftSection={<IconPhoneOutgoing size={16} />} onClick={() => ask(true)}>{t('begin.title')}</Button>
      <Modal opened={asked} onClose={() => ask(false)} title={t('begin.title')} closeButtonProps={{ 'aria-label': t('things.close') }}>
        {asked && (
          <Fields label={t('begin.now')} cancel={() => ask(false)} initial={{ 'first.kind': 'extension', 'second.kind': 'app' }}
            fields={[
              ...fieldsOf('first', first, t('begin.first')).map((f) => (f.name === 'first.kind' ? { ...f, required: true } : f)),
              ...fieldsOf('second', ['app', ...first], t('begin.second')).map((f) => (f.name === 'second.kind' ? { ...f, required: true } : f)),
              { name: 'ring_seconds', label: t('begin.ring'), kind: 'number' }, { name: 'tag', label: t('begin.tag'), help: t('begin.tagHelp') },
            ]}
            submit={async (v) => {
              const [one, two] = [destinationOf(v, 'first'), destinationOf(v, 'second')]
              if (!one || !two) return
              await need(api.POST('/api/v1/calls', { body: {
                first: one, ...(two.kind === 'app' ? { app: two.id } : { second: two }), ...(v.ring_seconds ? { ring_seconds: Number(v.ring_seconds) } : {}), ...(v.tag ? { tag: String(v.tag) } : {}),
              } }))
              notifications.show({ message: t('begin.done'), color: 'green' })
              ask(false)
              await queries.invalidateQueries({ queryKey: ['live'] })
            }} />
        )}
      </Modal>
    </>
  )
}
