import { Stack, Text } from '@mantine/core'
import qrcode from 'qrcode-generator'
import { useMemo } from 'react'
import { useTexts } from '../texts'
import { Copyable, Snippet } from './Secret'

/** What an authenticator app is given: a QR code, and the same to be typed in. */
export function Enrol({ secret, uri }: { secret: string; uri: string }) {
  const { t } = useTexts()
  const code = useMemo(() => {
    const q = qrcode(0, 'M')
    q.addData(uri)
    q.make()
    return q.createDataURL(5, 12)
  }, [uri])
  return (
    <Stack gap="xs">
      <Text>{t('factor.scan')}</Text>
      <img src={code} alt={t('factor.qr')} width={220} height={220} style={{ background: '#fff', alignSelf: 'center' }} />
      <Copyable name={t('factor.secret')} value={secret} />
    </Stack>
  )
}

/** Recovery codes, shown once. */
export function RecoveryCodes({ codes }: { codes: string[] }) {
  const { t } = useTexts()
  return (
    <Stack gap="xs">
      <Text>{t('factor.recoveryText')}</Text>
      <Snippet label={t('factor.recovery')} text={codes.join('\n')} />
    </Stack>
  )
}
