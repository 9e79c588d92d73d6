package locate

import (
	"io"
	"net/netip"
	"os"
	"strings"
)

// maxHostsFile is how much of the file of host names is read, in bytes.
const maxHostsFile = 1 << 20

// inHosts gives the addresses of a name in the file of host names, nil when it
// is not in there. The file is read anew each time: it is small, and whoever
// changes it expects that to count.
func (r *Resolver) inHosts(name string) []netip.Addr {
	f, err := os.Open(r.cfg.Hosts)
	if err != nil {
		return nil
	}
	defer func() { _ = f.Close() }()
	text, err := io.ReadAll(io.LimitReader(f, maxHostsFile))
	if err != nil {
		return nil
	}
	name = strings.TrimSuffix(name, ".")
	var four, six []netip.Addr
	for line := range strings.Lines(string(text)) {
		line, _, _ = strings.Cut(line, "#")
		fields := strings.Fields(line)
		if len(fields) < 2 {
			continue
		}
		a, err := netip.ParseAddr(fields[0])
		if err != nil || !r.usable(a.Unmap()) {
			continue
		}
		for _, n := range fields[1:] {
			if !strings.EqualFold(strings.TrimSuffix(n, "."), name) {
				continue
			}
			if a = a.Unmap(); a.Is4() {
				four = append(four, a)
			} else {
				six = append(six, a)
			}
			break
		}
	}
	return append(four, six...)
}
