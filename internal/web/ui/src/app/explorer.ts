/** Sections of the native API that a page's address begins with: what the page does, over the API. */
const sections: [path: string, section: string][] = [
  ['/calls', 'Calls'],
  ['/rooms', 'Calls'],
  ['/messages', 'Voicemail'],
  ['/statistics', 'Statistics'],
  ['/apps', 'Apps'],
  ['/sounds', 'Sounds'],
  ['/hours', 'Opening hours'],
  ['/numbers', 'Numbers'],
  ['/extensions', 'Extensions'],
  ['/trunks', 'Trunks'],
  ['/users', 'Users'],
  ['/me', 'Users'],
  ['/access', 'Keys and credentials'],
  ['/webhooks', 'Webhooks'],
  ['/account', 'Account'],
  ['/audit', 'Audit log'],
  ['/server', 'Server'],
  ['/', 'Apps'],
]

/** The API explorer at the operations that the page at this address uses. */
export function explorer(path: string): string {
  const at = sections.find(([p]) => path === p || path.startsWith(p + '/'))
  return '/docs/api' + (at ? '#section=' + encodeURIComponent(at[1]) : '')
}
