// Package digestauth is SIP digest authentication (RFC 3261 §22, RFC 7616,
// RFC 8760): challenges and their verification for peers that ask us, answers
// for peers that ask us to authenticate, and the limit on wrong guesses.
//
// Nonces hold no state: they are signed, bound to the source address and end
// after a minute. What little is remembered (counts of used nonces, failures) is
// bounded. It looks nobody up and stores no password: callers bring HA1 values.
// It has no goroutine; all methods are safe concurrently.
package digestauth
