package rtpport

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"unsafe"

	"golang.org/x/sys/unix"
)

const (
	batchSize  = 8
	maxPacket  = 1500
	controlLen = 64
	expedited  = 46 << 2 // DSCP EF, RFC 3246
	mostErrors = 16      // ICMP messages that are taken at once
)

// socket is a non-blocking UDP socket, used without the runtime's poller: its
// calls never block, so they need not tell the scheduler.
type socket struct {
	fd        int
	v6        bool
	connected bool
	refused   int64 // ICMP messages that the port or host sent to can't be reached
}

func openSocket(bind netip.Addr, port int) (socket, error) {
	s := socket{fd: -1, v6: !bind.Unmap().Is4()}
	family := unix.AF_INET
	if s.v6 {
		family = unix.AF_INET6
	}
	fd, err := unix.Socket(family, unix.SOCK_DGRAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return s, fmt.Errorf("open socket: %w", err)
	}
	s.fd = fd
	var sa unix.Sockaddr = &unix.SockaddrInet4{Port: port, Addr: v4(bind)}
	if s.v6 {
		// A failure leaves a socket without the comfort, not without a call.
		_ = unix.SetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_V6ONLY, 0)
		_ = unix.SetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_TCLASS, expedited)
		_ = unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_TOS, expedited) // of IPv4 by way of it
		sa = &unix.SockaddrInet6{Port: port, Addr: bind.As16()}
	} else {
		_ = unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_TOS, expedited)
	}
	_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_TIMESTAMPNS, 1)
	// Without it a socket that is not connected never learns that its peer's port is closed.
	_ = unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_RECVERR, 1)
	if s.v6 {
		_ = unix.SetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_RECVERR, 1)
	}
	if err := unix.Bind(fd, sa); err != nil {
		unix.Close(fd)
		return s, fmt.Errorf("bind port %d: %w", port, err)
	}
	return s, nil
}

func v4(a netip.Addr) [4]byte {
	if a = a.Unmap(); a.Is4() {
		return a.As4()
	}
	return [4]byte{}
}

func (s *socket) close() {
	if s.fd >= 0 {
		unix.Close(s.fd)
		s.fd = -1
	}
}

// send writes one packet to the connected peer, or to the address. A full
// buffer or an ICMP error loses the packet, as the network might.
func (s *socket) send(b []byte, to *sockaddr) bool {
	var name, length uintptr
	if !s.connected {
		if to.n == 0 {
			return false
		}
		name, length = uintptr(unsafe.Pointer(&to.buf)), uintptr(to.n)
	}
	for range 2 {
		n, _, errno := unix.RawSyscall6(unix.SYS_SENDTO, uintptr(s.fd), uintptr(unsafe.Pointer(&b[0])),
			uintptr(len(b)), unix.MSG_NOSIGNAL, name, length)
		if errno == 0 {
			return int(n) == len(b)
		}
		if !s.told(errno) {
			return false
		}
		// That was of an earlier packet; asking took it away.
	}
	return false
}

// told says whether an error tells of an earlier packet, by an ICMP message that
// the kernel keeps, and takes those that it keeps: they use up the room for packets.
func (s *socket) told(errno unix.Errno) bool {
	switch errno {
	case unix.ECONNREFUSED, unix.EHOSTUNREACH, unix.ENETUNREACH, unix.EMSGSIZE, unix.EPROTO, unix.EOPNOTSUPP, unix.EACCES:
	default:
		return false
	}
	var h unix.Msghdr // without room for the packet and the reason, which errno has told
	n := int64(0)
	for n < mostErrors {
		if _, _, e := unix.RawSyscall(unix.SYS_RECVMSG, uintptr(s.fd), uintptr(unsafe.Pointer(&h)), unix.MSG_ERRQUEUE|unix.MSG_DONTWAIT); e != 0 {
			break
		}
		n++
	}
	if errno == unix.ECONNREFUSED {
		n = max(n, 1) // also where the kernel keeps none
	}
	s.refused += n
	return n > 0
}

// connect makes the kernel drop packets of all sources but to.
func (s *socket) connect(to *sockaddr) {
	_, _, errno := unix.RawSyscall(unix.SYS_CONNECT, uintptr(s.fd), uintptr(unsafe.Pointer(&to.buf)), uintptr(to.n))
	s.connected = errno == 0
}

// disconnect opens the socket to every source again.
func (s *socket) disconnect() {
	if !s.connected {
		return
	}
	var unspec sockaddr
	unspec.n = unix.SizeofSockaddrInet4
	binary.NativeEndian.PutUint16(unspec.buf[:], unix.AF_UNSPEC)
	unix.RawSyscall(unix.SYS_CONNECT, uintptr(s.fd), uintptr(unsafe.Pointer(&unspec.buf)), uintptr(unspec.n))
	s.connected = false
}

type mmsghdr struct {
	hdr unix.Msghdr
	n   uint32
}

// batch is where one recvmmsg puts what it finds. A shard has one.
type batch struct {
	hdr     [batchSize]mmsghdr
	iov     [batchSize]unix.Iovec
	name    [batchSize][unix.SizeofSockaddrInet6]byte
	control [batchSize][controlLen]byte
	buf     [batchSize][maxPacket]byte
}

func newBatch() *batch {
	b := new(batch)
	for i := range b.hdr {
		b.iov[i].Base = &b.buf[i][0]
		b.iov[i].SetLen(maxPacket)
		h := &b.hdr[i].hdr
		h.Name, h.Iov, h.Control = &b.name[i][0], &b.iov[i], &b.control[i][0]
		h.SetIovlen(1)
	}
	return b
}

// receive drains up to batchSize packets and returns their number.
func (b *batch) receive(s *socket) int {
	for i := range b.hdr {
		h := &b.hdr[i].hdr
		h.Namelen = unix.SizeofSockaddrInet6
		h.SetControllen(controlLen)
	}
	for range 2 {
		n, _, errno := unix.RawSyscall6(unix.SYS_RECVMMSG, uintptr(s.fd), uintptr(unsafe.Pointer(&b.hdr)),
			batchSize, unix.MSG_DONTWAIT, 0, 0)
		if errno == 0 {
			return int(n)
		}
		if !s.told(errno) {
			return 0
		}
	}
	return 0
}

func (b *batch) packet(i int) []byte         { return b.buf[i][:min(b.hdr[i].n, maxPacket)] }
func (b *batch) source(i int) netip.AddrPort { return addrPort(b.name[i][:]) }

// arrival is the kernel's time of reception in Unix nanoseconds, or now when
// it gave none.
func (b *batch) arrival(i int, now int64) int64 {
	h := &b.hdr[i].hdr
	c := b.control[i][:]
	const header = unix.SizeofCmsghdr
	if h.Controllen < header+unix.SizeofPtr*2 {
		return now
	}
	cmsg := (*unix.Cmsghdr)(unsafe.Pointer(&c[0]))
	if cmsg.Level != unix.SOL_SOCKET || cmsg.Type != unix.SO_TIMESTAMPNS {
		return now
	}
	at := (*unix.Timespec)(unsafe.Pointer(&c[header])).Nano()
	if at > now || now-at > int64(10e9) {
		return now
	}
	return at
}
