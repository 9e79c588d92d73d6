import { api, need, type Schema } from '../api/client'
import { Things } from '../parts/Things'
import { useTexts } from '../texts'
import { destinationOf, useDestinations, valuesOf } from './destination'

export default function Numbers() {
  const { t } = useTexts()
  const to = useDestinations()
  return (
    <Things<Schema<'Number'>> title={t('numbers.title')} intro={t('numbers.intro')} empty={t('numbers.empty')} query="numbers"
      list={async () => (await need(api.GET('/api/v1/numbers'))).items ?? []} id={(n) => n.number} name={(n) => n.number}
      columns={[{ title: t('numbers.number'), cell: (n) => n.number }, { title: t('to.label'), cell: (n) => to.words(n.to) }]}
      fields={[{ name: 'number', label: t('numbers.number'), help: t('numbers.numberHelp'), required: true }, ...to.fields]}
      create={{ label: t('numbers.add'), values: { number: '', 'to.kind': '' }, run: async (v) => { await need(api.POST('/api/v1/numbers', { body: { number: String(v.number), to: destinationOf(v) } })) } }}
      edit={{ values: (n) => valuesOf(n.to), fields: to.fields,
        run: async (n, v) => { await need(api.PUT('/api/v1/numbers/{number}', { params: { path: { number: n.number } }, body: { to: destinationOf(v) } })) } }}
      remove={async (n) => { await need(api.DELETE('/api/v1/numbers/{number}', { params: { path: { number: n.number } } })) }} />
  )
}
