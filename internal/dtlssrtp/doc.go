// Package dtlssrtp makes the keys of SRTP by a DTLS handshake with the peer of one
// media port (RFC 5763, 5764): DTLS 1.2 of pion/dtls, both certificates checked
// against the fingerprints that signalling carried, and nothing else.
//
// It opens no socket. Packets are handed to a Session, which never waits for
// anybody: what it can't take at once is dropped, as the network might. A Session
// owns its goroutines, which are gone when Close returns.
package dtlssrtp
