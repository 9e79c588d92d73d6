// Package srtp seals and opens the packets of RTP and RTCP (RFC 3711; with AES-GCM,
// RFC 7714): keys from a master key, the index that a sequence number stands for, the
// replay window, and the ciphers of Go's standard library.
//
// A Sender and a Receiver are one direction under one master key. They and a Scratch
// belong to one goroutine at a time, and allocate when they are made and for a source
// that is not their first. What a packet needs lies close together, because on a server
// of many calls each finds its own out of the processor's cache.
//
// Master key identifiers, key derivation rates, and header extensions that are
// encrypted (RFC 6904, 9335) are not spoken.
package srtp
