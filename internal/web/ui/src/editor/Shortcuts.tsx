import { ActionIcon, Kbd, Modal, Table } from '@mantine/core'
import { useHotkeys } from '@mantine/hooks'
import { IconKeyboard } from '@tabler/icons-react'
import { useState } from 'react'
import { useTexts, type TextKey } from '../texts'

/** The editor's keys, as they are pressed and as the button of each says it (aria-keyshortcuts). */
export const shortcuts = { add: 'Alt+N', steps: 'Alt+O', panel: 'Alt+I', publish: 'Alt+P', call: 'Alt+C', help: 'Alt+K' } as const

const others: [keys: string, what: TextKey][] = [['Ctrl+Z', 'editor.undo'], ['Ctrl+Shift+Z', 'editor.redo'], ['Ctrl+C', 'editor.copyStep'], ['Ctrl+V', 'editor.keys.paste'], ['↑ ↓ ← →', 'editor.keys.arrows'], ['Enter', 'editor.keys.enter'], ['0–9 * #', 'editor.keys.phone']]

type Act = keyof typeof shortcuts

/** Keys that work wherever the focus is, in fields too; the list of all is shown on demand. */
export function Shortcuts({ act }: { act: Record<Exclude<Act, 'help'>, () => void> }) {
  const { t } = useTexts()
  const [shown, show] = useState(false)
  const run = { ...act, help: () => show(true) }
  useHotkeys((Object.keys(shortcuts) as Act[]).map((k) => [shortcuts[k], run[k], { usePhysicalKeys: true }]), [])
  return (
    <>
      <ActionIcon variant="default" aria-label={t('editor.keys')} title={`${t('editor.keys')} (${shortcuts.help})`} aria-keyshortcuts={shortcuts.help} onClick={() => show(true)}><IconKeyboard size={16} /></ActionIcon>
      <Modal opened={shown} onClose={() => show(false)} title={t('editor.keys')} closeButtonProps={{ 'aria-label': t('things.close') }}>
        <Table>
          <Table.Tbody>
            {[...(Object.keys(shortcuts) as Act[]).map((k) => [shortcuts[k], `editor.keys.${k}`] as [string, TextKey]), ...others].map(([keys, what]) => (
              <Table.Tr key={keys}><Table.Td><Kbd>{keys}</Kbd></Table.Td><Table.Td>{t(what)}</Table.Td></Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Modal>
    </>
  )
}
