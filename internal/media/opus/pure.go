//go:build !opus || !cgo

package opus

import (
	"fmt"

	"github.com/pion/opus"
)

// Encodes says whether this build encodes, conceals what is lost and reads in-band FEC.
const Encodes = false

// Decoder decodes one stream.
type Decoder struct {
	d    opus.Decoder
	rate int
}

// NewDecoder begins a stream that is decoded to one channel at a rate of 8000, 12000,
// 16000, 24000 or 48000.
func NewDecoder(rate int) (*Decoder, error) {
	d, err := opus.NewDecoderWithOutput(rate, 1)
	if err != nil {
		return nil, fmt.Errorf("opus: %w", err)
	}
	return &Decoder{d, rate}, nil
}

// Decode writes the sound of a packet to pcm and gives the number of its samples. Room for
// 120 ms fits every packet. Errors wrap ErrPacket.
func (d *Decoder) Decode(pcm []int16, packet []byte) (n int, err error) {
	if err := samples(packet, d.rate, len(pcm)); err != nil {
		return 0, err
	}
	defer func() {
		if r := recover(); r != nil { // a stranger's octets are no reason to stop
			n, err = 0, fmt.Errorf("%w: %v", ErrPacket, r)
		}
	}()
	if n, err = d.d.DecodeToInt16(packet, pcm); err != nil {
		return 0, fmt.Errorf("%w: %w", ErrPacket, err)
	}
	return n, nil
}

// Conceal writes what may stand in place of a lost packet of len(pcm) samples; 0 = this
// build has nothing.
func (d *Decoder) Conceal([]int16) int { return 0 }

// Recover is Conceal with what the packet after the lost one holds of it.
func (d *Decoder) Recover([]int16, []byte) int { return 0 }

// Encoder encodes one stream.
type Encoder struct{}

// NewEncoder gives ErrBuild.
func NewEncoder(Settings) (*Encoder, error) { return nil, ErrBuild }

// Encode gives ErrBuild.
func (e *Encoder) Encode([]byte, []int16) (int, error) { return 0, ErrBuild }
