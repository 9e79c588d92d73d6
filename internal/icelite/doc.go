// Package icelite is the answering half of ICE (RFC 8445 §2.5): it reads the
// connectivity checks that a full agent sends us, answers those that prove
// knowledge of our password, and says which address the peer has chosen.
//
// It sends no checks of its own, gathers no candidates and opens no socket: its
// caller hands it packets and sends what it answers. An Agent belongs to one
// goroutine; Handle allocates nothing and reads hostile input within its bounds.
package icelite
