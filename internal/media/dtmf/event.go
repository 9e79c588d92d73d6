// Package dtmf sends and receives telephone keys: RFC 4733 named events, and
// in-band dual tones (ITU-T Q.23, Q.24).
//
// It works on payloads and samples only; it opens no socket, starts no
// goroutine and allocates nothing per packet. A Receiver, Sender or Detector
// belongs to one goroutine at a time.
package dtmf

import "strings"

const keys = "0123456789*#ABCD"

// Key is the key of an RFC 4733 event code; false for events that are no key
// (16 and above: flash, tones, lines).
func Key(event uint8) (byte, bool) {
	if int(event) >= len(keys) {
		return 0, false
	}
	return keys[event], true
}

// Event is the RFC 4733 code of a key: 0-9, *, #, A-D in either case.
func Event(key byte) (uint8, bool) {
	if key >= 'a' && key <= 'd' {
		key -= 'a' - 'A'
	}
	i := strings.IndexByte(keys, key)
	return uint8(i), i >= 0
}
