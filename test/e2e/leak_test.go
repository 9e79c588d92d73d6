package e2e_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"tandem/internal/phone"
)

// held is what a process holds: its open files by kind, and its threads.
type held struct {
	files, sockets, udp, threads int
}

func (h held) String() string {
	return fmt.Sprintf("%d files, %d sockets (%d of UDP), %d threads", h.files, h.sockets, h.udp, h.threads)
}

// proc is what the kernel tells of the server's process.
func (s *server) proc() string { return "/proc/" + strconv.Itoa(s.cmd.Process.Pid) }

// sockets gives the inodes of the process's sockets, and how many files it has open
// beside them.
func (s *server) sockets(t *testing.T) (own map[string]bool, files int) {
	t.Helper()
	list, err := os.ReadDir(s.proc() + "/fd")
	if err != nil {
		t.Skipf("the files of a process are not to be read here: %v", err)
	}
	own = map[string]bool{}
	for _, e := range list {
		to, err := os.Readlink(filepath.Join(s.proc(), "fd", e.Name()))
		if err != nil {
			continue
		}
		if inode, ok := strings.CutPrefix(to, "socket:["); ok {
			own[strings.TrimSuffix(inode, "]")] = true
			continue
		}
		files++
	}
	return own, files
}

// holds counts what the server's process holds, by what the kernel says.
func (s *server) holds(t *testing.T) (h held) {
	t.Helper()
	own, files := s.sockets(t)
	h.files, h.sockets = files, len(own)
	for _, table := range []string{"udp", "udp6"} {
		raw, _ := os.ReadFile(s.proc() + "/net/" + table)
		for line := range strings.Lines(string(raw)) {
			if f := strings.Fields(line); len(f) > 9 && own[f[9]] {
				h.udp++
			}
		}
	}
	status, _ := os.ReadFile(s.proc() + "/status")
	for line := range strings.Lines(string(status)) {
		if n, ok := strings.CutPrefix(line, "Threads:"); ok {
			h.threads, _ = strconv.Atoi(strings.TrimSpace(n))
		}
	}
	return h
}

// mixedCall is a call that is left in one of its states.
type mixedCall struct {
	name  string
	place func(t *testing.T, m *mixed) error
}

// mixed is the office that mixed calls go to.
type mixed struct {
	*office
	menu, box, plain, quiet string // numbers
	silent                  *phone.Phone
}

func (m *mixed) invite(t *testing.T, number string, o phone.Options) (*phone.Call, error) {
	return newPhone(t, o).Invite("sip:"+number+"@"+m.sip, phone.CallOptions{})
}

// answered invites and waits for the answer.
func (m *mixed) answered(t *testing.T, number string, o phone.Options) (*phone.Call, error) {
	ctx, cancel := context.WithTimeout(t.Context(), 15*time.Second)
	defer cancel()
	return newPhone(t, o).Dial(ctx, "sip:"+number+"@"+m.sip, phone.CallOptions{})
}

func waitFor(t *testing.T, d time.Duration) {
	select {
	case <-t.Context().Done():
	case <-time.After(d):
	}
}

func mixedCalls() []mixedCall {
	tcp := phone.Options{Transport: "tcp"}
	return []mixedCall{
		{"hung up in the first prompt", func(t *testing.T, m *mixed) error {
			c, err := m.answered(t, m.menu, phone.Options{})
			if err == nil {
				waitFor(t, 200*time.Millisecond)
				hangUp(c)
			}
			return err
		}},
		{"hung up at once, over TCP", func(t *testing.T, m *mixed) error {
			c, err := m.answered(t, m.menu, tcp)
			if err == nil {
				hangUp(c)
			}
			return err
		}},
		{"given up before the answer", func(t *testing.T, m *mixed) error {
			c, err := m.invite(t, m.quiet, phone.Options{})
			if err == nil {
				waitFor(t, 300*time.Millisecond)
				hangUp(c)
			}
			return err
		}},
		{"left while the user's phone rings", func(t *testing.T, m *mixed) error {
			c, err := m.answered(t, m.menu, phone.Options{})
			if err == nil {
				err = c.Press(t.Context(), "1", phone.PressOptions{})
				waitFor(t, 500*time.Millisecond)
				hangUp(c)
			}
			return err
		}},
		{"hung up during the message", func(t *testing.T, m *mixed) error {
			c, err := m.answered(t, m.box, tcp)
			if err == nil {
				err = c.Play(t.Context(), tone(600, 2*time.Second))
				hangUp(c)
			}
			return err
		}},
		{"a number that nobody has", func(t *testing.T, m *mixed) error {
			c, err := m.invite(t, "+46850000999", phone.Options{})
			if err == nil {
				ends(t, c, 10*time.Second)
			}
			return err
		}},
		{"played to its end", func(t *testing.T, m *mixed) error {
			c, err := m.answered(t, m.plain, phone.Options{})
			if err == nil {
				ends(t, c, 15*time.Second)
			}
			return err
		}},
		{"a wrong key", func(t *testing.T, m *mixed) error {
			c, err := m.answered(t, m.menu, phone.Options{})
			if err == nil {
				err = c.Press(t.Context(), "9", phone.PressOptions{})
				waitFor(t, 300*time.Millisecond)
				hangUp(c)
			}
			return err
		}},
		{"its far end is busy", func(t *testing.T, m *mixed) error {
			c, err := m.answered(t, m.menu, tcp)
			if err == nil {
				err = c.Press(t.Context(), "2", phone.PressOptions{})
				waitFor(t, 2*time.Second)
				hangUp(c)
			}
			return err
		}},
		{"on hold at its end", func(t *testing.T, m *mixed) error {
			c, err := m.answered(t, m.menu, phone.Options{})
			if err == nil {
				err = c.Hold(t.Context())
				hangUp(c)
			}
			return err
		}},
	}
}

