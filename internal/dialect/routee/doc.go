// Package routee is the Routee dialect: calls with a dial plan, what is done to
// them while they are up, their tracking and recordings, numbers, voice campaigns
// and webhooks over HTTP.
//
// Base URL: http://HOST:PORT/routee/ for https://connect.routee.net/, and at the
// root when the request's Host is the vendor's. Auth: an opaque bearer token of
// one hour from POST oauth/token with the application's id and secret by HTTP
// Basic; the tenant comes from it alone. Bodies are JSON. Successes have HTTP 200;
// failures {"code":"400013000","developerMessage":…}, whose code is the HTTP
// status, the module and a number.
//
// A conversation is a call: its trackingId is the call's id as a UUID, and the
// messageId of each of its legs is made of that, so neither is kept. What webhooks
// need to know of a call is in its timeline (the data of the order and of notices).
//
// Package routeeplan has the dial plans and their programs; MAPPING.md goes through
// endpoints and fields one by one. A Dialect may be used concurrently; it starts
// one goroutine for each campaign that runs, which Close ends.
package routee
