package netlab

import (
	"encoding/binary"
	"net"
	"net/netip"
	"sync"
)

// AnswerSTUN answers STUN binding requests (RFC 8489) on a socket until the test
// ends, with the address that each came from.
func AnswerSTUN(t interface{ Cleanup(func()) }, conn *net.UDPConn) {
	var wg sync.WaitGroup
	wg.Go(func() {
		b := make([]byte, 1500)
		for {
			n, from, err := conn.ReadFromUDPAddrPort(b)
			if err != nil {
				return
			}
			if n >= 20 && binary.BigEndian.Uint16(b) == 1 {
				conn.WriteToUDPAddrPort(stunAnswer(b[:20], from), from) // a lost answer is asked for again
			}
		}
	})
	t.Cleanup(func() { conn.Close(); wg.Wait() })
}

// stunAnswer is a success response with XOR-MAPPED-ADDRESS.
func stunAnswer(request []byte, from netip.AddrPort) []byte {
	be := binary.BigEndian
	addr := from.Addr().Unmap().AsSlice()
	family := byte(1)
	if len(addr) == 16 {
		family = 2
	}
	b := be.AppendUint16(nil, 0x0101)
	b = be.AppendUint16(b, uint16(8+len(addr)))
	b = append(b, request[4:20]...)
	b = be.AppendUint16(b, 0x0020)
	b = be.AppendUint16(b, uint16(4+len(addr)))
	b = append(b, 0, family)
	b = be.AppendUint16(b, from.Port()^be.Uint16(request[4:]))
	for i, octet := range addr {
		b = append(b, octet^request[4+i])
	}
	return b
}
