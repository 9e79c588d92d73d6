/** Texts of where one is logged in. */
export const loginsEn = {
  'logins.title': 'Where you are logged in',
  'logins.intro': 'Browsers that are logged in as you. A log-in ends twelve hours after it began, when you log out, and when your password changes.',
  'logins.browser': 'Browser',
  'logins.from': 'From',
  'logins.since': 'Since',
  'logins.seen': 'Last used',
  'logins.unknown': 'unknown',
  'logins.this': 'this one',
  'logins.end': 'End',
  'logins.endOf': 'End the log-in from {from} of {when}',
  'logins.endOthers': 'End all others',
}
