import { ActionIcon, Anchor, Button, Modal, Skeleton, Stack, Text } from '@mantine/core'
import { IconPlayerPlay, IconPlus } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { lazy, Suspense, useState } from 'react'
import { Link, useOutletContext } from 'react-router'
import { api, need } from '../api/client'
import { may, queries, type Me } from '../api/queries'
import { Things } from '../parts/Things'
import { useTexts } from '../texts'
import { AddSound } from './AddSound'
import { sounds, type Sound } from './api'

const Wave = lazy(() => import('./Wave'))

export default function Sounds() {
  const { t } = useTexts()
  const me = useOutletContext<Me>()
  const [adding, setAdding] = useState(false)
  const [open, setOpen] = useState<Sound | null>(null)
  const again = () => queries.invalidateQueries({ queryKey: ['sounds'] })
  return (
    <>
      <Things<Sound> title={t('sounds.title')} intro={t('sounds.intro')} empty={t('sounds.empty')} query="sounds" scope="apps:write"
        head={may(me, 'apps:write') && <Button leftSection={<IconPlus size={16} />} onClick={() => setAdding(true)}>{t('sounds.add')}</Button>}
        list={sounds} id={(s) => s.id} name={(s) => s.name}
        columns={[
          { title: t('things.name'), cell: (s) => <>{s.name}{s.text && <Text size="sm" c="dimmed" lineClamp={2}>{s.text}</Text>}</> },
          { title: t('sounds.length'), cell: (s) => t('sounds.seconds', { n: s.seconds.toFixed(1) }) },
          { title: t('sounds.source'), cell: (s) => (s.source ? t(`sounds.source.${s.source}`) : '') },
        ]}
        fields={[{ name: 'name', label: t('things.name'), required: true }]}
        edit={{ values: (s) => ({ name: s.name }), run: async (s, v) => {
          await need(api.PATCH('/api/v1/sounds/{sound}', { params: { path: { sound: s.id } }, body: { name: String(v.name) } }))
        } }}
        remove={async (s) => { await need(api.DELETE('/api/v1/sounds/{sound}', { params: { path: { sound: s.id } } })) }}
        actions={(s) => <ActionIcon variant="subtle" aria-label={t('sounds.open', { name: s.name })} onClick={() => setOpen(s)}><IconPlayerPlay size={16} /></ActionIcon>} />
      <Modal opened={adding} onClose={() => setAdding(false)} title={t('sounds.add')} size="lg" closeButtonProps={{ 'aria-label': t('things.close') }}>
        {adding && <AddSound done={() => { setAdding(false); void again() }} />}
      </Modal>
      <Modal opened={open !== null} onClose={() => setOpen(null)} title={open?.name} size="lg" closeButtonProps={{ 'aria-label': t('things.close') }}>
        {open && <OneSound sound={open} writes={may(me, 'apps:write')} done={() => { setOpen(null); void again() }} />}
      </Modal>
    </>
  )
}

/** A sound: heard, which IVRs play it, and other audio for all of them. */
function OneSound({ sound, writes, done }: { sound: Sound; writes: boolean; done: () => void }) {
  const { t } = useTexts()
  const [replacing, setReplacing] = useState(false)
  const usage = useQuery({ queryKey: ['usage', sound.id], queryFn: async () => (await need(api.GET('/api/v1/sounds/{sound}/usage', { params: { path: { sound: sound.id } } }))).items ?? [] })
  return (
    <Stack>
      {sound.bytes > 0 && <Suspense fallback={<Skeleton height={90} />}><Wave source={`/api/v1/sounds/${encodeURIComponent(sound.id)}/audio`} label={sound.name} /></Suspense>}
      <Text>{t('sounds.usage')}: {usage.data?.length
        ? usage.data.map((u, i) => <span key={u.app}>{i > 0 && ', '}<Anchor component={Link} to={`/apps/${u.app}`}>{u.name}</Anchor></span>)
        : t('sounds.unused')}</Text>
      {writes && !replacing && <Button variant="light" onClick={() => setReplacing(true)}>{t('sounds.replace')}…</Button>}
      {replacing && <AddSound replaces={sound.id} done={done} />}
    </Stack>
  )
}
