// Bench measures a server under load: it starts one with a fresh data
// directory, builds an IVR through the command line and the Sonetel API, calls
// it a thousand times at once, holds a conference room of a hundred, and reports what
// the callers got.
//
// Server and generator run on different cores. The generator shares no code
// with the server: SIP over one UDP socket, RTP over another, times of arrival
// by the kernel (SO_TIMESTAMPNS), so that its own delays do not count. Calls
// are told apart by the server's RTP port. It is not a telephone and not a
// test of correctness; see the phone package for that.
//
// One run owns its goroutines, its sockets and the server process, and ends
// them all before it returns. Linux only.
package main
