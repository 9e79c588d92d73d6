// Package gsm decodes GSM 06.10 full rate speech (ETSI EN 300 961; framing of
// RFC 3551 §4.5.8), as files named .gsm hold it: frames of 33 bytes, each 20 ms of
// 8 kHz mono sound.
//
// The arithmetic is the standard's, in 16 bits with saturation, so that the samples
// are those of every other decoder, bit by bit. The package knows nothing of
// packets, encodes nothing, and has no state beyond a Decoder.
package gsm

import "fmt"

// Sizes of a frame.
const (
	FrameBytes   = 33
	FrameSamples = 160
)

const (
	signature = 0xD // upper half of each frame's first byte
	parts     = 4   // of a frame, each with a pitch and a grid of its own
	partSize  = FrameSamples / parts
	pulses    = 13 // of a part
	shortest  = 40 // samples of pitch
	longest   = 120
)

// Is says whether data looks like frames of this codec: whole ones, each of which
// begins with the signature.
func Is(data []byte) bool {
	if len(data) == 0 || len(data)%FrameBytes != 0 {
		return false
	}
	for at := 0; at < len(data); at += FrameBytes {
		if data[at]>>4 != signature {
			return false
		}
	}
	return true
}

// Decode gives the samples, at 8 kHz, of a sound that is made of frames. The error
// says which of them is none.
func Decode(data []byte) ([]int16, error) {
	d := NewDecoder()
	out := make([]int16, 0, len(data)/FrameBytes*FrameSamples)
	var sound [FrameSamples]int16
	for n := 0; len(data) > 0; n++ {
		size := min(len(data), FrameBytes)
		if err := d.Frame(data[:size], &sound); err != nil {
			return nil, fmt.Errorf("gsm: frame %d: %w", n, err)
		}
		out, data = append(out, sound[:]...), data[size:]
	}
	return out, nil
}

// Decoder decodes the frames of one sound in their order. It is for one goroutine.
type Decoder struct {
	past   [longest + FrameSamples]int16 // what the pitch filter gave; the latest are last
	lag    int                           // of the part before
	ratios [order]int16                  // of the frame before
	filter [order + 1]int16              // state of the speech filter
	last   int16                         // what de-emphasis gave last
}

// NewDecoder makes a decoder for a new sound.
func NewDecoder() *Decoder { return &Decoder{lag: shortest} }

// Frame decodes one frame into out. The error is for what is no frame; the decoder
// is then as it was.
func (d *Decoder) Frame(frame []byte, out *[FrameSamples]int16) error {
	if len(frame) != FrameBytes || frame[0]>>4 != signature {
		return fmt.Errorf("%d bytes are not a frame of %d that begins with %X", len(frame), FrameBytes, signature)
	}
	b := bits{data: frame, at: 4}
	var ratios [order]int16
	for i := range ratios {
		ratios[i] = ratio(i, b.take(ratioCodes[i].bits))
	}
	copy(d.past[:longest], d.past[FrameSamples:])
	for p := range parts {
		lag, gain, grid := b.take(7), pitchGains[b.take(2)], b.take(2)
		if lag >= shortest && lag <= longest {
			d.lag = lag
		}
		var excitation [partSize]int16
		height := heightOf(b.take(6))
		for i := range pulses {
			excitation[grid+3*i] = height.pulse(b.take(3))
		}
		at := longest + p*partSize
		for i, e := range excitation { // long term synthesis filter, §5.3.2
			d.past[at+i] = add(e, mul(gain, d.past[at+i-d.lag]))
		}
	}
	d.speak(ratios, out)
	return nil
}

// speak filters a frame that went through the pitch filter (§5.3.3), and takes the
// emphasis of the treble back (§5.3.5).
func (d *Decoder) speak(ratios [order]int16, out *[FrameSamples]int16) {
	const deemphasis = 28180
	k := 0
	for _, s := range blends {
		var r [order]int16
		for i := range r {
			r[i] = reflection(s.mix(d.ratios[i], ratios[i]))
		}
		for ; k < s.until; k++ {
			v := d.past[longest+k]
			for i := order - 1; i >= 0; i-- {
				v = sub(v, mul(r[i], d.filter[i]))
				d.filter[i+1] = add(d.filter[i], mul(r[i], v))
			}
			d.filter[0] = v
			d.last = add(v, mul(d.last, deemphasis))
			out[k] = add(d.last, d.last) &^ 7
		}
	}
	d.ratios = ratios
}
