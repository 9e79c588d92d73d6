// Package voice is the domain: calls, legs, numbers, trunks, apps, prompts,
// mailboxes, call detail records, events and errors, and the contracts that
// other packages implement (stores, and the one-method interfaces of a live call).
//
// It is not an engine and keeps no state: every value here is plain data that
// may be copied, and the package starts no goroutine. It imports nothing of the
// program. Identifiers and units are named types, so that a number cannot be
// given where an extension is meant.
package voice
