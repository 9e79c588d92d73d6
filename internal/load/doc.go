// Package load calls a server with many callers at once, each of which lives a test
// of a flow over the network: SIP, RTP and keys (RFC 4733) by the telephone of package
// phone. A caller knows the sound of the prompts and decides by the sound alone what
// it hears (package audiomatch).
//
// It sends to one target only, the one that it is given. Run owns a goroutine for each
// call and ends them all, with BYE, before it returns.
package load
