package transact

import (
	"net"
	"net/netip"

	"golang.org/x/sys/unix"
)

// maxICMP bounds the messages that are read at once.
const maxICMP = 64

// hearRefusals makes the kernel keep ICMP errors of the UDP socket with the
// address that each is about; without, a socket that is not connected hears none.
func hearRefusals(c *net.UDPConn) {
	raw, err := c.SyscallConn()
	if err != nil {
		return
	}
	// Either may fail for a socket of one family: then errors of that one are not heard.
	_ = raw.Control(func(fd uintptr) {
		_ = unix.SetsockoptInt(int(fd), unix.IPPROTO_IP, unix.IP_RECVERR, 1)
		_ = unix.SetsockoptInt(int(fd), unix.IPPROTO_IPV6, unix.IPV6_RECVERR, 1)
	})
}

// readRefusals reads the ICMP errors that wait: the addresses of closed ports,
// and of hosts and networks that can't be reached.
func readRefusals(c *net.UDPConn) []netip.AddrPort {
	raw, err := c.SyscallConn()
	if err != nil {
		return nil
	}
	var out []netip.AddrPort
	buf, oob := make([]byte, 64), make([]byte, 512)
	_ = raw.Control(func(fd uintptr) {
		for range maxICMP {
			_, n, _, from, err := unix.Recvmsg(int(fd), buf, oob, unix.MSG_ERRQUEUE|unix.MSG_DONTWAIT)
			if err != nil {
				return
			}
			if to, ok := addrOf(from); ok && unreachable(oob[:n]) {
				out = append(out, to)
			}
		}
	})
	return out
}

func addrOf(sa unix.Sockaddr) (netip.AddrPort, bool) {
	switch sa := sa.(type) {
	case *unix.SockaddrInet4:
		return netip.AddrPortFrom(netip.AddrFrom4(sa.Addr), uint16(sa.Port)), true
	case *unix.SockaddrInet6:
		return netip.AddrPortFrom(netip.AddrFrom16(sa.Addr).Unmap(), uint16(sa.Port)), true
	}
	return netip.AddrPort{}, false
}

// unreachable reports whether an error says that the packet found nobody, and
// not that it was too large.
func unreachable(oob []byte) bool {
	list, err := unix.ParseSocketControlMessage(oob)
	if err != nil {
		return false
	}
	for _, m := range list {
		v4 := m.Header.Level == unix.IPPROTO_IP && m.Header.Type == unix.IP_RECVERR
		v6 := m.Header.Level == unix.IPPROTO_IPV6 && m.Header.Type == unix.IPV6_RECVERR
		if (!v4 && !v6) || len(m.Data) < 8 {
			continue
		}
		origin, kind, code := m.Data[4], m.Data[5], m.Data[6] // struct sock_extended_err
		switch origin {
		case unix.SO_EE_ORIGIN_ICMP:
			return kind == 3 && code != 4 // destination unreachable, but for "too large" (RFC 792)
		case unix.SO_EE_ORIGIN_ICMP6:
			return kind == 1 // RFC 4443 §3.1
		}
	}
	return false
}
