package offer

import (
	"errors"
	"fmt"
	"net/netip"
	"time"
)

// Bounds of a description; what is larger is refused.
const (
	MaxSize    = 32 << 10 // bytes
	MaxLines   = 1000
	MaxMedia   = 32 // m= lines
	MaxFormats = 64 // payload types on one m= line
)

// Packet times: what is sent to a peer that asks for none, and the bounds of what is
// sent to others.
const (
	DefaultPtime = 20 * time.Millisecond
	LeastPtime   = 10 * time.Millisecond
	MostPtime    = 60 * time.Millisecond
)

// ErrSyntax is wrapped by errors for text that is no session description (SIP 400).
var ErrSyntax = errors.New("bad session description")

// ErrUnacceptable is wrapped by errors for a description that holds nothing
// usable: no common codec, multicast, secure media only (SIP 488).
var ErrUnacceptable = errors.New("no acceptable media")

func syntax(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrSyntax, fmt.Sprintf(format, args...))
}

func unacceptable(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrUnacceptable, fmt.Sprintf(format, args...))
}

// Direction is a stream's direction as its author states it (RFC 4566 §6).
type Direction string

// The directions.
const (
	SendRecv Direction = "sendrecv"
	SendOnly Direction = "sendonly"
	RecvOnly Direction = "recvonly"
	Inactive Direction = "inactive"
)

// Reverse gives the direction that answers d (RFC 3264 §6.1).
func (d Direction) Reverse() Direction {
	switch d {
	case SendOnly:
		return RecvOnly
	case RecvOnly:
		return SendOnly
	case Inactive:
		return Inactive
	}
	return SendRecv
}

// sends reports whether the author of d sends.
func (d Direction) sends() bool { return d == SendRecv || d == SendOnly }

// receives reports whether the author of d wants to receive.
func (d Direction) receives() bool { return d == SendRecv || d == RecvOnly }

// The codecs. G722 has a clock of 8000 Hz here, though its sound has 16 kHz (RFC 3551
// §4.5.2); that of Opus is 48000 Hz, whatever its sound has.
const (
	PCMU = "PCMU"
	PCMA = "PCMA"
	G722 = "G722"
	Opus = "OPUS"
)

// Codec is an audio codec with its RTP payload type.
type Codec struct {
	Name        string // one of those above
	PayloadType uint8
}

// Media is what both sides agreed on for one audio stream.
type Media struct {
	Remote    netip.AddrPort // where RTP goes; invalid address while on hold by c=0.0.0.0
	RTCP      netip.AddrPort // where RTCP goes
	Codec     Codec          // that we send; payload type as the peer numbers it
	EventPT   uint8          // telephone-event/8000; 0 = not agreed
	Opus      OpusMedia      // which the peer may send; zero = it may not
	Comfort   bool           // comfort noise may take the place of silence (RFC 3389)
	Direction Direction      // as the peer states it
	Ptime     time.Duration  // what we send, as the peer asks: 10, 20 … 60 ms
	Mux       bool           // RTCP shares the port of RTP (RFC 5761)
	ICE       ICE            // how the peer's addresses are found; zero = Remote tells
	DTLS      DTLS           // the handshake that secures the stream; zero = none
	Crypto    Crypto         // the keys that secure it without one; zero = none
	Refused   string         // what the peer offers beside it and we do not take: "video", "video, text"; "" = nothing
}

// MaySend reports whether we may send audio to the peer.
func (m Media) MaySend() bool {
	return (m.Remote.IsValid() || m.ICE != (ICE{})) && m.Direction.receives()
}

// Receives reports whether the peer announces that it sends to us.
func (m Media) Receives() bool { return m.Direction.sends() }

// Held reports whether the peer put us on hold: it wants nothing from us.
func (m Media) Held() bool { return !m.MaySend() }
