// Package offer reads and writes the session descriptions (SDP, RFC 4566) of
// plain audio calls and settles what both sides use (offer/answer, RFC 3264):
// PCMU, PCMA, G722 and telephone-event at 8 kHz.
//
// Streams secured by DTLS (RFC 5763) are taken, with ICE as browsers speak it: one
// port for everything (RFC 5761, 9143), and we a lite agent (RFC 8839).
//
// It is not a general SDP library: video and multicast are refused line by line, the
// first usable audio line is taken. It opens no socket and
// starts no goroutine. Parse is safe on hostile input and concurrently; a Local
// belongs to one goroutine at a time.
package offer
