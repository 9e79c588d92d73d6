//go:build opus && cgo

package opus

/*
#cgo CFLAGS: -I/usr/include/opus
#cgo LDFLAGS: -lopus
#include <opus.h>

// cgo calls no functions of variable arguments.
static int tandem_opus_set(OpusEncoder *e, int bits, int effort, int loss, int dtx) {
	int err = opus_encoder_ctl(e, OPUS_SET_BITRATE(bits));
	if (err == OPUS_OK) err = opus_encoder_ctl(e, OPUS_SET_SIGNAL(OPUS_SIGNAL_VOICE));
	if (err == OPUS_OK) err = opus_encoder_ctl(e, OPUS_SET_COMPLEXITY(effort));
	if (err == OPUS_OK) err = opus_encoder_ctl(e, OPUS_SET_PACKET_LOSS_PERC(loss));
	if (err == OPUS_OK) err = opus_encoder_ctl(e, OPUS_SET_INBAND_FEC(loss > 0));
	if (err == OPUS_OK) err = opus_encoder_ctl(e, OPUS_SET_DTX(dtx));
	return err;
}
*/
import "C"

import (
	"cmp"
	"fmt"
	"unsafe"
)

// Encodes says whether this build encodes, conceals what is lost and reads in-band FEC.
const Encodes = true

// Decoder decodes one stream. The library's state is in memory of ours, which holds no
// pointer of Go.
type Decoder struct {
	state []uint64
	rate  int
}

func fault(code C.int) error {
	return fmt.Errorf("opus: %s", C.GoString(C.opus_strerror(code)))
}

// room is memory for so many octets, for any type.
func room(octets C.int) []uint64 { return make([]uint64, (int(octets)+7)/8) }

func (d *Decoder) c() *C.OpusDecoder { return (*C.OpusDecoder)(unsafe.Pointer(&d.state[0])) }

// NewDecoder begins a stream that is decoded to one channel at a rate of 8000, 12000,
// 16000, 24000 or 48000.
func NewDecoder(rate int) (*Decoder, error) {
	d := &Decoder{room(C.opus_decoder_get_size(1)), rate}
	if code := C.opus_decoder_init(d.c(), C.opus_int32(rate), 1); code != C.OPUS_OK {
		return nil, fault(code)
	}
	return d, nil
}

// Decode writes the sound of a packet to pcm and gives the number of its samples. Room for
// 120 ms fits every packet. Errors wrap ErrPacket.
func (d *Decoder) Decode(pcm []int16, packet []byte) (int, error) {
	if err := samples(packet, d.rate, len(pcm)); err != nil {
		return 0, err
	}
	n := C.opus_decode(d.c(), (*C.uchar)(unsafe.Pointer(&packet[0])), C.opus_int32(len(packet)),
		(*C.opus_int16)(unsafe.Pointer(&pcm[0])), C.int(len(pcm)), 0)
	if n < 0 {
		return 0, fmt.Errorf("%w: %w", ErrPacket, fault(n))
	}
	return int(n), nil
}

// Conceal writes what may stand in place of a lost packet of len(pcm) samples, a multiple
// of 2.5 ms; 0 = there is nothing.
func (d *Decoder) Conceal(pcm []int16) int {
	if len(pcm) == 0 {
		return 0
	}
	return max(0, int(C.opus_decode(d.c(), nil, 0, (*C.opus_int16)(unsafe.Pointer(&pcm[0])), C.int(len(pcm)), 0)))
}

// Recover is Conceal with what the packet after the lost one holds of it. That packet is
// decoded afterwards as ever.
func (d *Decoder) Recover(pcm []int16, next []byte) int {
	if _, err := Time(next); err != nil || len(pcm) == 0 {
		return 0
	}
	return max(0, int(C.opus_decode(d.c(), (*C.uchar)(unsafe.Pointer(&next[0])), C.opus_int32(len(next)),
		(*C.opus_int16)(unsafe.Pointer(&pcm[0])), C.int(len(pcm)), 1)))
}

// Encoder encodes one stream.
type Encoder struct{ state []uint64 }

func (e *Encoder) c() *C.OpusEncoder { return (*C.OpusEncoder)(unsafe.Pointer(&e.state[0])) }

// NewEncoder begins a stream of speech in one channel.
func NewEncoder(s Settings) (*Encoder, error) {
	e := &Encoder{room(C.opus_encoder_get_size(1))}
	if code := C.opus_encoder_init(e.c(), C.opus_int32(s.SampleRate), 1, C.OPUS_APPLICATION_VOIP); code != C.OPUS_OK {
		return nil, fault(code)
	}
	dtx := C.int(0)
	if s.DTX {
		dtx = 1
	}
	if code := C.tandem_opus_set(e.c(), C.int(cmp.Or(s.BitRate, 24000)), C.int(cmp.Or(s.Effort, 9)), C.int(s.Loss), dtx); code != C.OPUS_OK {
		return nil, fault(code)
	}
	return e, nil
}

// Encode writes the packet of 2.5, 5, 10, 20, 40 or 60 ms of sound and gives its octets;
// with DTX, of 2 or less nothing need be sent.
func (e *Encoder) Encode(packet []byte, pcm []int16) (int, error) {
	if len(pcm) == 0 || len(packet) == 0 {
		return 0, fault(C.OPUS_BAD_ARG)
	}
	n := C.opus_encode(e.c(), (*C.opus_int16)(unsafe.Pointer(&pcm[0])), C.int(len(pcm)), (*C.uchar)(unsafe.Pointer(&packet[0])), C.opus_int32(len(packet)))
	if n < 0 {
		return 0, fault(n)
	}
	return int(n), nil
}
