// Package outbound is the one policy for what this program fetches or calls on
// behalf of others: which URLs and addresses may be reached, and with what
// bounds. Everything that follows an address given by a tenant, a caller or a
// document goes through it, so that nobody can use the program to look into the
// network it stands in (server-side request forgery).
//
// Names are resolved once, every address is checked, and exactly those
// addresses are dialled; the socket is checked again when it connects, so a name
// that changes its mind gains nothing. The operator of the host may let the URLs
// of an account lead into networks that are not public; the account itself can't.
// It is not a cache and keeps no state but
// idle connections. A Policy may be used by many goroutines at once.
//
// Ranges: IANA special-purpose address registries (RFC 6890, RFC 8190).
package outbound
