package rtpport

import (
	"cmp"
	"net/netip"
	"time"

	"tandem/internal/media"
)

// Stats is what a port has done so far, or in all once it is closed.
type Stats struct {
	SentPackets, SentBytes    int64 // RTP; bytes of payload
	SendFailed                int64 // packets that the kernel refused
	SendSkipped               int64 // turns left out because the shard came too late
	ReceivedPackets           int64 // RTP of the peer
	ReceivedBytes             int64
	ReceivedLost              int64 // packets of the peer that never came (RFC 3550 A.3)
	ReceivedInvalid           int64 // no RTP
	Forged                    int64 // packets of a secured stream that did not open, or came twice
	ReceivedUnknown           int64 // RTP of a payload type that was not agreed
	ReceivedLate              int64 // packets that others had overtaken
	ReceivedExcess            int64 // packets of more sound than there was time for, left out
	LossRuns                  int64 // runs in which packets were missing, of which some may have come late
	Foreign                   int64 // packets of others, ignored
	Refused                   int64 // ICMP messages that the peer's port or host can't be reached
	Moves                     int64 // times that the peer's address was learned
	Digits, DigitsLost        int64 // keys seen; of these not fetched in time
	Jitter                    time.Duration
	RemoteLost                int64         // packets of ours that the peer misses, as it reports
	RemoteJitter              time.Duration // as it reports
	RTT                       time.Duration // 0 = not known
	ReportsSent, ReportsHeard int64
	// ReportsBlind counts the reports in a row, to the last, that tell of no new
	// packet of ours though we sent some.
	ReportsBlind               int64
	UnknownType                uint8          // payload type of the last one counted in ReceivedUnknown
	ForeignFrom                netip.AddrPort // where the last one counted in Foreign came from
	Quiet                      bool           // the last that the peer sent was comfort noise
	SoundCodec                 media.Codec    // of the last packet of sound that the peer sent
	SoundPacket                time.Duration  // how much sound was in it; 0 = none came
	SSRC, RemoteSSRC           uint32
	LastReceived, FirstStarted time.Time
	LastChecked                time.Time // when the peer's last valid check of ICE came
}

// Alive is when the peer last gave a sign of itself.
func (s Stats) Alive() time.Time {
	if s.LastChecked.After(s.LastReceived) {
		return s.LastChecked
	}
	return s.LastReceived
}

// txState counts what is sent.
type txState struct {
	packets, octets, failed, skipped int64
	reports                          int64
}

// rxState follows the peer's stream (RFC 3550 appendix A).
type rxState struct {
	active                    bool
	ssrc                      uint32
	base, top                 uint32 // extended sequence numbers
	got                       int64  // packets of this stream
	transit                   int64  // in timestamp units
	timed                     bool   // transit is known
	clock                     int64  // ticks in a second, of transit and jitter; 0 = none yet
	jitter                    int64  // times 16
	lastExpected, lastGot     int64  // at the last report
	earlierLost               int64  // of streams before this
	packets, octets           int64
	invalid, unknown, foreign int64
	moves, digits, digitsLost int64
	forged, late, runs        int64
	excess                    int64
	unknownType               uint8
	codec                     media.Codec // of the last packet of sound
	length                    int         // samples in it; 0 = none came
	quiet                     bool
	foreignFrom               netip.AddrPort

	heard     int64 // reports
	srMiddle  uint32
	srArrival int64
	rtt       int64
	remLost   int64
	remJitter uint32
	remTop    uint32 // the last of our sequence numbers that the peer has seen
	blind     int64
	sentThen  int64 // packets that we had sent at the last report
}

const (
	maxDropout  = 3000
	maxMisorder = 100
)

