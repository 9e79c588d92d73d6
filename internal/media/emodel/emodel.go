// Package emodel estimates how a talk was heard from what the network did to it:
// the E-model of ITU-T G.107 with all values that a packet network does not
// change left at their defaults.
//
//	R   = 93.2 - Id - Ie,eff
//	Id  = 0.024 d + 0.11 (d - 177.3) H(d - 177.3)       d in ms, mouth to ear
//	Ie,eff = Ie + (95 - Ie) Ppl / (Ppl / BurstR + Bpl)   Ppl in percent
//	MOS = 1 + 0.035 R + R (R - 60) (100 - R) 7e-6        1 to 4.5
//
// Id is the fit of the model's delay curve by Cole and Rosenbluth, which counts
// the echo of its default talker. BurstR is the mean length of the runs of lost
// packets over that of losses by chance, 1/(1-p). R is 0 to 93.2: from 80 on most
// are satisfied, below 60 nearly all are not. It says nothing of what was lost
// before the packets were made: a noisy line, a tandem of codecs.
package emodel

import "time"

// Input is what is known of one direction of a talk.
type Input struct {
	Codec string // "PCMU", "PCMA", "G722", "OPUS"
	// Expected and Lost are packets; Runs is in how many runs they were lost, 0 =
	// not known.
	Expected, Lost, Runs int64
	// Jitter is that of RFC 3550; the far end's buffer is taken to hold twice as
	// much, within 20 and 200 ms.
	Jitter time.Duration
	RTT    time.Duration // 0 = not known, and counted as none
	Packet time.Duration // sound in one packet; 0 = 20 ms
}

// Result is how it was heard.
type Result struct {
	R   float64 // 0 to 93.2
	MOS float64 // 1 to 4.5; 0 = not known: no packet was expected
}

// impairment is a codec's own (Ie) and how well it bears loss (Bpl), with the
// concealment that receivers have. G.711: G.113 appendix I, with its concealment.
// G.113 has no values of G.722 and Opus on the narrow-band scale that this model
// has; theirs are ours, set so that neither is judged better than G.711.
type impairment struct{ ie, bpl float64 }

func codec(name string) impairment {
	switch name {
	case "PCMU", "PCMA":
		return impairment{0, 25.1}
	case "G722":
		return impairment{0, 15}
	case "OPUS", "opus":
		return impairment{0, 20}
	}
	return impairment{10, 15}
}

// Bounds of the delay that a receiver's buffer adds.
const (
	leastBuffer   = 20 * time.Millisecond
	mostBuffer    = 200 * time.Millisecond
	defaultPacket = 20 * time.Millisecond
)

// Delay is the mouth-to-ear delay that is reckoned with.
func (in Input) Delay() time.Duration {
	packet := in.Packet
	if packet <= 0 {
		packet = defaultPacket
	}
	return max(in.RTT, 0)/2 + packet + min(max(2*in.Jitter, leastBuffer), mostBuffer)
}

// Judge gives the estimate.
func Judge(in Input) Result {
	if in.Expected <= 0 {
		return Result{}
	}
	p := min(max(float64(in.Lost)/float64(in.Expected), 0), 1)
	burst := 1.0
	if in.Runs > 0 && in.Lost > in.Runs {
		burst = max(float64(in.Lost)/float64(in.Runs)*(1-p), 1)
	}
	d := float64(in.Delay()) / float64(time.Millisecond)
	id := 0.024 * d
	if d > 177.3 {
		id += 0.11 * (d - 177.3)
	}
	c := codec(in.Codec)
	r := min(max(93.2-id-c.ie-(95-c.ie)*100*p/(100*p/burst+c.bpl), 0), 93.2)
	return Result{R: r, MOS: MOS(r)}
}

// MOS is what R stands for, 1 to 4.5 (G.107 annex B). The polynomial dips below 1
// for R under 6.5.
func MOS(r float64) float64 {
	switch {
	case r <= 0:
		return 1
	case r >= 100:
		return 4.5
	}
	return max(1, 1+0.035*r+r*(r-60)*(100-r)*7e-6)
}
