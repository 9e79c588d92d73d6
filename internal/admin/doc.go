// Package admin makes and removes what an operator manages: accounts, their
// owners, credentials, numbers, extensions and trunks, and the one-time links by
// which owners set their passwords.
//
// The command line, the daemon (for the sample account) and tests use it. It is
// not a store and not an API: it checks input, draws ids and secrets, and writes
// through the store's contracts. Errors of kind Invalid carry the flag at fault
// in Field. An Admin is immutable, starts no goroutine and may be used by many
// at once, in several processes on one database.
package admin
