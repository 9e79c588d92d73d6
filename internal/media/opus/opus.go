// Package opus decodes and encodes Opus (RFC 6716) as telephony needs it: one channel, a
// packet at a time, at the rate that the caller works at.
//
// RTP ports decode what comes and encode what leaves; between the two is telephone sound.
//
// Which code does it is a matter of the build. Without a tag packets are decoded in Go and
// nothing is encoded; what is lost leaves a gap for the jitter buffer to fill. With the tag
// opus (and cgo, and Debian's libopus-dev) libopus does all of it: it conceals what was
// lost, finds it again in the packet that followed (in-band FEC), and encodes, with DTX.
// Decoders and encoders belong to one goroutine at a time and hold nothing to be closed.
package opus

import "errors"

// Rate is the clock of Opus in RTP, whatever rate its sound has (RFC 7587 §4.1).
const Rate = 48000

// MostTime bounds the sound of one packet, in ticks of Rate: 120 ms.
const MostTime = Rate / 1000 * 120

// MostOctets bounds the packets that are taken; three frames of the highest bit rate.
const MostOctets = 3 * 1275

// ErrPacket is of a packet that is none of Opus.
var ErrPacket = errors.New("not a packet of Opus")

// ErrBuild says that this build of the program can't do it.
var ErrBuild = errors.New("this build does not encode Opus: it takes the tag opus and libopus")

// Time gives how long the sound of a packet lasts, in ticks of Rate, by its first octets
// (RFC 6716 §3.1 and §3.2). The error is ErrPacket.
func Time(packet []byte) (int, error) {
	if len(packet) == 0 || len(packet) > MostOctets {
		return 0, ErrPacket
	}
	const ms = Rate / 1000
	frame := 0
	switch config := packet[0] >> 3; {
	case config < 12: // SILK
		frame = [4]int{10 * ms, 20 * ms, 40 * ms, 60 * ms}[config&3]
	case config < 16: // hybrid
		frame = [2]int{10 * ms, 20 * ms}[config&1]
	default: // CELT
		frame = [4]int{5 * ms / 2, 5 * ms, 10 * ms, 20 * ms}[config&3]
	}
	n := 2
	switch packet[0] & 3 {
	case 0:
		n = 1
	case 3:
		if len(packet) < 2 {
			return 0, ErrPacket
		}
		n = int(packet[1] & 63)
	}
	if n == 0 || n*frame > MostTime {
		return 0, ErrPacket
	}
	return n * frame, nil
}

// samples is the least room for what a packet decodes to at a rate.
func samples(packet []byte, rate, room int) error {
	ticks, err := Time(packet)
	if err != nil {
		return err
	}
	if ticks*rate/Rate > room {
		return ErrPacket
	}
	return nil
}

// Settings are an encoder's.
type Settings struct {
	SampleRate int  // of the sound: 8000, 12000, 16000, 24000 or 48000
	BitRate    int  // bit/s, 6000 to 510000; 0 = 24000
	Effort     int  // of the processor, 1 to 10; 0 = 9
	Loss       int  // percent of packets that may be lost; more than 0 adds in-band FEC
	DTX        bool // next to nothing is sent in silence
}
