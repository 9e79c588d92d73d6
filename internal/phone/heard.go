package phone

import (
	"slices"
	"time"
)

// MediaStats is what arrived on the RTP socket of a call so far.
type MediaStats struct {
	Packets   int // RTP packets of the chosen codec or of key events
	Lost      int // sequence numbers never seen, RFC 3550 §A.3
	Reordered int // packets that came after a later one
	Duplicate int // packets with a sequence number already seen
	Malformed int // datagrams that are not RTP or have an odd payload type
	Strangers int // packets from another address than the first one's
	Resyncs   int // times the timestamps left real time by more than half a second
	Markers   int // packets with the marker bit

	SSRCs        []uint32      // sources, in the order of their first packet
	PayloadTypes []byte        // payload types, in the order of their first packet
	MaxGap       time.Duration // longest time between two arrivals
	Jitter       time.Duration // RFC 3550 §6.4.1
	First, Last  time.Time     // arrivals; zero when nothing came
}

const (
	resyncAfter = Rate / 2         // samples between timestamp and arrival
	maxHeard    = 3600 * Rate      // samples kept
	frame       = Rate / 50        // samples in 20 ms
	frameTime   = time.Second / 50 // of one packet
)

// heard lays received audio on a line of real time. It is not safe for
// concurrent use; media guards it.
type heard struct {
	start   time.Time // arrival of the first packet = sample 0
	samples []int16
	stats   MediaStats

	ssrc     uint32
	base     int    // line position of timestamp ts0
	ts0      uint32 // anchor of the present source
	maxSeq   uint16
	cycles   int // wraps of the sequence number
	firstSeq int
	received int // of the present source
	lostOld  int // of earlier sources
	recent   [128]int
	transit  time.Duration
	keys     []rune
	lastKey  uint32
	haveKey  bool
}

// packet notes the arrival of one packet and says whether its payload is new.
func (h *heard) packet(p rtpHeader, at time.Time) bool {
	st := &h.stats
	if st.First.IsZero() {
		h.start, st.First = at, at
	} else {
		st.MaxGap = max(st.MaxGap, at.Sub(st.Last))
	}
	st.Last = at
	st.Packets++
	if p.marker {
		st.Markers++
	}
	if !slices.Contains(st.PayloadTypes, p.payloadType) {
		st.PayloadTypes = append(st.PayloadTypes, p.payloadType)
	}
	if len(st.SSRCs) == 0 || p.ssrc != h.ssrc {
		h.newSource(p, at)
		return true
	}
	return h.sequence(p, at)
}

func (h *heard) newSource(p rtpHeader, at time.Time) {
	h.lostOld = h.lost()
	h.stats.SSRCs = append(h.stats.SSRCs, p.ssrc)
	h.ssrc, h.ts0, h.base = p.ssrc, p.timestamp, h.position(at)
	h.maxSeq, h.firstSeq, h.cycles, h.received = p.seq, int(p.seq), 0, 1
	h.recent = [128]int{}
	h.recent[p.seq%128] = int(p.seq) + 1
	h.transit = at.Sub(h.start)
}

func (h *heard) sequence(p rtpHeader, at time.Time) bool {
	ext := h.cycles<<16 + int(p.seq)
	switch diff := int16(p.seq - h.maxSeq); {
	case diff > 0:
		if p.seq < h.maxSeq {
			h.cycles++
			ext += 1 << 16
		}
		h.maxSeq = p.seq
	case diff < 0:
		if p.seq > h.maxSeq {
			ext -= 1 << 16
		}
		if h.recent[p.seq%128] == ext+1 {
			h.stats.Duplicate++
			return false
		}
		h.stats.Reordered++
	default:
		h.stats.Duplicate++
		return false
	}
	h.recent[p.seq%128] = ext + 1
	h.received++
	transit := at.Sub(h.start) - time.Duration(int32(p.timestamp-h.ts0))*time.Second/Rate
	if d := transit - h.transit; p.payloadType == 0 || p.payloadType == 8 {
		h.stats.Jitter += (d.Abs() - h.stats.Jitter) / 16
		h.transit = transit
	}
	return true
}

func (h *heard) lost() int {
	if h.received == 0 {
		return h.lostOld
	}
	return h.lostOld + max(0, h.cycles<<16+int(h.maxSeq)-h.firstSeq+1-h.received)
}

func (h *heard) position(at time.Time) int {
	return int(at.Sub(h.start) * Rate / time.Second)
}

// place writes samples where their timestamp puts them; a timestamp more than
// half a second away from the time of arrival is taken as a new anchor.
func (h *heard) place(p rtpHeader, samples []int16, at time.Time) {
	pos := h.base + int(int32(p.timestamp-h.ts0))
	if now := h.position(at); pos-now > resyncAfter || now-pos > resyncAfter {
		h.stats.Resyncs++
		h.base, h.ts0, pos = now, p.timestamp, now
	}
	if pos < 0 {
		samples, pos = samples[min(-pos, len(samples)):], 0
	}
	if pos+len(samples) > maxHeard {
		return
	}
	if grow := pos + len(samples) - len(h.samples); grow > 0 {
		h.samples = append(h.samples, make([]int16, grow)...)
	}
	copy(h.samples[pos:], samples)
}

// key notes a telephone-event packet: one key per (source, timestamp).
func (h *heard) key(p rtpHeader, payload []byte) {
	if len(payload) < 4 || int(payload[0]) >= len(keyNames) || (h.haveKey && h.lastKey == p.timestamp) {
		return
	}
	h.haveKey, h.lastKey = true, p.timestamp
	h.keys = append(h.keys, rune(keyNames[payload[0]]))
}

func (h *heard) snapshot() MediaStats {
	st := h.stats
	st.Lost = h.lost()
	st.SSRCs, st.PayloadTypes = slices.Clone(st.SSRCs), slices.Clone(st.PayloadTypes)
	return st
}
