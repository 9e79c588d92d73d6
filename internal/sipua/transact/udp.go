package transact

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/emiago/sipgo/sip"
)

const (
	maxDatagram = 65535
	sendTries   = 4
)

// udpFlow is the way to one peer over the UDP socket; it satisfies
// sip.Connection, so a transaction always answers where it was asked from.
type udpFlow struct {
	l    *Layer
	to   netip.AddrPort
	at   time.Time // the datagram that it is for arrived; zero = there is none
	last atomic.Pointer[sent]
}

// sent is a message that was written; the same again is a retransmission.
type sent struct {
	msg  sip.Message
	text []byte // nil of INVITEs, whose flows are kept as long as their calls
}

func (f *udpFlow) LocalAddr() net.Addr    { return f.l.udp.LocalAddr() }
func (f *udpFlow) Ref(int) int            { return 1 }
func (f *udpFlow) TryClose() (int, error) { return 1, nil }
func (f *udpFlow) Close() error           { return nil }
func (f *udpFlow) peer() netip.AddrPort   { return f.to }
func (f *udpFlow) network() string        { return "udp" }

func (f *udpFlow) WriteMsg(msg sip.Message) error {
	b := textOf(msg)
	f.l.seen(msg, b, false, f) // before the answer can be
	now := &sent{msg: msg}
	if c := msg.CSeq(); c != nil && c.MethodName != sip.INVITE {
		now.text = bytes.Clone(b) // without the room to spare
	}
	if before := f.last.Swap(now); before != nil && before.msg == msg {
		f.l.resent.Add(1)
	}
	return f.writeRaw(b)
}

// usualText is room for nearly every message.
const usualText = 1024

// textOf gives a message as it is sent.
func textOf(msg sip.Message) []byte {
	b := bytes.NewBuffer(make([]byte, 0, usualText))
	msg.StringWrite(b)
	return b.Bytes()
}

func (f *udpFlow) writeRaw(b []byte) error {
	var err error
	for range sendTries {
		if _, err = f.l.udp.WriteToUDPAddrPort(b, f.to); err == nil {
			return nil
		}
		if !errors.Is(err, syscall.ECONNREFUSED) && !errors.Is(err, syscall.EHOSTUNREACH) && !errors.Is(err, syscall.ENETUNREACH) {
			break
		}
		// The kernel tells of an ICMP error of another packet; reading it cleared it.
	}
	return fmt.Errorf("send to udp %s: %w", f.to, err)
}

func (l *Layer) readUDP() {
	buf, oob := make([]byte, maxDatagram), make([]byte, stampRoom)
	wait := waiter(l.udp)
	for {
		wait()
		n, beside, _, from, err := l.udp.ReadMsgUDPAddrPort(buf, oob)
		if err != nil {
			if errors.Is(err, net.ErrClosed) {
				return
			}
			// An ICMP error of an earlier packet is reported here; reading goes on.
			for _, to := range readRefusals(l.udp) {
				l.refusal(to)
			}
			select {
			case <-l.ctx.Done():
				return
			case <-time.After(time.Millisecond):
			}
			continue
		}
		l.datagram(buf[:n], unmap(from), stampOf(oob[:beside]))
	}
}

func (l *Layer) datagram(b []byte, from netip.AddrPort, at time.Time) {
	if len(bytes.Trim(b, "\r\n\x00 ")) < 12 {
		return // keep-alive (RFC 5626 §3.5.1) or rubbish
	}
	l.receive(b, &udpFlow{l: l, to: from, at: at})
}
