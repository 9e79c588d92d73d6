// Package httpapi is the program's own REST API below /api/v1: accounts and
// their keys, apps with drafts and revisions, sounds, numbers, telephones,
// calls, and their events as they happen. The OpenAPI 3.1 document is made from
// the handlers' types; errors are problem documents (RFC 9457).
//
// The account of a request is that of its key and nothing else; only operators'
// keys may name another, below /accounts. A request starts no goroutine; streams
// of events run in the goroutines of the server and end with Hub.Close.
package httpapi
