import { ActionIcon, Alert, Badge, Button, Group, Modal, Skeleton, Stack, Table, Text } from '@mantine/core'
import { IconPencil, IconTrash } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { api, need, type Schema } from '../api/client'
import { queries, readMe } from '../api/queries'
import { Fields, type Field } from '../parts/Fields'
import { Section } from '../parts/Page'
import { add } from '../parts/passkey'
import { Trouble } from '../parts/Trouble'
import { useTexts } from '../texts'

type Passkey = Schema<'Passkey'>
type Doing = { what: 'add' } | { what: 'rename' | 'remove'; key: Passkey } | null

/** A person's passkeys: made, named, removed. */
export function Passkeys() {
  const { t, language } = useTexts()
  const [doing, setDoing] = useState<Doing>(null)
  const list = useQuery({ queryKey: ['passkeys'], queryFn: () => need(api.GET('/api/v1/me/passkeys')) })
  const when = new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeStyle: 'short' })
  const keys = list.data?.items ?? []
  const origins = list.data?.origins ?? []
  const here = 'PublicKeyCredential' in window && origins.includes(location.origin)
  const close = () => setDoing(null)
  const send = async (v: Record<string, unknown>) => {
    const password = String(v.password ?? '')
    if (doing?.what === 'add') await add(t, String(v.name), password)
    if (doing?.what === 'rename') await need(api.PATCH('/api/v1/me/passkeys/{passkey}', { params: { path: { passkey: doing.key.id } }, body: { name: String(v.name) } }))
    if (doing?.what === 'remove') await need(api.POST('/api/v1/me/passkeys/{passkey}/remove', { params: { path: { passkey: doing.key.id } }, body: { password } }))
    close()
    await Promise.all([queries.invalidateQueries({ queryKey: ['passkeys'] }), readMe()])
  }
  const title = doing?.what === 'add' ? t('passkey.add') : doing ? t(doing.what === 'rename' ? 'passkey.rename' : 'passkey.remove', { name: doing.key.name }) : ''
  const name: Field = { name: 'name', label: t('things.name'), help: t('passkey.nameHelp'), required: true }
  const password: Field = { name: 'password', label: t('login.password'), help: t('passkey.passwordHelp'), kind: 'secret', required: true }
  const fields = doing?.what === 'add' ? [name, password] : doing?.what === 'rename' ? [name] : [password]
  return (
    <Section title={t('passkey.title')} actions={here && keys.length < (list.data?.most ?? 0) && <Button onClick={() => setDoing({ what: 'add' })}>{t('passkey.add')}</Button>}>
      <Text c="dimmed" maw={720}>{t('passkey.intro')}</Text>
      {list.isPending && <Skeleton h={60} />}
      {list.error && <Trouble error={list.error} again={() => void list.refetch()} />}
      {list.data && !here && <Alert color="yellow" maw={720}>{t('passkey.where', { places: origins.join(', '), here: location.origin })}</Alert>}
      {list.data && keys.length === 0 && <Text>{t('passkey.empty')}</Text>}
      {keys.length > 0 && (
        <Table.ScrollContainer minWidth={320} type="native" tabIndex={0} role="region" aria-label={t('passkey.title')}>
          <Table verticalSpacing="xs">
            <Table.Thead><Table.Tr>
              <Table.Th>{t('things.name')}</Table.Th><Table.Th>{t('passkey.made')}</Table.Th><Table.Th>{t('passkey.used')}</Table.Th><Table.Th>{t('things.actions')}</Table.Th>
            </Table.Tr></Table.Thead>
            <Table.Tbody>
              {keys.map((k) => (
                <Table.Tr key={k.id}>
                  <Table.Td style={{ overflowWrap: 'anywhere' }}>
                    {k.name} {k.synced && <Badge size="xs" variant="default">{t('passkey.synced')}</Badge>}
                    {k.party !== list.data?.party && <Text size="xs" c="dimmed">{t('passkey.party', { party: k.party })}</Text>}
                  </Table.Td>
                  <Table.Td>{k.created ? when.format(new Date(k.created)) : ''}</Table.Td>
                  <Table.Td>{k.used ? when.format(new Date(k.used)) : t('passkey.never')}</Table.Td>
                  <Table.Td>
                    <Group gap={4} wrap="nowrap">
                      <ActionIcon variant="subtle" aria-label={t('passkey.rename', { name: k.name })} onClick={() => setDoing({ what: 'rename', key: k })}><IconPencil size={16} /></ActionIcon>
                      <ActionIcon variant="subtle" color="red" aria-label={t('passkey.remove', { name: k.name })} onClick={() => setDoing({ what: 'remove', key: k })}><IconTrash size={16} /></ActionIcon>
                    </Group>
                  </Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      )}
      <Modal opened={doing !== null} onClose={close} title={title} size="lg" closeButtonProps={{ 'aria-label': t('things.close') }}>
        {doing && (
          <Stack>
            {doing.what === 'remove' && <Text>{t('passkey.removeText')}</Text>}
            <Fields key={doing.what} fields={fields} initial={{ name: doing.what === 'rename' ? doing.key.name : '', password: '' }} submit={send} cancel={close}
              label={doing.what === 'add' ? t('passkey.add') : doing.what === 'rename' ? t('things.save') : t('factor.remove')} />
          </Stack>
        )}
      </Modal>
    </Section>
  )
}