// packet counts an RTP packet; true when it begins another stream. The
// timestamp of a key is that of its beginning and tells nothing of jitter; one of
// another clock begins its measure anew.
func (r *rxState) packet(ssrc uint32, seq uint16, ts uint32, key bool, clock, arrival int64, octets int) bool {
	r.packets++
	r.octets += int64(octets)
	fresh := !r.active || ssrc != r.ssrc
	if !fresh {
		delta := seq - uint16(r.top)
		switch {
		case delta < maxDropout:
			if delta > 1 {
				r.runs++
			}
			r.top += uint32(delta)
		case delta < 65536-maxMisorder:
			fresh = true // the sender began anew
		default:
			r.late++
		}
	}
	changed := fresh && r.active
	if fresh {
		r.earlierLost += r.lost()
		r.active, r.ssrc, r.base, r.top = true, ssrc, uint32(seq), uint32(seq)
		r.timed = false
		r.got, r.jitter, r.lastExpected, r.lastGot = 0, 0, 0, 0
	}
	r.got++
	if key {
		return changed
	}
	if clock != r.clock {
		if r.clock != 0 {
			r.jitter = r.jitter * clock / r.clock
		}
		r.clock, r.timed = clock, false
	}
	const tick = int64(time.Second / media.Rate)
	transit := arrival/tick - int64(ts)
	if clock != media.Rate {
		scale := clock / media.Rate
		transit = arrival/tick*scale + arrival%tick*scale/tick - int64(ts)
	}
	if r.timed {
		d := int64(int32(transit - r.transit))
		if d < 0 {
			d = -d
		}
		if d < clock { // more is a jump of the sender's clock
			r.jitter += d - (r.jitter+8)>>4
		}
	}
	r.transit, r.timed = transit, true
	return changed
}

func (r *rxState) expected() int64 {
	if !r.active {
		return 0
	}
	return int64(r.top-r.base) + 1
}

// lost is the number of packets of this stream that are missing.
func (r *rxState) lost() int64 { return max(r.expected()-r.got, 0) }

func (p *Port) snapshot() Stats {
	r, t := &p.rx, &p.tally
	st := Stats{
		SentPackets: t.packets, SentBytes: t.octets, SendFailed: t.failed, SendSkipped: t.skipped,
		ReceivedPackets: r.packets, ReceivedBytes: r.octets, ReceivedLost: r.lost() + r.earlierLost,
		ReceivedInvalid: r.invalid, ReceivedUnknown: r.unknown, Foreign: r.foreign, Moves: r.moves,
		Forged: r.forged, ReceivedLate: r.late, ReceivedExcess: r.excess, LossRuns: r.runs, Refused: p.rtp.refused, ReportsBlind: r.blind,
		UnknownType: r.unknownType, ForeignFrom: r.foreignFrom, Quiet: r.quiet, SoundCodec: r.codec, SoundPacket: units(int64(r.length), media.Rate),
		Digits: r.digits, DigitsLost: r.digitsLost,
		Jitter: units(r.jitter>>4, r.clock), RemoteLost: r.remLost, RemoteJitter: units(int64(r.remJitter), int64(p.scale)*media.Rate),
		RTT: time.Duration(r.rtt), ReportsSent: t.reports, ReportsHeard: r.heard,
		SSRC: p.ssrc, RemoteSSRC: r.ssrc, LastReceived: p.LastReceived(),
	}
	if n := p.begun.Load(); n != 0 {
		st.FirstStarted = time.Now().Add(-time.Duration(p.shard.clock() - n))
	}
	if g := p.guard; g != nil && g.ice != nil && g.ice.Checked() != 0 {
		st.LastChecked = time.Now().Add(-time.Duration(p.shard.clock() - g.ice.Checked()))
	}
	return st
}

// units turns timestamp units of a clock into time.
func units(n, clock int64) time.Duration {
	return time.Duration(n) * time.Second / time.Duration(cmp.Or(clock, media.Rate))
}

// Stats is the state of the port now; it takes a millisecond or two.
func (p *Port) Stats() Stats {
	reply := make(chan Stats, 1)
	if p.order(func() { reply <- p.snapshot() }) {
		select {
		case st := <-reply:
			return st
		case <-p.done:
		}
	}
	<-p.done
	return p.final
}
