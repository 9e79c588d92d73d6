package pcap

import (
	"encoding/binary"
	"net/netip"
)

const (
	ipv4HeaderLen = 20
	ipv6HeaderLen = 40
	udpHeaderLen  = 8
	tcpHeaderLen  = 20

	protocolTCP = 6
	protocolUDP = 17
	hopLimit    = 64
	dontSplit   = 0x4000         // DF, RFC 791: the identification means nothing then (RFC 6864)
	noSum       = uint16(0xFFFF) // stands for a checksum in IPv6, where 0 is not allowed

	pushAck = 0x18
	window  = 65535

	maxFlows = 1024 // directions of TCP connections whose sequence numbers are followed
)

// flow is one direction of a connection.
type flow struct{ from, to netip.AddrPort }

// seq is the next sequence number of a direction.
func (p *Writer) seq(f flow) uint32 {
	n, ok := p.next[f]
	if ok {
		return n
	}
	if len(p.next) >= maxFlows {
		clear(p.next)
	}
	p.next[f] = 1
	return 1
}

func ipHeaderLen(d Packet) int {
	if d.From.Addr().Is4() {
		return ipv4HeaderLen
	}
	return ipv6HeaderLen
}

func appendUDP(b []byte, d Packet) []byte {
	n := udpHeaderLen + len(d.Payload) + d.Hidden
	b = appendIP(b, d, protocolUDP, n)
	at := len(b)
	b = binary.BigEndian.AppendUint16(b, d.From.Port())
	b = binary.BigEndian.AppendUint16(b, d.To.Port())
	b = binary.BigEndian.AppendUint16(b, uint16(n))
	b = binary.BigEndian.AppendUint16(b, 0)
	b = append(b, d.Payload...)
	sum := uint16(0) // IPv4: there is none
	switch {
	case d.Hidden == 0:
		if sum = checksum(b[at:], pseudo(d, protocolUDP, n)); sum == 0 {
			sum = noSum // RFC 768
		}
	case d.From.Addr().Is6():
		sum = noSum
	}
	binary.BigEndian.PutUint16(b[at+6:], sum)
	return b
}

func appendTCP(b []byte, d Packet, seq, ack uint32) []byte {
	n := tcpHeaderLen + len(d.Payload) + d.Hidden
	b = appendIP(b, d, protocolTCP, n)
	at := len(b)
	b = binary.BigEndian.AppendUint16(b, d.From.Port())
	b = binary.BigEndian.AppendUint16(b, d.To.Port())
	b = binary.BigEndian.AppendUint32(b, seq)
	b = binary.BigEndian.AppendUint32(b, ack)
	b = append(b, tcpHeaderLen/4<<4, pushAck)
	b = binary.BigEndian.AppendUint16(b, window)
	b = binary.BigEndian.AppendUint32(b, 0) // checksum, urgent pointer
	b = append(b, d.Payload...)
	if d.Hidden == 0 {
		binary.BigEndian.PutUint16(b[at+16:], checksum(b[at:], pseudo(d, protocolTCP, n)))
	}
	return b
}

// appendIP appends the header of a packet with n octets behind it.
func appendIP(b []byte, d Packet, protocol byte, n int) []byte {
	from, to := d.From.Addr(), d.To.Addr()
	if !from.Is4() {
		b = append(b, 6<<4, 0, 0, 0)
		b = binary.BigEndian.AppendUint16(b, uint16(n))
		b = append(b, protocol, hopLimit)
		b = append(b, from.AsSlice()...)
		return append(b, to.AsSlice()...)
	}
	at := len(b)
	b = append(b, 4<<4|ipv4HeaderLen/4, 0)
	b = binary.BigEndian.AppendUint16(b, uint16(ipv4HeaderLen+n))
	b = binary.BigEndian.AppendUint16(b, 0)
	b = binary.BigEndian.AppendUint16(b, dontSplit)
	b = append(b, hopLimit, protocol, 0, 0)
	b = append(b, from.AsSlice()...)
	b = append(b, to.AsSlice()...)
	binary.BigEndian.PutUint16(b[at+10:], checksum(b[at:], 0))
	return b
}

// pseudo is the sum of what a transport's checksum has of the header below it (RFC
// 768, 8200 §8.1).
func pseudo(d Packet, protocol byte, n int) uint32 {
	return add(add(0, d.From.Addr().AsSlice()), d.To.Addr().AsSlice()) + uint32(protocol) + uint32(n)
}

func add(sum uint32, b []byte) uint32 {
	for ; len(b) > 1; b = b[2:] {
		sum += uint32(binary.BigEndian.Uint16(b))
	}
	if len(b) > 0 {
		sum += uint32(b[0]) << 8
	}
	return sum
}

// checksum is that of RFC 1071.
func checksum(b []byte, sum uint32) uint16 {
	sum = add(sum, b)
	for sum > 0xFFFF {
		sum = sum>>16 + sum&0xFFFF
	}
	return ^uint16(sum)
}
