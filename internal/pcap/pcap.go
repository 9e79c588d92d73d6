// Package pcap writes captures of packets in the pcapng format, as Wireshark and
// tshark read them.
//
// What is captured here is the payload of UDP and TCP alone: the headers below it are
// made anew from addresses and ports (RFC 791, 8200, 768, 9293), with checksums, and
// there is no link layer (LINKTYPE_RAW). It knows nothing of SIP and RTP, and bounds
// nothing: Size tells its caller how far a file has grown. A Writer belongs to one
// goroutine at a time and keeps no file open.
package pcap

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"strings"
	"time"
)

// Blocks and options of pcapng, draft-ietf-opsawg-pcapng §4.
const (
	blockSection    = 0x0A0D0D0A
	blockInterface  = 1
	blockStatistics = 5
	blockPacket     = 6 // enhanced

	optComment       = 1
	optApplication   = 4 // of a section
	optResolution    = 9 // of an interface
	optFlags         = 2 // of a packet
	optPacketsSeen   = 4 // of statistics
	optPacketsLost   = 5
	optDescription   = 3 // of an interface
	linkRaw          = 101
	byteOrder        = 0x1A2B3C4D
	nanoseconds      = 9
	flagIn, flagOut  = 1, 2
	sectionUnbounded = ^uint64(0)
)

// MaxPayload is the most that Packet.Payload and Hidden hold together, in octets.
const MaxPayload = 65535 - ipv6HeaderLen - tcpHeaderLen

// maxComment bounds each comment, in bytes; the rest is left out.
const maxComment = 4096

// ErrPacket says that a packet can't be written; nothing of it was.
var ErrPacket = errors.New("this is no packet")

// Packet is what one packet carried.
type Packet struct {
	At       time.Time
	From, To netip.AddrPort // both IPv4, also as IPv6, or both IPv6
	In       bool           // we received it
	Payload  []byte
	// Hidden is how many octets followed Payload that are left out. The packet is
	// written as one that was cut, and without its checksum, which would tell of them.
	Hidden  int
	Comment string // "" = none
}

// Header tells what a file is.
type Header struct {
	Application string // that wrote it
	Comment     string
	Interface   string // where the packets were seen, in words
}

// Writer writes one file.
type Writer struct {
	w    io.Writer
	buf  []byte
	size int64
	next map[flow]uint32 // sequence numbers of TCP
}

// New begins a file.
func New(w io.Writer, h Header) (*Writer, error) {
	p := &Writer{w: w, next: map[flow]uint32{}}
	p.begin(blockSection)
	p.u32(byteOrder)
	p.u16(1) // version 1.0
	p.u16(0)
	p.buf = binary.LittleEndian.AppendUint64(p.buf, sectionUnbounded)
	p.text(optComment, h.Comment)
	p.text(optApplication, h.Application)
	p.endOptions()
	if err := p.end(); err != nil {
		return nil, err
	}
	p.begin(blockInterface)
	p.u16(linkRaw)
	p.u16(0)
	p.u32(0) // no limit to the packets' length
	p.text(optDescription, h.Interface)
	p.option(optResolution, []byte{nanoseconds})
	p.endOptions()
	if err := p.end(); err != nil {
		return nil, err
	}
	return p, nil
}

// Size is how many bytes were written.
func (p *Writer) Size() int64 { return p.size }

// UDP writes a datagram. ErrPacket when it is too long or its addresses don't fit
// together.
func (p *Writer) UDP(d Packet) error {
	if err := d.check(); err != nil {
		return err
	}
	p.open(d, udpHeaderLen)
	p.buf = appendUDP(p.buf, d)
	return p.close(d)
}

