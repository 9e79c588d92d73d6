//go:build !linux

package transact

import "net"

// waiter gives nothing to wait with: the read itself waits.
func waiter(*net.UDPConn) func() { return func() {} }

func wake(*net.UDPConn) {}