func TestNothingIsLeft(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	box := o.app(map[string]any{"app_type": "mailbox", "name": "Box", "greeting_prompt": "no"})
	busy := newPhone(t, phone.Options{Bind: "127.0.0.2:0"})
	m := &mixed{office: o, menu: "+46850000401", box: "+46850000402", plain: "+46850000403", quiet: "+46850000404",
		silent: newPhone(t, phone.Options{Bind: "127.0.0.2:0"})}
	o.account.number(m.menu, o.app(map[string]any{"app_type": "ivr", "name": "Menu", "play_welcome": "no", "play_menu": "yes", "menu": map[string]any{
		"digit_1": map[string]any{"action": "call", "to": "other", "id": "sip:silent@" + m.silent.Addr().String()},
		"digit_2": map[string]any{"action": "call", "to": "other", "id": "sip:busy@" + busy.Addr().String()},
	}}))
	o.account.number(m.box, box)
	o.account.number(m.plain, o.announcement("Plain", nil))
	o.cli("number", "add", m.quiet, "--account", o.id, "--sip", "silent@"+m.silent.Addr().String())
	go answerAll(t.Context(), m.silent, func(c *phone.Call) { c.Ring(false) })
	go answerAll(t.Context(), busy, func(c *phone.Call) { c.Reject(486) })

	round := func(t *testing.T, times int) (calls int) {
		var wg sync.WaitGroup
		for range times {
			for _, k := range mixedCalls() {
				calls++
				wg.Go(func() {
					if err := k.place(t, m); err != nil {
						t.Errorf("%s: %v", k.name, err)
					}
				})
				waitFor(t, 30*time.Millisecond)
			}
		}
		wg.Wait()
		return calls
	}
	var placed int
	// The first calls open what stays open: the database's connections, speech.
	t.Run("first calls", func(t *testing.T) { placed = round(t, 1) })
	var before held
	if !eventually(40*time.Second, func() bool { h := o.holds(t); same := h == before; before = h; return same && o.open(t) == 0 }) {
		t.Logf("the figures are not at rest: %v", before)
	}
	t.Run("fifty calls", func(t *testing.T) { placed += round(t, 5) })
	var after held
	if !eventually(40*time.Second, func() bool {
		after = o.holds(t)
		return o.open(t) == 0 && after.files <= before.files && after.sockets <= before.sockets && after.udp <= before.udp
	}) {
		t.Errorf("the server holds %v, before the calls %v", after, before)
	}
	if after.threads > before.threads+4 {
		t.Errorf("the server has %d threads, before the calls %d", after.threads, before.threads)
	}
	t.Logf("before %v; after %d calls %v", before, placed, after)
	list := o.calls(t)
	if len(list) != placed {
		t.Errorf("%d calls have left %d records", placed, len(list))
	}
	seen := map[string]bool{}
	for _, c := range list {
		if c.End.IsZero() || c.Words == "" || c.Cause == "" {
			t.Errorf("the record of a call has no end: %+v", c)
		}
		if kind := c.To + c.Words; !seen[kind] {
			seen[kind] = true
			lastLine(t, o, c)
		}
	}
	t.Logf("the calls ended in %d ways", len(seen))
}

// lastLine checks that what an operator sees of a call ends with its reason in words.
func lastLine(t *testing.T, o *office, c callLine) {
	t.Helper()
	out := strings.TrimSpace(o.cli("calls", "show", c.ID))
	last := out[strings.LastIndexByte(out, '\n')+1:]
	if !strings.HasPrefix(last, "Ended after ") || !strings.Contains(last, c.Words) {
		t.Errorf("the last line of a call is %q:\n%s", last, out)
	}
}

// open counts the calls without an end.
func (s *server) open(t *testing.T) (n int) {
	for _, c := range s.calls(t) {
		if c.End.IsZero() {
			n++
		}
	}
	return n
}

// answerAll does something with every call to a phone.
func answerAll(ctx context.Context, p *phone.Phone, do func(*phone.Call)) {
	for {
		select {
		case c := <-p.Incoming():
			do(c)
		case <-ctx.Done():
			return
		}
	}
}
