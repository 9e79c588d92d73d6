package e2e_test

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tandem/internal/phone"
)

// soak gives how much of something there is: in an ordinary run, and in a soak,
// which TANDEM_SOAK=1 makes of it. TANDEM_SOAK_CALLS gives another number of calls.
func soak(short, long int) int {
	if n, err := strconv.Atoi(os.Getenv("TANDEM_SOAK_CALLS")); err == nil {
		return n
	}
	if os.Getenv("TANDEM_SOAK") != "" {
		return long
	}
	return short
}

// atRest is what a server holds between two batches of calls.
type atRest struct {
	held
	goroutines int
	rss        int // KiB, after a collection of garbage
	temporary  int // files in the folders for temporary files
}

// rests waits until the server holds no call and gives what it holds then.
func (s *server) rests(t *testing.T) atRest {
	t.Helper()
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "unix", filepath.Join(s.data, "debug.sock"))
	}}}
	get := func(path string) string {
		res, err := client.Get("http://server" + path)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		b, _ := io.ReadAll(res.Body)
		return string(b)
	}
	get("/debug/pprof/heap?gc=1")
	r := atRest{held: s.holds(t)}
	if _, err := fmt.Sscanf(get("/debug/pprof/goroutine?debug=1"), "goroutine profile: total %d", &r.goroutines); err != nil {
		t.Fatal(err)
	}
	status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.cmd.Process.Pid))
	for line := range strings.Lines(string(status)) {
		if n, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			r.rss, _ = strconv.Atoi(strings.Fields(n)[0])
		}
	}
	_ = filepath.WalkDir(s.data, func(path string, d os.DirEntry, err error) error {
		if name := strings.TrimPrefix(path, s.data); err == nil && !d.IsDir() && (strings.Contains(name, "tmp") || strings.HasSuffix(name, ".part")) {
			r.temporary++
		}
		return nil
	})
	return r
}

// soaked is an office with a number for each kind of call.
type soaked struct {
	*office
	menu, box, recorded, bridged, meeting string
}

func newSoaked(t *testing.T) *soaked {
	o := newOffice(t, "TANDEM_DEBUG_SOCKET=yes")
	o.cli("account", "limits", o.id, "--outbound-calls", "200", "--outbound-per-minute", "10000")
	far := newPhone(t, phone.Options{Bind: "127.0.0.3:0"})
	go answerAll(t.Context(), far, func(c *phone.Call) {
		go func() {
			if c.Answer(t.Context()) == nil {
				_ = c.Play(t.Context(), tone(1000, 3*time.Second))
			}
		}()
	})
	k := &soaked{office: o, menu: "+46850000501", box: "+46850000502", recorded: "+46850000503", bridged: "+46850000504", meeting: "+46850000505"}
	k.account.number(k.menu, k.app(map[string]any{"app_type": "ivr", "name": "Menu", "play_welcome": "yes", "play_menu": "yes", "menu": map[string]any{
		"digit_1": map[string]any{"action": "disconnect"}}}))
	k.account.number(k.box, k.app(map[string]any{"app_type": "mailbox", "name": "Box", "greeting_prompt": "no"}))
	k.account.number(k.recorded, k.flow("rec.yaml", "flow: 1\nname: Rec\nstart: rec\nsteps:\n  rec: {record: {purpose: voicemail, finish: \"#\", max_length: 10s}, recorded: bye, not_recorded: bye, failed: bye}\n  bye:\n    hang_up:\n"))
	k.account.number(k.meeting, k.flow("meet.yaml", "flow: 1\nname: Meet\nstart: meet\nsteps:\n  meet: {conference: {room: soak}}\n"))
	k.cli("number", "add", k.bridged, "--account", k.id, "--sip", "far@"+far.Addr().String())
	return k
}

// place makes one call of a kind by its share: half menus, a fifth voicemail, a
// tenth recordings, 15 of a hundred bridges, 5 rooms; one in ten is left at a
// random moment.
func (k *soaked) place(ctx context.Context, r *rand.Rand) error {
	n, left := r.IntN(100), r.IntN(10) == 0
	o := phone.Options{}
	if r.IntN(4) == 0 {
		o.Transport = "tcp"
	}
	p, err := phone.New(o)
	if err != nil {
		return err
	}
	defer p.Close()
	ctx, cancel := context.WithTimeout(ctx, 40*time.Second)
	defer cancel()
	number := k.meeting
	for _, c := range []struct {
		below  int
		number string
	}{{50, k.menu}, {70, k.box}, {80, k.recorded}, {95, k.bridged}} {
		if n < c.below {
			number = c.number
			break
		}
	}
	c, err := p.Invite("sip:"+number+"@"+k.sip, phone.CallOptions{})
	if err != nil {
		return err
	}
	defer hangUp(c)
	if left {
		k.pass(ctx, time.Duration(r.IntN(1500))*time.Millisecond)
		return nil
	}
	select {
	case <-c.Answered():
	case <-c.Done():
		return fmt.Errorf("%s was not answered: %s", number, c.EndReason())
	case <-ctx.Done():
		return fmt.Errorf("%s was not answered in time", number)
	}
	said := make(chan error, 1)
	go func() { said <- c.Play(ctx, tone(600, 1200*time.Millisecond)) }()
	k.pass(ctx, time.Second)
	if number == k.menu || number == k.recorded || number == k.meeting {
		_ = c.Press(ctx, map[bool]string{true: "#", false: "1"}[number == k.recorded], phone.PressOptions{})
	}
	<-said
	if number != k.menu && number != k.recorded {
		return nil // the caller hangs up
	}
	select {
	case <-c.Done():
		return nil
	case <-ctx.Done():
		return fmt.Errorf("%s did not end", number)
	}
}

