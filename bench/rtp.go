package main

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"runtime"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

const (
	frameTime  = 20 * time.Millisecond
	frame      = 160
	slots      = 20 // of one millisecond each
	batch      = 64
	packetSize = 12 + frame
	eventType  = 101
	keyFrames  = 5 // packets of a pressed key, then three ends
	endFrames  = 3
)

// mmsghdr is struct mmsghdr of recvmmsg(2).
type mmsghdr struct {
	hdr unix.Msghdr
	n   uint32
	_   [4]byte
}

// rtpSocket opens the one RTP socket, with kernel timestamps and room for
// bursts.
func rtpSocket() (int, netip.AddrPort, error) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, netip.AddrPort{}, fmt.Errorf("rtp socket: %w", err)
	}
	fail := func(err error) (int, netip.AddrPort, error) {
		unix.Close(fd)
		return -1, netip.AddrPort{}, fmt.Errorf("rtp socket: %w", err)
	}
	if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_TIMESTAMPNS, 1); err != nil {
		return fail(err)
	}
	const room = 16 << 20
	if unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, room) != nil {
		unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF, room) // what the system allows
	}
	tv := unix.NsecToTimeval(int64(50 * time.Millisecond))
	if err := unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &tv); err != nil {
		return fail(err)
	}
	if err := unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		return fail(err)
	}
	sa, err := unix.Getsockname(fd)
	if err != nil {
		return fail(err)
	}
	in := sa.(*unix.SockaddrInet4)
	return fd, netip.AddrPortFrom(netip.AddrFrom4(in.Addr), uint16(in.Port)), nil
}

// receive reads packets until the generator stops, on a thread of its own.
func (g *generator) receive() {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var (
		bufs    [batch][512]byte
		names   [batch]unix.RawSockaddrInet4
		control [batch][64]byte
		iovs    [batch]unix.Iovec
		msgs    [batch]mmsghdr
	)
	for i := range msgs {
		iovs[i].Base = &bufs[i][0]
		iovs[i].SetLen(len(bufs[i]))
		h := &msgs[i].hdr
		h.Name, h.Iov, h.Iovlen, h.Control = (*byte)(unsafe.Pointer(&names[i])), &iovs[i], 1, &control[i][0]
	}
	for !g.stopped.Load() {
		for i := range msgs {
			msgs[i].hdr.Namelen = unix.SizeofSockaddrInet4
			msgs[i].hdr.SetControllen(len(control[i]))
		}
		n, _, errno := unix.Syscall6(unix.SYS_RECVMMSG, uintptr(g.rtp), uintptr(unsafe.Pointer(&msgs[0])), batch, unix.MSG_WAITFORONE, 0, 0)
		if errno != 0 {
			continue // time-out, or an ICMP error of an earlier send
		}
		for i := range int(n) {
			at := arrival(control[i][:msgs[i].hdr.Controllen])
			port := binary.BigEndian.Uint16((*[2]byte)(unsafe.Pointer(&names[i].Port))[:])
			if c := g.byPort[port].Load(); c != nil {
				c.packet(bufs[i][:msgs[i].n], at, &g.tally)
			} else if g.measuring.Load() {
				g.strangers.Add(1)
			}
		}
	}
}

// arrival is the SCM_TIMESTAMPNS time in a control message, in ns since 1970.
func arrival(b []byte) int64 {
	for len(b) >= unix.SizeofCmsghdr {
		h := (*unix.Cmsghdr)(unsafe.Pointer(&b[0]))
		if h.Level == unix.SOL_SOCKET && h.Type == unix.SCM_TIMESTAMPNS {
			ts := (*unix.Timespec)(unsafe.Pointer(&b[unix.CmsgLen(0)]))
			return ts.Nano()
		}
		if h.Len < unix.SizeofCmsghdr || int(h.Len) > len(b) {
			break
		}
		b = b[min((int(h.Len)+7)&^7, len(b)):]
	}
	return time.Now().UnixNano()
}

// tally is what the receiver counts over all calls while measuring is on; it
// belongs to the receiver until that has ended.
type tally struct {
	pacing   histogram // of all packets
	within   histogram // of those that follow one of the same sound
	keys     histogram
	packets  int
	lost     int
	disorder int
	jumps    int // timestamps that skip audio without a marker
	silent   int // hold nothing to be heard
	odd      int // not the RTP that was agreed
}

// packet takes one packet of the call in.
func (c *call) packet(b []byte, at int64, t *tally) {
	if c.seal != nil {
		b = c.seal.open(b)
	}
	if len(b) < packetSize || b[0]>>6 != 2 || b[1]&0x7f != 0 {
		t.odd++
		return
	}
	seq, ts := binary.BigEndian.Uint16(b[2:]), binary.BigEndian.Uint32(b[4:])
	marker := b[1]&0x80 != 0
	measuring := c.gen.measuring.Load()
	sound := classify(b[12:packetSize])
	if c.lastAt != 0 && measuring {
		t.packets++
		if sound == silenceHeard {
			t.silent++
		}
		switch step := int16(seq - c.lastSeq); {
		case step <= 0:
			t.disorder++
			return
		case step > 1:
			t.lost += int(step) - 1
		case marker && ts-c.lastTS != frame: // a new talk spurt has no pace to keep
		default:
			if ts-c.lastTS != frame {
				t.jumps++
			}
			late := (time.Duration(at-c.lastAt) - frameTime).Abs()
			t.pacing.add(late)
			if sound == c.lastSound {
				t.within.add(late)
			}
		}
	}
	c.lastAt, c.lastSeq, c.lastTS, c.lastSound = at, seq, ts, sound
	switch sound {
	case keySoundHeard:
		if pressed := c.pressed.Swap(0); pressed != 0 && measuring {
			t.keys.add(time.Duration(at - pressed))
		}
		c.inMenu.Store(false)
	case menuHeard:
		c.inMenu.Store(true)
	}
}

