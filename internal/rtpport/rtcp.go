package rtpport

import (
	"encoding/binary"
	"math/rand/v2"
	"time"
)

// RTCP packet types, RFC 3550 §12.1.
const (
	typeSR   = 200
	typeRR   = 201
	typeSDES = 202
	typeBYE  = 203
)

const (
	firstReport = int64(2500 * time.Millisecond)
	reportEvery = int64(5 * time.Second) // RFC 3550 §6.2, halved to one and a half times at random
	rtcpLook    = int64(time.Second)
	ntpEpoch    = 2208988800 // of 1900 in Unix seconds, negated
	blockLen    = 24
	leastSent   = 25 // packets between two reports, of which the second must know
)

// control sends and takes reports when it is time.
func (p *Port) control(mono, wall int64) {
	if !p.started {
		return
	}
	if mono >= p.rtcpIn {
		p.rtcpIn = mono + rtcpLook
		p.drainRTCP(wall)
	}
	if mono >= p.nextSR {
		p.nextSR = mono + reportEvery/2 + rand.Int64N(reportEvery)
		p.sendReport(wall, false)
	}
}

// drainRTCP takes reports, which count only from the host that media comes from.
func (p *Port) drainRTCP(wall int64) {
	b := p.shard.batch
	n := b.receive(&p.rtcp)
	for i := range n {
		source, packet := b.source(i), b.packet(i)
		if p.params.Keys != nil {
			if packet = p.guard.crypt.open(&p.shard.crypts, p.shard.opened[:], packet, true); packet == nil {
				p.rx.forged++
				continue
			}
		} else if p.params.DTLS != nil || !p.latch.locked || source.Addr() != p.latch.source.Addr() {
			p.rx.foreign++
			continue
		}
		if p.capture != nil {
			p.capture.receivedRTCP(b.packet(i), source, p.number+1, b.arrival(i, wall))
		}
		if p.report(packet, b.arrival(i, wall)) {
			p.toRTCP.set(source, p.rtcp.v6)
		}
	}
}

// report reads a compound packet; false when it is none.
func (p *Port) report(b []byte, arrival int64) bool {
	if len(b) < 8 || b[0]>>6 != 2 || b[1] < typeSR || b[1] > typeRR {
		return false
	}
	p.rx.heard++
	seen := p.rx.remTop
	defer func() { p.rx.told(p.rx.remTop != seen, p.tally.packets) }()
	for len(b) >= 8 && b[0]>>6 == 2 {
		n := 4 + 4*int(binary.BigEndian.Uint16(b[2:]))
		if n > len(b) {
			return true
		}
		part, blocks := b[:n], 0
		switch b[1] {
		case typeSR:
			if n >= 28 {
				p.rx.srMiddle = binary.BigEndian.Uint32(part[10:])
				p.rx.srArrival = arrival
				blocks = 28
			}
		case typeRR:
			blocks = 8
		}
		for range b[0] & 0x1F {
			if blocks == 0 || blocks+blockLen > n {
				break
			}
			p.block(part[blocks:], arrival)
			blocks += blockLen
		}
		b = b[n:]
	}
	return true
}

// block reads what the peer says of a stream, if it is ours.
func (p *Port) block(b []byte, arrival int64) {
	if binary.BigEndian.Uint32(b) != p.ssrc {
		return
	}
	r := &p.rx
	lost := int32(binary.BigEndian.Uint32(b[4:])<<8) >> 8
	r.remLost = int64(max(lost, 0))
	r.remTop = binary.BigEndian.Uint32(b[8:])
	r.remJitter = binary.BigEndian.Uint32(b[12:])
	lsr, delay := binary.BigEndian.Uint32(b[16:]), binary.BigEndian.Uint32(b[20:])
	if lsr == 0 {
		return
	}
	trip := ntpMiddle(arrival) - lsr - delay
	if trip < 1<<20 { // 16 s; more is nonsense
		r.rtt = int64(trip) * int64(time.Second) >> 16
	}
}

// told counts the reports that tell of nothing new of ours, of which sent
// packets went out until now.
func (r *rxState) told(news bool, sent int64) {
	switch {
	case news:
		r.blind = 0
	case sent-r.sentThen >= leastSent:
		r.blind++
	}
	r.sentThen = sent
}

func ntp(wall int64) uint64 {
	sec, frac := uint64(wall/1e9)+ntpEpoch, uint64(wall%1e9)
	return sec<<32 | frac<<32/1e9
}

func ntpMiddle(wall int64) uint32 { return uint32(ntp(wall) >> 16) }

// sendReport sends SR or RR, then our name, and BYE at the end.
func (p *Port) sendReport(wall int64, bye bool) {
	if p.toRTCP.n == 0 && !(p.params.Mux && p.to.n > 0) {
		return
	}
	be := binary.BigEndian
	b := p.shard.scratch[:0]
	count, kind := byte(0), byte(typeRR)
	if p.rx.active {
		count = 1
	}
	words := uint16(1) + 6*uint16(count)
	if p.tally.packets > 0 {
		kind, words = typeSR, words+5
	}
	b = be.AppendUint16(append(b, 0x80|count, kind), words)
	b = be.AppendUint32(b, p.ssrc)
	if kind == typeSR {
		b = be.AppendUint64(b, ntp(wall))
		b = be.AppendUint32(b, p.ts*p.scale)
		b = be.AppendUint32(b, uint32(p.tally.packets))
		b = be.AppendUint32(b, uint32(p.tally.octets))
	}
	if count > 0 {
		b = p.appendBlock(b, wall)
	}
	const name = 8
	b = append(b, 0x81, typeSDES, 0, 4)
	b = be.AppendUint32(b, p.ssrc)
	b = append(b, 1, name)
	for i := range name {
		b = append(b, "0123456789abcdef"[p.ssrc>>(4*i)&15])
	}
	b = append(b, 0, 0) // end of items, to a multiple of four
	if bye {
		b = append(b, 0x81, typeBYE, 0, 1)
		b = be.AppendUint32(b, p.ssrc)
	}
	if p.sendRTCP(b) {
		p.tally.reports++
	}
}

// appendBlock reports on the peer's stream (RFC 3550 §6.4.1, A.3).
func (p *Port) appendBlock(b []byte, wall int64) []byte {
	be, r := binary.BigEndian, &p.rx
	expected := r.expected() - r.lastExpected
	lost := expected - (r.got - r.lastGot)
	r.lastExpected, r.lastGot = r.expected(), r.got
	fraction := uint32(0)
	if expected > 0 && lost > 0 {
		fraction = uint32(min(lost<<8/expected, 255))
	}
	b = be.AppendUint32(b, r.ssrc)
	b = be.AppendUint32(b, fraction<<24|uint32(min(r.lost(), 0x7FFFFF)))
	b = be.AppendUint32(b, r.top)
	b = be.AppendUint32(b, uint32(r.jitter>>4))
	if r.srArrival == 0 {
		return be.AppendUint64(b, 0)
	}
	b = be.AppendUint32(b, r.srMiddle)
	return be.AppendUint32(b, uint32((wall-r.srArrival)<<16/int64(time.Second)))
}

// sayBye tells the peer that the stream ends.
func (p *Port) sayBye() {
	if p.started && p.tally.packets > 0 {
		p.sendReport(time.Now().UnixNano(), true)
	}
}
