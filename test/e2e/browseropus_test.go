package e2e_test

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// libopus builds the program with libopus, once.
var libopus = sync.OnceValues(func() (string, error) {
	if path := os.Getenv("TANDEM_OPUS_BIN"); path != "" {
		return path, nil
	}
	path := filepath.Join(builds, "tandem-opus")
	build := exec.Command("go", "build", "-tags", "opus", "-o", path, "tandem/cmd/tandem")
	build.Env = append(os.Environ(), "CGO_ENABLED=1")
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("the program does not build with libopus: %w\n%s", err, out)
	}
	return path, nil
})

// TestBrowserSpeaksOpus has a browser that would rather speak Opus call a build with
// libopus, which speaks it too, and one without, which hears it and speaks PCMU: by what
// the browser counts. It hears the menu, its keys come once each, it is heard by a telephone
// of G.711 and by a mailbox, and hears that telephone.
func TestBrowserSpeaksOpus(t *testing.T) {
	for _, c := range []struct{ name, speaks, words string }{
		{"libopus", "in audio/opus, out audio/opus", "OPUS secured by DTLS-SRTP, keys by telephone-event"},
		{"Go", "in audio/PCMU, out audio/opus", "PCMU (OPUS is taken too) secured by DTLS-SRTP, keys by telephone-event"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			program := binary
			if c.name == "libopus" {
				var err error
				if program, err = libopus(); err != nil {
					t.Fatal(err)
				}
			}
			post := openPost(t, "127.0.0.1:0")
			host, port, _ := net.SplitHostPort(post.addr)
			o := newOffice(t, programIs+program, "TANDEM_SMTP_HOST="+host, "TANDEM_SMTP_PORT="+port, "TANDEM_SMTP_TLS=none", "TANDEM_SMTP_FROM=tandem@example.com")
			menu := sippMenu(o)
			o.account.number(o.number, menu)
			main, wait := o.sound(menu, "Main Menu"), o.sound(menu, "Please Wait")
			b := startBrowser(t, o.server, tone(700, 20*time.Second))
			b.register(o, "201")
			b.run(`(phone.codecs = ["opus", "pcmu", "telephone-event"]).length`)

			b.dial(o.number)
			b.is("up", 10*time.Second)
			at := b.hears("the menu", main, 0, 15*time.Second)
			if got := b.run("phone.speaks()"); got != c.speaks {
				t.Errorf("sound comes and goes %q, not %q", got, c.speaks)
			}
			b.run(`phone.press("0")`)
			in := rings(t, o.desk, 10*time.Second)
			if err := in.Answer(t.Context()); err != nil {
				t.Fatal(err)
			}
			b.hears("the next prompt", wait, at-time.Second, 10*time.Second)
			hearsTone(t, in, 700)
			if err := in.Play(t.Context(), slices.Concat(tone(900, 3*time.Second), tone(1100, 3*time.Second))); err != nil {
				t.Fatal(err)
			}
			b.hearsNotes(20*time.Second, 900, 1100)
			b.run("phone.bye()")
			ends(t, in, 5*time.Second)
			v := o.ended(t, o.number, 5*time.Second)
			if !strings.Contains(v.String(), c.words) || strings.Count(v.String(), "key 0 by rfc4733") != 1 {
				t.Errorf("the timeline does not say %q and one key:\n%s", c.words, v)
			}

			b.leavesAMessage(t, o, post)
		})
	}
}
