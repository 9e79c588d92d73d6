// Package smartflo is the Tata Tele Smartflo dialect: IVRs, recordings, numbers,
// users, departments and what else an IVR refers to, orders and control of
// calls, call records and webhooks over HTTP. The same API is published as
// Servetel and as Acefone.
//
// Base URL: http://HOST:PORT/smartflo/ for the paths of the vendor's host; at
// the root when the request's Host is one of HostNames. The prefix v1, repeated
// slashes and a trailing one may be there or not. Auth: a JWT of one hour from
// /v1/auth/login, as Authorization: Bearer, or bare; the tenant comes from the
// token alone. Bodies are JSON or forms. Successes have HTTP 200 and
// {"success":true,"message":…}, failures {"success":false,"message":…} with
// 400, 401, 404, 409 or 429.
//
// Package smartfloivr has the documents, their programs and the way back;
// MAPPING.md goes through endpoints and fields one by one.
//
// The package starts no goroutine; a Dialect keeps counts of failed log-ins and
// of requests behind a lock and may be used concurrently.
package smartflo
