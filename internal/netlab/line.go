package netlab

import (
	"fmt"

	"tandem/internal/tunem"
)

// BadWire joins two hosts by a line of package tunem. Each end has an address and no
// network; the other's is its neighbour. mtu is the largest packet, 0 = 1500.
func (l *Lab) BadWire(a, b *Host, addrA, addrB string, mtu int, there, back tunem.Profile, seed uint64) *tunem.Line {
	l.t.Helper()
	l.wires++
	if mtu == 0 {
		mtu = 1500
	}
	var ends [2]*tunem.Device
	for i, h := range []*Host{a, b} {
		own, other := addrA, addrB
		if i == 1 {
			own, other = addrB, addrA
		}
		name := fmt.Sprintf("tun%d", l.wires)
		err := h.Do(func() (err error) {
			ends[i], err = tunem.Open(name)
			return err
		})
		if err != nil {
			l.t.Fatalf("%s: %v", h.Name, err)
		}
		h.Address(name, own)
		h.ip("link", "set", name, "up", "mtu", fmt.Sprint(mtu), "txqueuelen", "2000")
		h.ip("route", "replace", mustAddr(other).String(), "dev", name)
	}
	line := tunem.Join(ends[0], ends[1], there, back, seed)
	l.t.Cleanup(line.Close)
	return line
}
