package transact

import (
	"encoding/binary"
	"net"
	"time"

	"golang.org/x/sys/unix"
)

// timeStamps makes the kernel tell when each datagram arrived: how long it waited
// to be read is the first sign that requests come too fast.
func timeStamps(c *net.UDPConn) {
	raw, err := c.SyscallConn()
	if err != nil {
		return
	}
	// Without, a datagram counts as arrived when it is read.
	_ = raw.Control(func(fd uintptr) { _ = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_TIMESTAMPNS, 1) })
}

// stampRoom is room for a time stamp beside a datagram.
const (
	stampRoom   = 64
	longestWait = 30 * time.Second // in the socket; more is a clock that was set
)

// stampOf reads the time stamp from what came beside a datagram; now when there is none.
func stampOf(oob []byte) time.Time {
	now := time.Now()
	if len(oob) < unix.CmsgSpace(16) {
		return now
	}
	head, data, _, err := unix.ParseOneSocketControlMessage(oob)
	if err != nil || head.Level != unix.SOL_SOCKET || head.Type != unix.SCM_TIMESTAMPNS || len(data) < 16 {
		return now
	}
	at := time.Unix(int64(binary.NativeEndian.Uint64(data)), int64(binary.NativeEndian.Uint64(data[8:])))
	// The wall clock may have been set; Sub by it, and Now's own for what is measured from here.
	if waited := now.Round(0).Sub(at); waited > 0 && waited < longestWait {
		return now.Add(-waited)
	}
	return now
}
