// Package phone is a telephone without a handset: it registers, places and
// takes SIP calls (RFC 3261), plays and hears G.711 audio over RTP (RFC 3550,
// RFC 3551), presses keys (RFC 4733 events, SIP INFO or tones), transfers and
// is transferred (RFC 3515, RFC 3891), and keeps a timeline of everything that
// happened. It serves the terminal telephone command and the tests.
//
// It is not part of the server and shares no code with it: signalling stands
// on sipgo's transaction layer, while dialogs, SDP, RTP, G.711, tones and WAV
// files are its own and deliberately simple, so that a mistake on one side
// shows on the other.
//
// A Phone owns its SIP sockets and every Call made on it; a Call owns its RTP
// socket and the goroutines that read it, feed it and answer the far end.
// Phone.Close ends the calls and waits for all of them. All methods of Phone
// and Call may be called from several goroutines.
package phone
