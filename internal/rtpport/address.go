package rtpport

import (
	"encoding/binary"
	"net/netip"

	"golang.org/x/sys/unix"
)

// sockaddr is a socket address as the kernel takes it, v4 or v6.
type sockaddr struct {
	buf [unix.SizeofSockaddrInet6]byte
	n   uint32
}

// set writes ap for a socket of the family; false when it does not fit.
func (s *sockaddr) set(ap netip.AddrPort, v6 bool) bool {
	addr := ap.Addr().Unmap()
	*s = sockaddr{}
	binary.BigEndian.PutUint16(s.buf[2:], ap.Port())
	switch {
	case v6:
		binary.NativeEndian.PutUint16(s.buf[:], unix.AF_INET6)
		a := addr.As16()
		copy(s.buf[8:], a[:])
		s.n = unix.SizeofSockaddrInet6
	case addr.Is4():
		binary.NativeEndian.PutUint16(s.buf[:], unix.AF_INET)
		a := addr.As4()
		copy(s.buf[4:], a[:])
		s.n = unix.SizeofSockaddrInet4
	default:
		return false
	}
	return true
}

// addrPort reads an address that the kernel wrote.
func addrPort(b []byte) netip.AddrPort {
	port := binary.BigEndian.Uint16(b[2:])
	switch binary.NativeEndian.Uint16(b) {
	case unix.AF_INET:
		return netip.AddrPortFrom(netip.AddrFrom4([4]byte(b[4:8])), port)
	case unix.AF_INET6:
		return netip.AddrPortFrom(netip.AddrFrom16([16]byte(b[8:24])).Unmap(), port)
	}
	return netip.AddrPort{}
}

// sendable says whether media may ever be sent to ap.
func sendable(ap netip.AddrPort) bool {
	a := ap.Addr().Unmap()
	return ap.Port() != 0 && a.IsValid() && !a.IsUnspecified() && !a.IsMulticast() &&
		a != netip.AddrFrom4([4]byte{255, 255, 255, 255})
}
