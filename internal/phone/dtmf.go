package phone

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"
)

// KeyMethod is how a pressed key travels.
type KeyMethod string

// The ways to send a key. KeyAuto takes events when they were negotiated and
// tones otherwise.
const (
	KeyAuto   KeyMethod = ""
	KeyEvent  KeyMethod = "rfc4733"
	KeyInfo   KeyMethod = "info"
	KeyInBand KeyMethod = "inband"
)

// PressOptions says how keys are sent. The zero value presses each key for
// 120 ms and waits 80 ms after it.
type PressOptions struct {
	Method   KeyMethod
	Duration time.Duration // of a key, rounded to 20 ms
	Gap      time.Duration // after a key, rounded to 20 ms
	// PlainInfo sends SIP INFO as application/dtmf, which carries the key
	// alone, in place of application/dtmf-relay.
	PlainInfo bool
	// Drop, when set, is asked for each event packet of a key, counted from
	// 0; those for which it says true are not sent. Their sequence numbers
	// are used up, as if the network had lost them.
	Drop func(packet int) bool
}

const (
	endPackets   = 3 // copies of the final event packet, RFC 4733 §2.5.1.4
	eventVolume  = 10
	toneLevel    = 8000 // peak of each of the two tones
	defaultPress = 120 * time.Millisecond
	defaultGap   = 80 * time.Millisecond
)

// Press sends keys one after another and returns when the last gap is over.
// It fails when the call ends before the last key has begun.
func (c *Call) Press(ctx context.Context, keys string, o PressOptions) error {
	if !validKeys(keys) {
		return fmt.Errorf("press: %q is not a row of keys (0-9 * # A-D)", keys)
	}
	if o.Duration <= 0 {
		o.Duration = defaultPress
	}
	if o.Gap <= 0 {
		o.Gap = defaultGap
	}
	c.media.mu.Lock()
	events := c.media.eventOut >= 0
	c.media.mu.Unlock()
	if o.Method == KeyAuto {
		o.Method = KeyInBand
		if events {
			o.Method = KeyEvent
		}
	}
	if o.Method == KeyEvent && !events {
		return errors.New("press: telephone events were not negotiated")
	}
	for _, key := range keys {
		c.note(Event{Kind: KindKeySent, Text: string(key) + " by " + string(o.Method)})
		if err := c.pressOne(ctx, key, o); err != nil {
			return fmt.Errorf("press %c: %w", key, err)
		}
	}
	return nil
}

func (c *Call) pressOne(ctx context.Context, key rune, o PressOptions) error {
	switch o.Method {
	case KeyEvent:
		code, _ := keyEvent(key)
		return c.sendKey(ctx, &sound{key: &keyEventOut{code: code, frames: frames(o.Duration), drop: o.Drop}}, o.Gap)
	case KeyInBand:
		return c.sendKey(ctx, &sound{samples: KeyTone(key, o.Duration)}, o.Gap)
	case KeyInfo:
		kind, body := "application/dtmf-relay", fmt.Sprintf("Signal=%c\r\nDuration=%d\r\n", key, o.Duration.Milliseconds())
		if o.PlainInfo {
			kind, body = "application/dtmf", string(key)
		}
		if err := c.info(ctx, kind, body); err != nil {
			return err
		}
		timer := time.NewTimer(o.Duration + o.Gap)
		defer timer.Stop()
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-c.done:
			return c.ended()
		case <-timer.C:
			return nil
		}
	}
	return fmt.Errorf("unknown way to send a key: %q", o.Method)
}

// sendKey sends a key and the gap after it. A far end that acts on the press
// may hang up before the release: the key has been sent then.
func (c *Call) sendKey(ctx context.Context, key *sound, gap time.Duration) error {
	c.media.enqueue(&c.media.keys, key)
	err := c.wait(ctx, c.media.enqueue(&c.media.keys, &sound{samples: make([]int16, frames(gap)*frame)}))
	c.media.mu.Lock()
	defer c.media.mu.Unlock()
	if key.started && ctx.Err() == nil {
		return nil
	}
	return err
}

// wait blocks until a queued sound has gone out whole.
func (c *Call) wait(ctx context.Context, sent <-chan struct{}) error {
	select {
	case <-sent:
		select {
		case <-c.done:
			return c.ended()
		default:
			return nil
		}
	case <-c.done:
		return c.ended()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func frames(d time.Duration) int { return max(1, int((d+frameTime/2)/frameTime)) }

// keyEventOut is one key on its way out as RFC 4733 packets.
type keyEventOut struct {
	code   byte
	frames int // packets before the end
	drop   func(int) bool
	n      int // packets made
	ts     uint32
}

// next makes the next packet, or nil where it is to be lost, and says whether
// it was the last.
func (k *keyEventOut) next(out *sender, payloadType byte) ([]byte, bool) {
	if k.n == 0 {
		k.ts = out.ts
	}
	n := k.n
	k.n++
	last := k.n == k.frames+endPackets
	if k.drop != nil && k.drop(n) {
		return nil, last
	}
	flags, duration := byte(eventVolume), (n+1)*frame
	if n >= k.frames {
		flags, duration = flags|0x80, k.frames*frame
	}
	h := rtpHeader{marker: n == 0, payloadType: payloadType, seq: out.seq, timestamp: k.ts, ssrc: out.ssrc}
	duration = min(duration, math.MaxUint16)
	return append(h.append(out.buf[:0]), k.code, flags, byte(duration>>8), byte(duration)), last
}

// KeyTone is the sound of a key, two sines of ITU-T Q.23, at 8 kHz; nil for
// what is not a key.
func KeyTone(key rune, d time.Duration) []int16 {
	const grid = "123A456B789C*0#D"
	i := strings.IndexRune(grid, key)
	if i < 0 {
		return nil
	}
	low := [4]float64{697, 770, 852, 941}[i/4]
	high := [4]float64{1209, 1336, 1477, 1633}[i%4]
	out := make([]int16, frames(d)*frame)
	for n := range out {
		t := 2 * math.Pi * float64(n) / Rate
		out[n] = int16(toneLevel * (math.Sin(low*t) + math.Sin(high*t)))
	}
	return out
}
