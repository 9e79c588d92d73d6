/** First requests of each API, to be copied: the vendors' own forms, with this server's address. */

export type Vendor = 'tandem' | 'sonetel' | 'telphin' | 'smartflo' | 'hoiio' | 'routee'

export const vendors: { id: Exclude<Vendor, 'tandem'>; name: string }[] = [
  { id: 'sonetel', name: 'Sonetel' },
  { id: 'telphin', name: 'Telphin (RingMe)' },
  { id: 'smartflo', name: 'Tata Smartflo' },
  { id: 'hoiio', name: 'Hoiio' },
  { id: 'routee', name: 'Routee' },
]

/** A request as every language can say it. */
interface Request {
  method: 'GET' | 'POST'
  url: string
  basic?: [string, string] // user and password
  bearer?: string
  form?: Record<string, string>
  json?: unknown
}

function request(vendor: Vendor, base: string): Request {
  switch (vendor) {
    case 'sonetel':
      return { method: 'POST', url: `${base}/sonetel/SonetelAuth/beta/oauth/token`, basic: ['sonetel-api', 'sonetel-api'],
        form: { grant_type: 'password', refresh: 'yes', username: 'USERNAME', password: 'PASSWORD' } }
    case 'telphin':
      return { method: 'POST', url: `${base}/telphin/oauth/token`, form: { grant_type: 'client_credentials', client_id: 'APP_ID', client_secret: 'APP_SECRET' } }
    case 'smartflo':
      return { method: 'POST', url: `${base}/smartflo/v1/auth/login`, json: { email: 'EMAIL', password: 'PASSWORD' } }
    case 'hoiio':
      return { method: 'GET', url: `${base}/hoiio/open/ivr/start/dial?app_id=APP_ID&access_token=ACCESS_TOKEN&dest=%2B46701234567&msg=Hello` }
    case 'routee':
      return { method: 'POST', url: `${base}/routee/oauth/token`, basic: ['APPLICATION_ID', 'APPLICATION_SECRET'], form: { grant_type: 'client_credentials' } }
    default:
      return { method: 'GET', url: `${base}/api/v1/apps`, bearer: 'KEY' }
  }
}

/** The request in each language: curl, Python, Node, PHP. */
export function samples(vendor: Vendor, base: string): Record<string, string> {
  const r = request(vendor, base)
  return { curl: curl(r), Python: python(r), Node: node(r), PHP: php(r) }
}

const quoted = (s: string) => "'" + s.replaceAll("'", `'"'"'`) + "'"

function curl(r: Request): string {
  const parts = [`curl -sS ${quoted(r.url)}`]
  if (r.basic) parts.push(`-u ${quoted(r.basic.join(':'))}`)
  if (r.bearer) parts.push(`-H ${quoted('Authorization: Bearer ' + r.bearer)}`)
  for (const [k, v] of Object.entries(r.form ?? {})) parts.push(`-d ${quoted(`${k}=${v}`)}`)
  if (r.json) parts.push(`-H 'Content-Type: application/json'`, `-d ${quoted(JSON.stringify(r.json))}`)
  return parts.join(' \\\n  ')
}

function python(r: Request): string {
  const more: string[] = []
  if (r.basic) more.push(`auth=(${r.basic.map((x) => JSON.stringify(x)).join(', ')})`)
  if (r.bearer) more.push(`headers={"Authorization": "Bearer ${r.bearer}"}`)
  if (r.form) more.push(`data=${JSON.stringify(r.form)}`)
  if (r.json) more.push(`json=${JSON.stringify(r.json)}`)
  return ['import requests', '', `answer = requests.${r.method.toLowerCase()}(`, `    ${[JSON.stringify(r.url), ...more, 'timeout=30'].join(',\n    ')},`, ')', 'print(answer.status_code, answer.json())'].join('\n')
}

function node(r: Request): string {
  const headers: string[] = []
  if (r.basic) headers.push(`Authorization: 'Basic ' + btoa('${r.basic.join(':')}')`)
  if (r.bearer) headers.push(`Authorization: 'Bearer ${r.bearer}'`)
  if (r.json) headers.push(`'Content-Type': 'application/json'`)
  const lines = [`  method: '${r.method}',`]
  if (headers.length) lines.push(`  headers: { ${headers.join(', ')} },`)
  if (r.form) lines.push(`  body: new URLSearchParams(${JSON.stringify(r.form)}),`)
  if (r.json) lines.push(`  body: JSON.stringify(${JSON.stringify(r.json)}),`)
  return [`const answer = await fetch('${r.url}', {`, ...lines, '})', 'console.log(answer.status, await answer.json())'].join('\n')
}

function php(r: Request): string {
  const options: string[] = ['CURLOPT_RETURNTRANSFER => true']
  if (r.basic) options.push(`CURLOPT_USERPWD => '${r.basic.join(':')}'`)
  const headers: string[] = []
  if (r.bearer) headers.push(`'Authorization: Bearer ${r.bearer}'`)
  if (r.json) headers.push(`'Content-Type: application/json'`)
  if (headers.length) options.push(`CURLOPT_HTTPHEADER => [${headers.join(', ')}]`)
  const array = (o: object) => '[' + Object.entries(o).map(([k, v]) => `'${k}' => '${String(v)}'`).join(', ') + ']'
  if (r.form) options.push(`CURLOPT_POSTFIELDS => http_build_query(${array(r.form)})`)
  if (r.json) options.push(`CURLOPT_POSTFIELDS => json_encode(${array(r.json as object)})`)
  return ['<?php', `$request = curl_init('${r.url}');`, `curl_setopt_array($request, [`, ...options.map((o) => `    ${o},`), ']);', 'echo curl_exec($request), "\\n";'].join('\n')
}
