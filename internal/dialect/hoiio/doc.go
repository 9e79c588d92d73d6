// Package hoiio is the dialect of Hoiio's "Open API": IVR sessions that an
// application drives block by block over HTTP, calls between two numbers, numbers
// and the account.
//
// Base URL: http://HOST:PORT/hoiio/open/; at the root, below /open/, when the
// request's Host is one of HostNames. Every method takes GET and POST alike, and its
// body is read as a form whatever it is called. Auth: app_id and access_token are
// ordinary parameters, a credential of kind Kind; the account comes from it alone.
// Answers are JSON objects with "status", HTTP 200 for refusals too.
//
// A session is a call: "S" and its id; its txn_ref is "AA-C-" and the same. A block
// is a command to the live call, whose program ends in a notice; the notice, or the
// end of the call, is what the application is told of. What must be remembered of
// a session is in the data of orders and notices, so it outlives the process.
//
// MAPPING.md goes through methods, fields and statuses, with what is not supported.
// The package starts no goroutine, and a Dialect may be used concurrently.
package hoiio
