package voice_test

import (
	"strings"
	"testing"

	"tandem/internal/voice"
)

func TestParseNetwork(t *testing.T) {
	for in, want := range map[string]string{
		"10.1.2.0/24": "10.1.2.0/24", " 192.168.7.7 ": "192.168.7.7/32", "fd00::/16": "fd00::/16", "fd00::7": "fd00::7/128", "10.0.0.0/8": "10.0.0.0/8",
		"10.1.2.3/24": "the network is 10.1.2.0/24", "10.0.0.0/7": "wider than /8", "0.0.0.0/0": "wider than /8", "::/0": "wider than /16",
		"127.0.0.1": "127.0.0.0/8", "::1": "::/127", "::": "::/127", "224.0.0.5": "224.0.0.0/4", "0.0.0.0": "0.0.0.0/8", "ff02::/32": "ff00::/8",
		"::ffff:10.0.0.0/104": "write it as IPv4", "fe80::1%eth0": "no network", "intranet": "no network", "": "no network", "10.1.2/24": "no network",
	} {
		n, err := voice.ParseNetwork(in)
		if err == nil && n.String() != want || err != nil && !strings.Contains(voice.Reason(err), want) {
			t.Errorf("%q: %v, %v", in, n, err)
		}
	}
}
