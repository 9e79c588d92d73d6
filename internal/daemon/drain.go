package daemon

import (
	"context"
	"net"
	"os"
	"strconv"
	"time"
)

// Drain lets the calls that are up run out, for drain_time at most or until ctx is
// done; Close then ends those that are left. From its beginning the server is not
// ready, new calls and OPTIONS get 503 with Retry-After, orders are refused, and
// ordered calls that wait end in words. Registrations and all within calls go on.
func (d *Daemon) Drain(ctx context.Context) {
	d.draining.Store(true)
	most := time.Duration(d.cfg.DrainTime) * time.Second
	tellSystemd("STOPPING=1\nSTATUS=calls run out\nEXTEND_TIMEOUT_USEC=" + strconv.FormatInt((most+2*drainTime+httpTime).Microseconds(), 10))
	ctx, cancel := context.WithTimeout(ctx, most)
	defer cancel()
	began, told := time.Now(), time.Time{}
	left := 0
	d.board.Drain(ctx, func(n int) {
		left = n
		if now := time.Now(); n > 0 && now.Sub(told) >= time.Second {
			told = now
			d.log.Info("stopping: calls run out", "calls", n, "at_most", (most - now.Sub(began)).Round(time.Second))
			tellSystemd("STATUS=" + strconv.Itoa(n) + " calls run out")
		}
	})
	if left > 0 {
		d.log.Warn("stopping: calls are ended", "calls", left, "after", time.Since(began).Round(time.Millisecond))
		return
	}
	d.log.Info("stopping: no call is up", "after", time.Since(began).Round(time.Millisecond))
}

// tellSystemd tells the service manager, when there is one, how the process stands
// (sd_notify(3)). It never waits: without a reader the word is lost.
func tellSystemd(state string) {
	path := os.Getenv("NOTIFY_SOCKET")
	if path == "" {
		return
	}
	conn, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		return
	}
	defer conn.Close()
	_ = conn.SetWriteDeadline(time.Now().Add(time.Second))
	_, _ = conn.Write([]byte(state))
}
