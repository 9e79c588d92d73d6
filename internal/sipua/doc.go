// Package sipua is the SIP user agent (RFC 3261): dialogs in both directions
// with reliable provisional responses (RFC 3262), UPDATE (RFC 3311), session
// timers (RFC 4028) and digits by INFO; the registrar for extensions; trunks
// with registration; digest authentication both ways.
//
// It carries no audio and decides no route: the engine brings session
// descriptions, the Handler decides what a call reaches. It is no proxy.
// Transactions and sockets are transact's, authentication is digestauth's.
//
// The Agent owns all goroutines (one per call being handled, one per request
// being sent, one per registering trunk) and ends them in Close. All exported
// methods are safe concurrently. Callbacks are never called under a lock.
package sipua
