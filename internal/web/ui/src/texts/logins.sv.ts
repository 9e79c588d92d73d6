import type { loginsEn } from './logins.en'

/** Texter för var man är inloggad. */
export const loginsSv: Record<keyof typeof loginsEn, string> = {
  'logins.title': 'Var du är inloggad',
  'logins.intro': 'Webbläsare som är inloggade som du. En inloggning slutar tolv timmar efter att den började, när du loggar ut och när ditt lösenord ändras.',
  'logins.browser': 'Webbläsare',
  'logins.from': 'Från',
  'logins.since': 'Sedan',
  'logins.seen': 'Senast använd',
  'logins.unknown': 'okänd',
  'logins.this': 'den här',
  'logins.end': 'Avsluta',
  'logins.endOf': 'Avsluta inloggningen från {from} den {when}',
  'logins.endOthers': 'Avsluta alla andra',
}