func (k *soaked) pass(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// readAtOnce has many read the database at once, so that its pool is as large as it gets.
func (k *soaked) readAtOnce(t *testing.T) {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	var wg sync.WaitGroup
	for range 200 {
		wg.Go(func() {
			req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+k.http+"/sonetel/account/"+k.account.id+"/voiceapp", nil)
			if err != nil {
				t.Error(err)
				return
			}
			req.Header.Set("Authorization", "Bearer "+k.account.token)
			res, err := client.Do(req)
			if err != nil {
				t.Error(err)
				return
			}
			res.Body.Close()
		})
	}
	wg.Wait()
}

// D-01: mixed calls with sound both ways leave nothing: no memory that grows, no
// goroutine, no open file, no socket, and a record each. A soak makes 86,400.
func TestMixedCallsLeaveNothing(t *testing.T) {
	k := newSoaked(t)
	total, atOnce := soak(120, 86400), soakAtOnce()
	batch := max(total/8, 40)
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d, %d calls, %d at once", seed, total, atOnce)
	var failed atomic.Int64
	run := func(calls int, salt uint64) {
		begin := time.Now().Add(-time.Second)
		var wg sync.WaitGroup
		room := make(chan struct{}, atOnce)
		for i := range calls {
			room <- struct{}{}
			r := rand.New(rand.NewPCG(seed, salt<<32+uint64(i)))
			wg.Go(func() {
				defer func() { <-room }()
				if err := k.place(t.Context(), r); err != nil {
					if failed.Add(1) <= 10 {
						t.Errorf("call %d: %v", i, err)
					}
				}
			})
		}
		wg.Wait()
		var records int
		if !eventually(60*time.Second, func() bool {
			records = 0
			for _, c := range k.calls(t) {
				if c.Start.After(begin) && !c.End.IsZero() {
					records++
				}
			}
			return records == calls && k.open(t) == 0
		}) {
			t.Errorf("%d calls have %d records with an end, and %d calls are open", calls, records, k.open(t))
		}
	}
	run(40, 0) // opens what stays open
	k.readAtOnce(t)
	k.settled(t, atRest{})
	var base, last atRest
	var sizes []float64
	done := 0
	for salt := uint64(1); done < total; salt++ {
		n := min(batch, total-done, 4000)
		run(n, salt)
		done += n
		last = k.settled(t, base)
		if salt == 1 {
			base = last // pools are as large by now as so many calls at once make them
		}
		sizes = append(sizes, float64(last.rss))
		t.Logf("after %d calls: %v, %d goroutines, %d KiB, %d temporary files", done, last.held, last.goroutines, last.rss, last.temporary)
	}
	if last.goroutines > base.goroutines || last.files > base.files || last.udp > base.udp || last.sockets > base.sockets || last.temporary > base.temporary {
		t.Errorf("after %d calls the server holds %v, %d goroutines, %d temporary files; before them %v, %d, %d", done, last.held, last.goroutines, last.temporary, base.held, base.goroutines, base.temporary)
	}
	slope := growth(sizes) / 1024 / float64(batch) * 10000
	t.Logf("resident memory grows by %.2f MiB in 10,000 calls", slope)
	// Of a few thousand calls the slope is the noise of the allocator.
	if grown := sizes[len(sizes)-1] - sizes[0]; total >= 20000 && slope > 0.1 || grown > 32<<10 {
		t.Errorf("resident memory grew by %.0f KiB, at last by %.2f MiB in 10,000 calls", grown, slope)
	}
}

// growth is the slope, by least squares, of the later half of a series.
func growth(y []float64) float64 {
	y = y[len(y)/2:]
	n := float64(len(y))
	var sx, sy, sxx, sxy float64
	for i, v := range y {
		x := float64(i)
		sx, sy, sxx, sxy = sx+x, sy+v, sxx+x*x, sxy+x*v
	}
	if len(y) < 2 {
		return 0
	}
	return (n*sxy - sx*sy) / (n*sxx - sx*sx)
}

// soakAtOnce is how many calls are up: as many as a machine that does other things
// as well bears.
func soakAtOnce() int {
	if n, err := strconv.Atoi(os.Getenv("TANDEM_SOAK_AT_ONCE")); err == nil && n > 0 {
		return n
	}
	return 24
}

// settled waits until what the server holds is no more than base, or no longer
// falls.
func (k *soaked) settled(t *testing.T, base atRest) atRest {
	t.Helper()
	var r, before atRest
	eventually(40*time.Second, func() bool {
		before, r = r, k.rests(t)
		if base.goroutines > 0 {
			return r.goroutines <= base.goroutines && r.udp <= base.udp && r.sockets <= base.sockets && r.files <= base.files
		}
		return r.goroutines == before.goroutines && r.held == before.held && k.open(t) == 0
	})
	return r
}
