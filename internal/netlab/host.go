package netlab

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"

	"golang.org/x/sys/unix"
)

// Host is a namespace: a machine of the network, with nothing of the test's own.
type Host struct {
	Name string // as given
	lab  *Lab
	ns   string
}

func (h *Host) ip(args ...string) {
	h.lab.t.Helper()
	h.lab.run("ip", append([]string{"-n", h.ns}, args...)...)
}

// Address gives an interface one more address, "192.0.2.1/24".
func (h *Host) Address(device, addr string) {
	h.lab.t.Helper()
	args := []string{"addr", "add", addr, "dev", device}
	if mustAddr(addr).Is6() {
		args = append(args, "nodad") // nobody else is on the wire, and waiting costs seconds
	}
	h.ip(args...)
}

// Route sends what is for a network by way of a neighbour; "default" is all.
func (h *Host) Route(to, via string) {
	h.lab.t.Helper()
	if netip.MustParseAddr(via).Is6() {
		h.ip("-6", "route", "replace", to, "via", via)
		return
	}
	h.ip("route", "replace", to, "via", via)
}

// Forwards makes the host a router.
func (h *Host) Forwards() {
	h.lab.t.Helper()
	h.Sysctl("net/ipv4/ip_forward", "1")
	h.Sysctl("net/ipv6/conf/all/forwarding", "1")
}

// Sysctl sets a setting of the host's network, "net/ipv4/ip_forward".
func (h *Host) Sysctl(key, value string) {
	h.lab.t.Helper()
	if err := h.Do(func() error { return os.WriteFile("/proc/sys/"+key, []byte(value), 0) }); err != nil {
		h.lab.t.Fatalf("%s: %v", h.Name, err)
	}
}

// Filter gives the rules of nftables to the host, in nft's own language.
func (h *Host) Filter(rules string) {
	h.lab.t.Helper()
	cmd := h.Command("nft", "-f", "-")
	cmd.Stdin = strings.NewReader(rules)
	if out, err := cmd.CombinedOutput(); err != nil {
		h.lab.t.Fatalf("%s: nft: %v\n%s\n%s", h.Name, err, out, rules)
	}
}

// Command makes a command that runs on the host. Its process is the program's own.
func (h *Host) Command(name string, args ...string) *exec.Cmd {
	return exec.Command("ip", append([]string{"netns", "exec", h.ns, name}, args...)...)
}

// Do runs f in a thread that is on the host: sockets that it opens stay there,
// wherever they are used. f must start no goroutine that opens others.
func (h *Host) Do(f func() error) error {
	done := make(chan error, 1)
	go func() {
		// The thread is not unlocked: it ends with the goroutine and takes the
		// namespace along.
		runtime.LockOSThread()
		ns, err := os.Open("/run/netns/" + h.ns)
		if err != nil {
			done <- err
			return
		}
		err = unix.Setns(int(ns.Fd()), unix.CLONE_NEWNET)
		ns.Close()
		if err != nil {
			done <- fmt.Errorf("enter %s: %w", h.Name, err)
			return
		}
		done <- f()
	}()
	return <-done
}

// ListenUDP opens a UDP socket of the host. It has the shape of net.ListenUDP.
func (h *Host) ListenUDP(network string, at *net.UDPAddr) (conn *net.UDPConn, err error) {
	err = h.Do(func() error {
		conn, err = net.ListenUDP(network, at)
		return err
	})
	return conn, err
}

// Dial connects from the host to a literal address.
func (h *Host) Dial(ctx context.Context, network, addr string) (conn net.Conn, err error) {
	err = h.Do(func() error {
		conn, err = (&net.Dialer{}).DialContext(ctx, network, addr)
		return err
	})
	return conn, err
}

// Door opens a TCP port on the test's own loopback that leads to an address as the
// host reaches it, until the test ends, and gives its HOST:PORT.
func (h *Host) Door(to string) string {
	t := h.lab.t
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			wg.Go(func() { h.pass(ctx, c, to) })
		}
	})
	t.Cleanup(func() { cancel(); l.Close(); wg.Wait() })
	return l.Addr().String()
}

// pass carries one connection until either side ends it.
func (h *Host) pass(ctx context.Context, c net.Conn, to string) {
	defer c.Close()
	far, err := h.Dial(ctx, "tcp", to)
	if err != nil {
		return // whoever dialled sees the end
	}
	defer far.Close()
	stop := context.AfterFunc(ctx, func() { c.Close(); far.Close() })
	defer stop()
	var wg sync.WaitGroup
	for _, p := range [][2]net.Conn{{c, far}, {far, c}} {
		wg.Go(func() {
			io.Copy(p[0], p[1])
			if w, ok := p[0].(*net.TCPConn); ok {
				w.CloseWrite()
			}
		})
	}
	wg.Wait()
}
