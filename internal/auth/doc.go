// Package auth decides who somebody is: it hashes and checks secrets, limits
// guessing, signs and verifies tokens (JWT, RFC 7519, RS256 alone), turns
// refresh tokens and makes links that work once.
//
// It does not decide what a credential may do, keeps no sessions and speaks no
// HTTP: a dialect or the web app puts its own words around the answers. It
// starts no goroutine; every type may be used by many goroutines at once.
package auth
