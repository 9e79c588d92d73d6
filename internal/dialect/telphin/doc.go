// Package telphin is the Telphin (RingMe) dialect: the hosted PBX API of version
// 1.0 over HTTP, with its OAuth, and what stands for its voice menus, queues,
// telephones, sounds, numbers, events, calls and recordings here.
//
// Base URL: http://HOST:PORT/telphin/api/ver1.0, the token at
// /telphin/oauth/token; at the root when the request's Host is one of HostNames.
// Every path is served with and without a trailing slash, without a redirect.
// Auth: opaque bearer tokens for trusted, password and public applications, which
// are credentials of kind Kind; the tenant comes from the token alone. Answers are
// bare JSON: 200, 201 for POST, 204 for DELETE; failures are {"message", "status"}.
//
// Documents and what they mean are package telphinivr's. MAPPING.md goes through
// the endpoints and fields one by one, with what is not supported and why.
//
// The package starts no goroutine. A Dialect keeps codes of authorizations and
// counters of requests in memory; it may be used concurrently. One Dialect serves
// a database: internal numbers are given out under its lock.
package telphin
