//go:build !linux

package transact

import (
	"net"
	"net/netip"
)

// hearRefusals does nothing: ICMP errors are heard on Linux alone.
func hearRefusals(*net.UDPConn) {}

func readRefusals(*net.UDPConn) []netip.AddrPort { return nil }