// heardSound is which of the two sounds of the server a packet holds: a
// pressed key must change the low menu tone into the high one.
type heardSound byte

const (
	silenceHeard heardSound = iota
	menuHeard
	keySoundHeard
)

func classify(payload []byte) heardSound {
	switch crossings := signChanges(payload); {
	case crossings >= 50:
		return keySoundHeard
	case crossings >= 8:
		return menuHeard
	}
	return silenceHeard
}

// signChanges counts how often µ-law samples change sign, silence aside: 16
// in a packet of the 400 Hz menu, 80 in one of the 2 kHz key sound.
func signChanges(payload []byte) int {
	n, last := 0, byte(0)
	known := false
	for _, b := range payload {
		if b&0x7f >= 0x70 {
			continue
		}
		if known && (b^last)&0x80 != 0 {
			n++
		}
		last, known = b, true
	}
	return n
}

// send writes one packet per call and 20 ms, the calls spread over slots of
// one millisecond, on a thread of its own.
func (g *generator) send() {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var s sender
	s.init(g.rtp)
	next := time.Now()
	for tick := 0; !g.stopped.Load(); tick++ {
		next = next.Add(time.Millisecond)
		if d := time.Until(next); d > 0 {
			ts := unix.NsecToTimespec(int64(d))
			unix.Nanosleep(&ts, nil)
		} else if d < -100*time.Millisecond {
			g.late.Add(1)
			next = time.Now()
		}
		slot := &g.wheel[tick%slots]
		slot.mu.Lock()
		now := time.Now().UnixNano()
		for _, c := range slot.calls {
			s.add(c, now)
		}
		slot.mu.Unlock()
		s.flush()
	}
}

// quiet is a packet of silence, µ-law.
var quiet = func() (q [frame]byte) {
	for i := range q {
		q[i] = 0xff
	}
	return q
}()

// sender gathers packets for sendmmsg(2).
type sender struct {
	fd    int
	n     int
	bufs  [batch][packetSize + sealRoom]byte
	names [batch]unix.RawSockaddrInet4
	iovs  [batch]unix.Iovec
	msgs  [batch]mmsghdr
}

func (s *sender) init(fd int) {
	s.fd = fd
	for i := range s.msgs {
		copy(s.bufs[i][12:], quiet[:])
		s.iovs[i].Base = &s.bufs[i][0]
		h := &s.msgs[i].hdr
		h.Name, h.Namelen = (*byte)(unsafe.Pointer(&s.names[i])), unix.SizeofSockaddrInet4
		h.Iov, h.Iovlen = &s.iovs[i], 1
	}
}

func (s *sender) add(c *call, now int64) {
	b := &s.bufs[s.n]
	size := c.next((*[packetSize]byte)(b[:]), now)
	if c.seal != nil {
		size = c.seal.close(b[:], size)
	}
	s.iovs[s.n].SetLen(size)
	s.names[s.n] = c.remote
	if s.n++; s.n == batch {
		s.flush()
	}
}

func (s *sender) flush() {
	for sent := 0; sent < s.n; {
		n, _, errno := unix.RawSyscall6(unix.SYS_SENDMMSG, uintptr(s.fd), uintptr(unsafe.Pointer(&s.msgs[sent])), uintptr(s.n-sent), 0, 0, 0)
		if errno != 0 || n == 0 {
			n = 1 // a packet that cannot go is lost
		}
		sent += int(n)
	}
	s.n = 0
}

// next writes the call's next packet and returns its size: silence, or a part
// of a key when one is due and the menu is playing.
func (c *call) next(b *[packetSize]byte, now int64) int {
	if c.event == 0 && c.gen.keys > 0 && now >= c.nextKey {
		if p := c.pressed.Load(); p != 0 && now-p > int64(2*time.Second) {
			c.pressed.Store(0)
			c.gen.missed.Add(1)
		}
		if c.inMenu.Load() && c.pressed.Load() == 0 {
			c.event, c.eventTS = 1, c.ts
			c.pressed.Store(now)
			c.nextKey = now + int64(c.gen.keys)
		}
	}
	b[0], b[1] = 0x80, 0
	ts, size := c.ts, packetSize
	if c.event > 0 {
		b[1], ts, size = eventType, c.eventTS, 16
		if c.event == 1 {
			b[1] |= 0x80
		}
		duration, flags := c.event*frame, byte(10)
		if c.event > keyFrames {
			duration, flags = keyFrames*frame, 0x8a
		}
		b[12], b[13], b[14], b[15] = 1, flags, byte(duration>>8), byte(duration)
		if c.event++; c.event > keyFrames+endFrames {
			c.event = 0
		}
	} else if c.voice != nil {
		copy(b[12:], c.voice[:])
	} else if c.seal != nil { // who came before left its sealed sound
		copy(b[12:], quiet[:])
	} else {
		b[12], b[13], b[14], b[15] = 0xff, 0xff, 0xff, 0xff
	}
	binary.BigEndian.PutUint16(b[2:], c.seq)
	binary.BigEndian.PutUint32(b[4:], ts)
	binary.BigEndian.PutUint32(b[8:], c.ssrc)
	c.seq++
	c.ts += frame
	return size
}
