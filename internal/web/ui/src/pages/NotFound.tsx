import { Anchor } from '@mantine/core'
import { Link } from 'react-router'
import { Page } from '../parts/Page'
import { useTexts } from '../texts'

export default function NotFound() {
  const { t } = useTexts()
  return <Page title="404"><p>{t('app.notfound')}</p><Anchor component={Link} to="/">{t('app.home')}</Anchor></Page>
}
