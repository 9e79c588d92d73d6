// Package passkey makes and checks passkeys: the server's side (relying party) of W3C
// Web Authentication, Level 3.
//
// A ceremony is begun, which gives a challenge for the person's authenticator, and ended
// by its answer. Challenges live in memory for five minutes, are bounded in number and
// serve once, whatever the answer is. What an authenticator proves is checked by
// go-webauthn; here is who may ask, what is kept, that counters never go back, and what
// the audit log says. A passkey is made for one host name (Config.Party) and answers at
// the origins of that alone, which browsers and this package both see to. Attestation is
// not asked for: any make of authenticator will do that verifies its user.
//
// A Keeper starts no goroutine and may be used by many at once.
package passkey
