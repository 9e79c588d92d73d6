import { build, missing, send } from './request.js';

const $ = (id) => document.getElementById(id);
const tokens = new Map(); // API's name → its token, until the page is closed
let apis = [];
let api = null;

// make builds an element. Texts are set as text and never read as HTML.
function make(tag, props = {}, ...children) {
  const e = document.createElement(tag);
  for (const [k, v] of Object.entries(props)) {
    if (k === 'on') for (const [event, f] of Object.entries(v)) e.addEventListener(event, f);
    else if (k in e && k !== 'list') e[k] = v;
    else e.setAttribute(k, v);
  }
  e.append(...children.filter((c) => c !== null && c !== undefined));
  return e;
}

function showToken() {
  const t = tokens.get(api.Name);
  $('token').value = t || '';
  $('token-state').textContent = t ? 'token set for ' + api.Name : 'no token is set';
}

function setToken(value) {
  if (value) tokens.set(api.Name, value);
  else tokens.delete(api.Name);
  showToken();
}

function showAPIs() {
  $('apis').replaceChildren(...apis.map((a) => make('button', {
    type: 'button', 'aria-current': String(a === api), on: { click: () => choose(a) },
  }, a.Name)));
}

function choose(a) {
  api = a;
  history.replaceState(null, '', '#' + encodeURIComponent(a.Name));
  $('filter').value = '';
  showAPIs();
  showToken();
  show();
}

function matches(e, words) {
  const all = [e.Method, e.Path, e.Title, e.Text, e.Section].join(' ').toLowerCase();
  return words.every((w) => all.includes(w));
}

function show() {
  const words = $('filter').value.toLowerCase().split(/\s+/).filter(Boolean);
  const sections = new Map();
  for (const e of api.Endpoints || []) {
    if (!matches(e, words)) continue;
    if (!sections.has(e.Section)) sections.set(e.Section, []);
    sections.get(e.Section).push(e);
  }
  const parts = [make('h2', {}, api.Name), make('p', {}, 'Base: ', make('code', {}, location.origin + api.Base))];
  if (api.Missing) parts.push(make('p', { className: 'missing' }, api.Missing));
  if (api.Auth) parts.push(...api.Auth.split('\n').filter(Boolean).map((t) => make('p', {}, t)));
  const links = [];
  let n = 0;
  for (const [name, list] of sections) {
    const id = 'section-' + n++;
    links.push(make('li', {}, make('a', { href: '#' + id, on: { click: (ev) => { ev.preventDefault(); $(id).scrollIntoView(); $(id).focus(); } } }, name), ' ', make('span', { className: 'small' }, String(list.length))));
    parts.push(make('h2', { id, tabIndex: -1 }, name), ...list.map(endpoint));
  }
  if (sections.size === 0) parts.push(make('p', {}, 'No endpoint fits.'));
  $('sections').replaceChildren(...links);
  $('endpoints').replaceChildren(...parts);
}

// goTo shows a section of the API that is shown; the web app's pages link to theirs.
function goTo(section) {
  const heading = [...$('endpoints').querySelectorAll('h2[id]')].find((h) => h.textContent === section);
  if (!heading) return;
  heading.scrollIntoView();
  heading.focus();
}

function endpoint(e) {
  const path = e.Path.startsWith('//') ? e.Path.slice(1) : e.Path;
  const box = make('details', {}, make('summary', {},
    make('span', { className: 'method' }, e.Method), make('code', {}, path), make('span', {}, e.Title),
    e.Open ? make('span', { className: 'small' }, 'needs no token') : null));
  box.addEventListener('toggle', () => { if (box.open && box.children.length === 1) box.append(inside(e)); });
  return box;
}

function inputFor(f, id) {
  if (f.In === 'file') return make('input', { id, type: 'file' });
  if (f.Type === 'boolean') {
    return make('select', { id }, make('option', { value: '' }, '–'), make('option', { value: 'true' }, 'true'), make('option', { value: 'false' }, 'false'));
  }
  return make('input', { id, type: 'text', spellcheck: false, autocomplete: 'off' });
}

let ids = 0;

