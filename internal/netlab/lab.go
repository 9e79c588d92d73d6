package netlab

import (
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
)

// prefix begins the names of all namespaces; the process number follows.
const prefix = "netlab"

// labs numbers the labs of this process.
var labs atomic.Int64

// Lab is one network. It belongs to one test.
type Lab struct {
	t     testing.TB
	name  string
	wires int
}

// New begins a network, which is removed when the test ends. It skips the test when
// it does not run as root, and removes what a process left behind that was killed.
func New(t testing.TB) *Lab {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("network namespaces are made by root alone")
	}
	sweep()
	return &Lab{t: t, name: fmt.Sprintf("%s-%d-%d", prefix, os.Getpid(), labs.Add(1))}
}

// sweep removes the namespaces of processes that are no more.
func sweep() {
	list, err := exec.Command("ip", "netns", "list").Output()
	if err != nil {
		return // the first use of ip says why
	}
	for line := range strings.Lines(string(list)) {
		f := strings.Fields(line)
		if len(f) == 0 {
			continue
		}
		parts := strings.Split(f[0], "-")
		if len(parts) < 3 || parts[0] != prefix {
			continue
		}
		pid, err := strconv.Atoi(parts[1])
		if err == nil && syscall.Kill(pid, 0) == syscall.ESRCH {
			_ = exec.Command("ip", "netns", "del", f[0]).Run() // another test may be quicker
		}
	}
}

// run runs a program to its end; a failure ends the test.
func (l *Lab) run(name string, args ...string) {
	l.t.Helper()
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		l.t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
}

// Host makes a namespace with loopback up. The name is for messages, 12 letters at
// most; it is told apart from that of other labs.
func (l *Lab) Host(name string) *Host {
	l.t.Helper()
	h := &Host{lab: l, Name: name, ns: l.name + "-" + name}
	l.run("ip", "netns", "add", h.ns)
	l.t.Cleanup(func() { l.run("ip", "netns", "del", h.ns) })
	h.ip("link", "set", "lo", "up")
	return h
}

// Wire joins two hosts by a veth pair, each with an address and the size of its
// network, "192.0.2.1/24". It gives the names of both ends.
func (l *Lab) Wire(a, b *Host, addrA, addrB string) (nameA, nameB string) {
	l.t.Helper()
	l.wires++
	nameA, nameB = fmt.Sprintf("w%da", l.wires), fmt.Sprintf("w%db", l.wires)
	l.run("ip", "-n", a.ns, "link", "add", nameA, "type", "veth", "peer", "name", nameB, "netns", b.ns)
	a.Address(nameA, addrA)
	b.Address(nameB, addrB)
	a.ip("link", "set", nameA, "up")
	b.ip("link", "set", nameB, "up")
	return nameA, nameB
}

// mustAddr reads the address of "192.0.2.1/24".
func mustAddr(s string) netip.Addr { return netip.MustParsePrefix(s).Addr() }
