// Package reach knows by which address peers reach this machine: the one that the
// operator set, the one that a STUN server saw (RFC 8489), or that of the interface
// towards the peer. One is told to each peer in SIP and in session descriptions.
//
// A Finder looks again at intervals, since a home's public address changes, and says
// when it did. It has one goroutine, ended by Close. Only the address is found: a NAT
// before this machine has to hand the SIP and audio ports on as they are.
package reach
