package reach

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"
)

// Of RFC 8489.
const (
	stunPort       = 3478
	bindingRequest = 0x0001
	bindingSuccess = 0x0101
	magicCookie    = 0x2112A442
	mappedAddress  = 0x0001 // of servers of RFC 3489
	xorMapped      = 0x0020
	stunHeader     = 20
	firstWait      = 500 * time.Millisecond // §6.2.1, then doubled
	requests       = 4                      // with the doubling 7.5 s
)

// Ask asks a STUN server from which address it sees a packet of this machine. It
// repeats the question until ctx ends, 7.5 s at most.
func Ask(ctx context.Context, server netip.AddrPort) (netip.AddrPort, error) {
	conn, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(server))
	if err != nil {
		return netip.AddrPort{}, fmt.Errorf("ask STUN server %v: %w", server, err)
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	id := make([]byte, 12)
	rand.Read(id) // never fails since Go 1.24
	question := binary.BigEndian.AppendUint16(nil, bindingRequest)
	question = binary.BigEndian.AppendUint16(question, 0)
	question = binary.BigEndian.AppendUint32(question, magicCookie)
	question = append(question, id...)
	answer := make([]byte, 1500)
	wait := firstWait
	for range requests {
		// A refusal by ICMP may be of the question before; the next try tells.
		_, _ = conn.Write(question)
		if err := conn.SetReadDeadline(time.Now().Add(wait)); err != nil {
			break
		}
		wait *= 2
		for {
			n, err := conn.Read(answer)
			if err != nil {
				break
			}
			if at, err := Mapped(answer[:n], [12]byte(id)); err == nil {
				return at, nil
			}
		}
		if ctx.Err() != nil {
			return netip.AddrPort{}, fmt.Errorf("ask STUN server %v: %w", server, context.Cause(ctx))
		}
	}
	return netip.AddrPort{}, fmt.Errorf("ask STUN server %v: no answer", server)
}

var errNoAnswer = errors.New("no answer to the question")

// Mapped reads the address in a success response to the request with the
// transaction id.
func Mapped(b []byte, id [12]byte) (netip.AddrPort, error) {
	be := binary.BigEndian
	if len(b) < stunHeader || be.Uint16(b) != bindingSuccess || be.Uint32(b[4:]) != magicCookie || [12]byte(b[8:20]) != id {
		return netip.AddrPort{}, errNoAnswer
	}
	end := stunHeader + int(be.Uint16(b[2:]))
	if end > len(b) || end%4 != 0 {
		return netip.AddrPort{}, errNoAnswer
	}
	var plain netip.AddrPort
	for at := stunHeader; at+4 <= end; {
		kind, n := be.Uint16(b[at:]), int(be.Uint16(b[at+2:]))
		if at+4+n > end {
			return netip.AddrPort{}, errNoAnswer
		}
		value := b[at+4 : at+4+n]
		switch kind {
		case xorMapped:
			if a, ok := address(value, b[4:20]); ok {
				return a, nil
			}
		case mappedAddress:
			if a, ok := address(value, make([]byte, 16)); ok {
				plain = a
			}
		}
		at += 4 + (n+3)&^3
	}
	if plain.IsValid() {
		return plain, nil
	}
	return netip.AddrPort{}, errNoAnswer
}

// address reads a family, port and address that are masked (§14.2).
func address(b, mask []byte) (netip.AddrPort, bool) {
	const v4, v6 = 1, 2
	if len(b) < 4 {
		return netip.AddrPort{}, false
	}
	port := binary.BigEndian.Uint16(b[2:]) ^ binary.BigEndian.Uint16(mask)
	raw := b[4:]
	if !(b[1] == v4 && len(raw) == 4 || b[1] == v6 && len(raw) == 16) {
		return netip.AddrPort{}, false
	}
	plain := make([]byte, len(raw))
	for i := range raw {
		plain[i] = raw[i] ^ mask[i]
	}
	a, ok := netip.AddrFromSlice(plain)
	return netip.AddrPortFrom(a.Unmap(), port), ok && port != 0 && !a.IsUnspecified() && !a.IsMulticast()
}
