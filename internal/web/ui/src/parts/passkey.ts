import { api, Fault, need, post } from '../api/client'
import type { TextKey } from '../texts'

/** The browser's side of passkeys (W3C Web Authentication): what the server asks is given to the browser, and its answer to the server, in the JSON forms of §5.1. */

type Say = (key: TextKey, values?: Record<string, string>) => string
interface Named { id: string; type: PublicKeyCredentialType; transports?: AuthenticatorTransport[] }
interface Begun { token: string; options: unknown }

function bytes(text: string): ArrayBuffer {
  const raw = atob(text.replace(/-/g, '+').replace(/_/g, '/'))
  return Uint8Array.from(raw, (c) => c.charCodeAt(0)).buffer
}

function text(b: ArrayBuffer | null): string | undefined {
  if (!b) return undefined
  let raw = ''
  for (const n of new Uint8Array(b)) raw += String.fromCharCode(n)
  return btoa(raw).replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '')
}

const named = (list?: Named[]) => list?.map((c) => ({ ...c, id: bytes(c.id) }))

/** Why the browser gave no passkey, in words; a Fault of the server stays as it is. */
function fault(e: unknown, t: Say): Fault {
  if (e instanceof Fault) return e
  const name = e instanceof DOMException ? e.name : ''
  const words = name === 'NotAllowedError' || name === 'AbortError' ? t('passkey.none')
    : name === 'InvalidStateError' ? t('passkey.known')
    : name === 'SecurityError' ? t('passkey.notHere', { here: location.origin })
    : t('passkey.failed', { why: e instanceof Error ? e.message : String(e) })
  return new Fault(400, { detail: words })
}

async function create(options: unknown) {
  const o = options as PublicKeyCredentialCreationOptionsJSON
  const made = await navigator.credentials.create({
    publicKey: { ...o, challenge: bytes(o.challenge), user: { ...o.user, id: bytes(o.user.id) }, excludeCredentials: named(o.excludeCredentials as Named[]) } as PublicKeyCredentialCreationOptions,
  }) as PublicKeyCredential
  const r = made.response as AuthenticatorAttestationResponse
  return {
    id: made.id, rawId: text(made.rawId), type: made.type, clientExtensionResults: {},
    response: { clientDataJSON: text(r.clientDataJSON), attestationObject: text(r.attestationObject), transports: r.getTransports?.() ?? [] },
  }
}

async function get(options: unknown) {
  const o = options as PublicKeyCredentialRequestOptionsJSON
  const got = await navigator.credentials.get({
    publicKey: { ...o, challenge: bytes(o.challenge), allowCredentials: named(o.allowCredentials as Named[]) } as PublicKeyCredentialRequestOptions,
  }) as PublicKeyCredential
  const r = got.response as AuthenticatorAssertionResponse
  return {
    id: got.id, rawId: text(got.rawId), type: got.type, clientExtensionResults: {},
    response: { clientDataJSON: text(r.clientDataJSON), authenticatorData: text(r.authenticatorData), signature: text(r.signature), userHandle: text(r.userHandle) },
  }
}

/** Logs in: alone, or for the log-in that waits for its second factor under token. */
export async function logIn(t: Say, token = ''): Promise<void> {
  try {
    const begun = (await post<Begun>('/session/passkey/begin', { token }))!
    await post('/session/passkey', { token, ceremony: begun.token, credential: await get(begun.options) })
  } catch (e) {
    throw fault(e, t)
  }
}

/** Registers a passkey in place of an authenticator app, for the log-in that waits under token. */
export async function enrol(t: Say, token: string, name: string): Promise<void> {
  try {
    const begun = (await post<Begun>('/session/passkey/new/begin', { token }))!
    await post('/session/passkey/new', { token, ceremony: begun.token, name, credential: await create(begun.options) })
  } catch (e) {
    throw fault(e, t)
  }
}

/** Registers a passkey of who is logged in. */
export async function add(t: Say, name: string, password: string): Promise<void> {
  try {
    const begun = await need(api.POST('/api/v1/me/passkeys/begin', { body: { password } }))
    await need(api.POST('/api/v1/me/passkeys', { body: { token: begun.token, name, credential: await create(begun.options) } }))
  } catch (e) {
    throw fault(e, t)
  }
}