function inside(e) {
  const jsonBody = e.Type && e.Type !== 'multipart/form-data' && e.Type !== 'application/x-www-form-urlencoded';
  const inputs = new Map();
  const rows = (e.Fields || []).map((f) => {
    const id = 'field-' + ids++;
    let cell = '';
    if (!(jsonBody && f.In === 'body')) { cell = inputFor(f, id); inputs.set(f.Name, cell); }
    return make('tr', {},
      make('td', {}, make('label', { htmlFor: id, className: f.Required || f.In === 'path' ? 'required' : '' }, make('code', {}, f.Name))),
      make('td', {}, cell), make('td', {}, f.Type || 'string', make('div', { className: 'small' }, f.In)), make('td', {}, f.Text || ''));
  });
  const body = jsonBody ? make('textarea', { value: e.Example || '', spellcheck: false, 'aria-label': 'body of the request' }) : null;
  const result = make('div', { role: 'region', 'aria-label': 'answer', 'aria-live': 'polite' });
  const button = make('button', { type: 'button', className: 'try', disabled: Boolean(api.Missing), on: { click: () => tryIt(e, inputs, body, result, button) } }, 'Try it out!');
  return make('div', { className: 'inside' },
    e.Text ? make('p', {}, e.Text) : null,
    rows.length ? make('div', { className: 'scroll' }, make('table', {},
      make('thead', {}, make('tr', {}, ...['Field', 'Value', 'Type', 'Meaning'].map((t) => make('th', { scope: 'col' }, t)))),
      make('tbody', {}, ...rows))) : null,
    body ? make('p', { className: 'small' }, 'Body, ' + e.Type + ':') : null, body,
    make('div', { className: 'row' }, button), result);
}

async function tryIt(e, inputs, body, result, button) {
  const values = new Map();
  for (const [name, input] of inputs) values.set(name, input.type === 'file' ? input.files : input.value);
  const lacking = missing(e, values);
  if (lacking.length) {
    result.replaceChildren(make('p', { className: 'failed' }, 'Please fill in: ' + lacking.join(', ')));
    return;
  }
  button.disabled = true;
  const of = api;
  try {
    const request = build(of, e, values, body ? body.value : '', tokens.get(of.Name));
    const answer = await send(request);
    result.replaceChildren(...answerParts(of, request, answer));
  } catch (err) {
    result.replaceChildren(make('p', { className: 'failed' }, 'The request could not be made: ' + err.message));
  } finally {
    button.disabled = false;
  }
}

function answerParts(of, request, answer) {
  const good = answer.status >= 200 && answer.status < 300;
  const parts = [
    make('p', { className: 'small' }, 'Request:'), make('pre', {}, request.curl),
    make('p', {}, 'Answer: ', make('span', { className: 'status ' + (good ? 'good' : 'bad') }, answer.status + ' ' + answer.words), ' in ' + answer.ms + ' ms'),
  ];
  const found = answer.json && typeof answer.json === 'object' && (answer.json.access_token || (answer.json.response && answer.json.response.access_token));
  if (typeof found === 'string' && of === api) {
    parts.push(make('div', { className: 'row' }, make('button', { type: 'button', className: 'use-token', on: { click: () => setToken(found) } }, 'Set Token from this answer')));
  }
  if (answer.blob) {
    const url = URL.createObjectURL(answer.blob);
    if (answer.blob.type.startsWith('audio/')) parts.push(make('audio', { controls: true, src: url }));
    parts.push(make('p', {}, make('a', { href: url, download: 'answer' }, 'Save the answer, ' + answer.blob.size + ' bytes')));
  } else parts.push(make('pre', { className: 'body' }, answer.text || '(no body)'));
  parts.push(make('details', {}, make('summary', {}, 'Headers'), make('pre', {}, answer.headers.map((h) => h.join(': ')).join('\n'))));
  return parts;
}

$('token-form').addEventListener('submit', (ev) => { ev.preventDefault(); setToken($('token').value.trim()); });
$('filter').addEventListener('input', show);

try {
  const res = await fetch('/docs/api/apis.json', { credentials: 'omit' });
  if (!res.ok) throw new Error(res.status + ' ' + res.statusText);
  apis = await res.json();
  const wanted = decodeURIComponent(location.hash.slice(1));
  choose(apis.find((a) => a.Name === wanted) || apis[0]);
  if (wanted.startsWith('section=')) goTo(wanted.slice('section='.length));
} catch (err) {
  $('endpoints').replaceChildren(make('p', { className: 'missing' }, 'The list of APIs could not be loaded: ' + err.message));
}
