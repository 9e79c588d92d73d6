// Package browser is the signalling of telephones in browsers: which pages are open,
// what rings there, and where the calls of pages stand.
//
// A page speaks no SIP. It sends a session description and gets the other one (the
// shape of WHIP, RFC 9725); what happens later it reads from its stream of messages.
// Media is the engine's, HTTP that of package httpapi. There is no goroutine here, and
// everything may be used concurrently.
package browser
