package phone

import (
	"encoding/binary"
	"net"
	"syscall"
	"time"
)

// stampArrivals has the kernel say when each datagram came (SO_TIMESTAMPNS, Linux), so
// that a phone whose process had no time does not take packets for late that were not.
func stampArrivals(conn *net.UDPConn) error {
	raw, err := conn.SyscallConn()
	if err != nil {
		return err
	}
	var set error
	err = raw.Control(func(fd uintptr) {
		set = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_TIMESTAMPNS, 1)
	})
	if err != nil {
		return err
	}
	return set
}

// arrival gives when a datagram came by the kernel, and how long it has waited to be
// read; now and 0 where the kernel says nothing.
func arrival(oob []byte, now time.Time) (at time.Time, waited time.Duration) {
	const header = syscall.SizeofCmsghdr
	if len(oob) < header+16 || binary.NativeEndian.Uint32(oob[8:]) != syscall.SOL_SOCKET || binary.NativeEndian.Uint32(oob[12:]) != syscall.SCM_TIMESTAMPNS {
		return now, 0
	}
	stamp := time.Unix(int64(binary.NativeEndian.Uint64(oob[header:])), int64(binary.NativeEndian.Uint64(oob[header+8:])))
	waited = now.Round(0).Sub(stamp) // by the wall clock, as the kernel's stamp
	if waited < 0 || waited > time.Minute {
		return now, 0 // the clock was set
	}
	return now.Add(-waited), waited
}
