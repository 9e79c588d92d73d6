package transact

import (
	"net"
	"runtime"

	"golang.org/x/sys/unix"
)

// readerNice puts the thread that reads datagrams before those that do what they
// ask for, where rights allow: what is refused is then refused at once, however many
// calls are being set up. Media threads go before it.
const readerNice = -12

// waiter keeps the goroutine on a thread of its own, and gives what waits there for a
// datagram. Go's own poller looks at sockets only when its other work lets it.
func waiter(c *net.UDPConn) func() {
	raw, err := c.SyscallConn()
	if err != nil {
		return func() {}
	}
	runtime.LockOSThread() // the thread ends with the goroutine, since its priority is its own
	// Without the right to it the thread waits for its turn as all do.
	_ = unix.Setpriority(unix.PRIO_PROCESS, unix.Gettid(), readerNice)
	return func() {
		_ = raw.Control(func(fd uintptr) {
			list := [1]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
			_, _ = unix.Poll(list[:], -1) // interrupted or not, the read tells
		})
	}
}

// wake ends waiting for good: a datagram socket that is shut tells who polls it.
func wake(c *net.UDPConn) {
	raw, err := c.SyscallConn()
	if err != nil {
		return
	}
	// It fails for lack of a connection, after it has told.
	_ = raw.Control(func(fd uintptr) { _ = unix.Shutdown(int(fd), unix.SHUT_RD) })
}
