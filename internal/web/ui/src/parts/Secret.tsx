import { ActionIcon, Code, CopyButton, Group, Stack, Text, Tooltip } from '@mantine/core'
import { IconCheck, IconCopy } from '@tabler/icons-react'
import { useTexts } from '../texts'

/** Names and values that are shown once, each to be copied. */
export function Secrets({ values, words }: { values: [name: string, value: string][]; words?: string }) {
  const { t } = useTexts()
  return (
    <Stack gap="xs">
      <Text>{words ?? t('things.onceText')}</Text>
      {values.map(([name, value]) => <Copyable key={name} name={name} value={value} />)}
    </Stack>
  )
}

/** One value with a button that copies it. */
export function Copyable({ name, value }: { name: string; value: string }) {
  const { t } = useTexts()
  return (
    <Group wrap="nowrap" gap="xs" align="flex-start">
      <Text size="sm" w={130} c="dimmed" flex="none">{name}</Text>
      <Code style={{ overflowWrap: 'anywhere', flex: 1 }}>{value}</Code>
      <CopyButton value={value}>
        {({ copied, copy }) => (
          <Tooltip label={copied ? t('things.copied') : t('things.copy')}>
            <ActionIcon variant="subtle" aria-label={t('things.copyName', { name })} onClick={copy}>{copied ? <IconCheck size={16} /> : <IconCopy size={16} />}</ActionIcon>
          </Tooltip>
        )}
      </CopyButton>
    </Group>
  )
}

/** Text of several lines with a button that copies it. */
export function Snippet({ label, text }: { label: string; text: string }) {
  const { t } = useTexts()
  return (
    <div style={{ position: 'relative' }}>
      <Code block tabIndex={0} aria-label={label}>{text}</Code>
      <CopyButton value={text}>
        {({ copied, copy }) => (
          <ActionIcon variant="default" pos="absolute" top={6} right={6} aria-label={t('things.copyName', { name: label })} onClick={copy}>
            {copied ? <IconCheck size={16} /> : <IconCopy size={16} />}
          </ActionIcon>
        )}
      </CopyButton>
    </div>
  )
}
