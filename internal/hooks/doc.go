// Package hooks keeps the webhooks of the native API: who is told of which
// events of calls, what they are sent, and how it is signed, by the Standard
// Webhooks specification (https://www.standardwebhooks.com, version 1). It signs
// the vendors' webhooks the same way where an account has asked for it.
//
// Webhooks and an account's settings are resources; their secrets are sealed. It
// sends nothing and starts no goroutine; its methods may be called concurrently.
package hooks