// TCP writes a segment that carries all of the payload, the next of its connection.
func (p *Writer) TCP(d Packet) error {
	if err := d.check(); err != nil {
		return err
	}
	there := flow{d.From, d.To}
	seq, ack := p.seq(there), p.seq(flow{d.To, d.From})
	p.open(d, tcpHeaderLen)
	p.buf = appendTCP(p.buf, d, seq, ack)
	p.next[there] = seq + uint32(len(d.Payload)+d.Hidden)
	return p.close(d)
}

// Statistics writes how many packets there were and how many of them are not in the
// file, with a comment. It is the file's last block.
func (p *Writer) Statistics(at time.Time, seen, lost int64, comment string) error {
	p.begin(blockStatistics)
	p.u32(0)
	p.time(at)
	p.text(optComment, comment)
	p.option(optPacketsSeen, binary.LittleEndian.AppendUint64(nil, uint64(seen)))
	p.option(optPacketsLost, binary.LittleEndian.AppendUint64(nil, uint64(lost)))
	p.endOptions()
	return p.end()
}

func (d *Packet) check() error {
	d.From, d.To = unmap(d.From), unmap(d.To)
	switch {
	case !d.From.IsValid() || !d.To.IsValid() || d.From.Addr().Is4() != d.To.Addr().Is4():
		return fmt.Errorf("%w: from %v to %v", ErrPacket, d.From, d.To)
	case d.Hidden < 0 || len(d.Payload)+d.Hidden > MaxPayload:
		return fmt.Errorf("%w: %d octets of payload", ErrPacket, len(d.Payload)+d.Hidden)
	}
	return nil
}

func unmap(a netip.AddrPort) netip.AddrPort {
	return netip.AddrPortFrom(a.Addr().Unmap().WithZone(""), a.Port())
}

// open begins the block of a packet, up to the packet itself.
func (p *Writer) open(d Packet, transport int) {
	head := ipHeaderLen(d) + transport
	p.begin(blockPacket)
	p.u32(0) // the interface
	p.time(d.At)
	p.u32(uint32(head + len(d.Payload)))
	p.u32(uint32(head + len(d.Payload) + d.Hidden))
}

// close ends it.
func (p *Writer) close(d Packet) error {
	p.pad()
	flags := uint32(flagOut)
	if d.In {
		flags = flagIn
	}
	p.text(optComment, d.Comment)
	p.option(optFlags, binary.LittleEndian.AppendUint32(nil, flags))
	p.endOptions()
	return p.end()
}

// begin starts a block whose length is set by end.
func (p *Writer) begin(kind uint32) {
	p.buf = p.buf[:0]
	p.u32(kind)
	p.u32(0)
}

func (p *Writer) end() error {
	n := uint32(len(p.buf) + 4)
	binary.LittleEndian.PutUint32(p.buf[4:], n)
	p.u32(n)
	m, err := p.w.Write(p.buf)
	p.size += int64(m)
	if err != nil {
		return fmt.Errorf("write capture: %w", err)
	}
	return nil
}

func (p *Writer) u16(v uint16) { p.buf = binary.LittleEndian.AppendUint16(p.buf, v) }
func (p *Writer) u32(v uint32) { p.buf = binary.LittleEndian.AppendUint32(p.buf, v) }

func (p *Writer) time(at time.Time) {
	n := uint64(at.UnixNano())
	p.u32(uint32(n >> 32))
	p.u32(uint32(n))
}

func (p *Writer) pad() {
	for len(p.buf)%4 != 0 {
		p.buf = append(p.buf, 0)
	}
}

func (p *Writer) option(code uint16, value []byte) {
	p.u16(code)
	p.u16(uint16(len(value)))
	p.buf = append(p.buf, value...)
	p.pad()
}

func (p *Writer) text(code uint16, s string) {
	if s == "" {
		return
	}
	s = strings.ToValidUTF8(s, "\uFFFD")
	if len(s) > maxComment {
		s = strings.ToValidUTF8(s[:maxComment], "")
	}
	p.option(code, []byte(s))
}

func (p *Writer) endOptions() { p.u32(0) }
