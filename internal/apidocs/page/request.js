// Builds and sends one request of the page. Nothing here touches the document.

// pathOf puts the values of path parameters into an endpoint's address.
export function pathOf(api, endpoint, values) {
  let path = endpoint.Path.startsWith('//') ? endpoint.Path.slice(1) : api.Base + endpoint.Path;
  for (const f of endpoint.Fields || []) {
    if (f.In === 'path') path = path.replaceAll('{' + f.Name + '}', encodeURIComponent(values.get(f.Name) ?? ''));
  }
  const query = new URLSearchParams();
  for (const f of endpoint.Fields || []) {
    const v = values.get(f.Name);
    if (f.In === 'query' && v !== undefined && v !== '') {
      for (const one of f.Type === 'array' ? v.split(',') : [v]) query.append(f.Name, one.trim());
    }
  }
  const text = query.toString();
  return text ? path + (path.includes('?') ? '&' : '?') + text : path;
}

// missing names the required fields that have no value yet.
export function missing(endpoint, values) {
  return (endpoint.Fields || [])
    .filter((f) => (f.In === 'path' || f.Required) && (f.In !== 'body' || endpoint.Type !== 'application/json'))
    .filter((f) => { const v = values.get(f.Name); return v === undefined || v === '' || (v instanceof FileList && v.length === 0); })
    .map((f) => f.Name);
}

// build gives what fetch takes, and the same as a curl command for people.
export function build(api, endpoint, values, body, token) {
  const url = pathOf(api, endpoint, values);
  const headers = {};
  if (token && !endpoint.Open) headers.Authorization = 'Bearer ' + token;
  // Without a key the native API takes the web app's log-in; the vendors' APIs have none.
  const credentials = api.Base === '/api/v1' && !token ? 'same-origin' : 'omit';
  const options = { method: endpoint.Method, headers, credentials, redirect: 'manual', cache: 'no-store' };
  const curl = ['curl -X ' + endpoint.Method];
  if (headers.Authorization) curl.push('-H "Authorization: Bearer $TOKEN"');
  const fields = (endpoint.Fields || []).filter((f) => f.In === 'body' || f.In === 'file');
  switch (endpoint.Type) {
    case 'multipart/form-data': {
      const form = new FormData();
      for (const f of fields) {
        const v = values.get(f.Name);
        if (f.In === 'file') {
          for (const file of v || []) { form.append(f.Name, file, file.name); curl.push('-F ' + quote(f.Name + '=@' + file.name)); }
        } else if (v) { form.append(f.Name, v); curl.push('-F ' + quote(f.Name + '=' + v)); }
      }
      options.body = form;
      break;
    }
    case 'application/x-www-form-urlencoded': {
      const form = new URLSearchParams();
      for (const f of fields) { const v = values.get(f.Name); if (v) { form.append(f.Name, v); curl.push('--data-urlencode ' + quote(f.Name + '=' + v)); } }
      headers['Content-Type'] = endpoint.Type;
      options.body = form.toString();
      break;
    }
    case '':
    case undefined:
      break;
    default:
      headers['Content-Type'] = endpoint.Type;
      options.body = body;
      curl.push('-H ' + quote('Content-Type: ' + endpoint.Type), '-d ' + quote(body));
  }
  curl.push(quote(new URL(url, location.origin).href));
  return { url, options, curl: curl.join(' \\\n  ') };
}

function quote(s) { return "'" + String(s).replaceAll("'", "'\\''") + "'"; }

// send makes the request and gives what came back, as text where it is text.
export async function send({ url, options }) {
  const begun = performance.now();
  const res = await fetch(url, options);
  const answer = { status: res.status, words: res.statusText, ms: 0, headers: [...res.headers], text: '', blob: null, json: null };
  if (res.type === 'opaqueredirect') { answer.text = 'The server answers with a redirect.'; return answer; }
  const kind = res.headers.get('Content-Type') || '';
  if (/^(audio|video|image)\/|octet-stream|zip/.test(kind)) answer.blob = await res.blob();
  else if (kind.startsWith('text/event-stream')) { answer.text = 'The server sends events; they are not shown here.'; res.body.cancel(); }
  else answer.text = await res.text();
  answer.ms = Math.round(performance.now() - begun);
  try { answer.json = JSON.parse(answer.text); answer.text = JSON.stringify(answer.json, null, 2); } catch { /* not JSON: shown as it is */ }
  return answer;
}
