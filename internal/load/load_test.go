package load_test

import (
	"context"
	"crypto/tls"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"tandem/internal/certs/certtest"
	"tandem/internal/load"
	"tandem/internal/media"
	"tandem/internal/phone"
	"tandem/internal/suite"
	"tandem/internal/voice"
)

type tone struct{}

func (tone) Clip(context.Context, voice.TenantID, voice.Prompt) (*media.Clip, error) {
	return media.NewClip(media.PCM{Rate: phone.Rate, Samples: phone.KeyTone('5', time.Second)}), nil
}

func caller(t *testing.T) load.Caller {
	t.Helper()
	s := suite.Script{Test: "tone", Ends: time.Second, Acts: []suite.Act{{Text: "hears tone", For: time.Second, Prompts: []voice.Prompt{{}}}}}
	c, err := load.Ready(t.Context(), s, tone{}, "")
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// full answers every INVITE by 503 and gives its address.
func full(t *testing.T) string {
	t.Helper()
	conn, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		buf := make([]byte, 9000)
		for {
			n, from, err := conn.ReadFrom(buf)
			if err != nil {
				return
			}
			if answer := refusal(string(buf[:n])); answer != "" {
				_, _ = conn.WriteTo([]byte(answer), from) // a lost answer is asked for again
			}
		}
	}()
	t.Cleanup(func() { conn.Close(); <-done })
	return conn.LocalAddr().String()
}

// refusal is the 503 to an INVITE; "" = to nothing else.
func refusal(request string) string {
	head := strings.Split(request, "\r\n")
	if !strings.HasPrefix(head[0], "INVITE ") {
		return ""
	}
	answer := "SIP/2.0 503 Service Unavailable\r\nRetry-After: 7\r\nContent-Length: 0\r\n"
	for _, line := range head[1:] {
		switch name, _, _ := strings.Cut(line, ":"); name {
		case "Via", "From", "Call-ID", "CSeq":
			answer += line + "\r\n"
		case "To":
			answer += line + ";tag=full\r\n"
		}
	}
	return answer + "\r\n"
}

// Over TLS the server has to prove its name to authorities that are trusted.
func TestTLS(t *testing.T) {
	ca := certtest.New(t, "an authority")
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{ca.Issue(nil, "127.0.0.1").TLS}})
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			wg.Go(func() {
				defer c.Close()
				buf := make([]byte, 9000) // one message comes in one record
				for {
					n, err := c.Read(buf)
					if err != nil {
						return
					}
					if answer := refusal(string(buf[:n])); answer != "" {
						_, _ = c.Write([]byte(answer)) // the caller hears nothing if it has gone
					}
				}
			})
		}
	})
	t.Cleanup(func() { l.Close(); wg.Wait() })
	for _, trusted := range []bool{true, false} {
		ctx, stop := context.WithCancel(t.Context())
		o := load.Options{Target: "sip:1@" + l.Addr().String(), Calls: 1, Rate: 20, Phone: phone.Options{Transport: "tls", TLS: &tls.Config{ServerName: "127.0.0.1"}},
			Tell: func(p load.Progress) {
				if p.Again > 0 {
					stop()
				}
			}}
		if trusted {
			o.Phone.TLS.RootCAs = ca.Pool()
		}
		r, _ := load.Run(ctx, []load.Caller{caller(t)}, o)
		if r == nil || (r.Refused == 1) != trusted || !trusted && (len(r.Faults) == 0 || !strings.Contains(r.Faults[0].Text, "certificate")) {
			t.Errorf("trusted %v: %+v", trusted, r)
		}
		stop()
	}
}

// A server that is full is counted, left alone, and told of in words.
func TestFullServer(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	seen := 0
	o := load.Options{Target: "sip:1@" + full(t), Calls: 1, Rate: 20, Tell: func(p load.Progress) {
		if p.Again > 0 {
			if seen++; seen == 2 { // it has waited since
				stop()
			}
		}
	}}
	r, err := load.Run(ctx, []load.Caller{caller(t)}, o)
	if err != nil {
		t.Fatal(err)
	}
	if r.Refused != 1 {
		t.Errorf("refused %d times within two seconds, where the server asked for seven", r.Refused)
	}
	if len(r.Limits) == 0 || !strings.Contains(r.Limits[0], "503") {
		t.Errorf("limits are %q", r.Limits)
	}
}

func TestBounds(t *testing.T) {
	list := []load.Caller{caller(t)}
	for _, o := range []load.Options{{Calls: load.MaxCalls + 1, Rate: 1}, {Calls: 1, Rate: load.MaxRate + 1}, {Calls: 0, Rate: 1}, {Calls: 1}} {
		if _, err := load.Run(t.Context(), list, o); err == nil {
			t.Errorf("%d calls at %g a second are taken", o.Calls, o.Rate)
		}
	}
	if _, err := load.Ready(t.Context(), suite.Script{Test: "long", Ends: load.MaxLength + time.Second}, tone{}, ""); err == nil {
		t.Error("a call that lasts too long is taken")
	}
}

// answering is a telephone that answers every call and plays the tone; ended gets how
// each call was ended.
func answering(t *testing.T) (address string, ended <-chan phone.Ending) {
	t.Helper()
	p, err := phone.New(phone.Options{})
	if err != nil {
		t.Fatal(err)
	}
	endings, stop, done := make(chan phone.Ending, 100), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		var wg sync.WaitGroup
		defer wg.Wait()
		for {
			select {
			case c := <-p.Incoming():
				wg.Go(func() {
					if c.Answer(t.Context()) == nil {
						_ = c.Play(t.Context(), append(phone.KeyTone('5', time.Second), make([]int16, phone.Rate*60)...)) // until the caller has gone
					}
					<-c.Done()
					e, _ := c.Ending()
					endings <- e
				})
			case <-stop:
				return
			}
		}
	}()
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
		close(stop)
		<-done
	})
	return p.Addr().String(), endings
}

// Whoever ends a run ends its calls by BYE, and has what came of it until then.
func TestInterrupted(t *testing.T) {
	address, ended := answering(t)
	long := caller(t)
	long.Script.Ends = time.Minute
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	r, err := load.Run(ctx, []load.Caller{long}, load.Options{Target: "sip:1@" + address, Calls: 3, Rate: 20, Tell: func(p load.Progress) {
		if p.Up == 3 {
			stop()
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	if r.Calls != 3 || r.Cut != 3 || r.Most != 3 || r.Packets == 0 {
		t.Errorf("%+v", r)
	}
	for range 3 {
		if e := <-ended; e.ByUs || e.Method != "BYE" {
			t.Errorf("ended: %+v", e)
		}
	}
}

// A caller calls as often as it is to, or until its time is over.
func TestAgain(t *testing.T) {
	address, ended := answering(t)
	r, err := load.Run(t.Context(), []load.Caller{caller(t)}, load.Options{Target: "sip:1@" + address, Calls: 2, Rate: 50, Repeat: 2})
	if err != nil || r.Calls != 4 || r.Most > 2 || r.SetUp.At(100) == 0 {
		t.Errorf("%+v, %v", r, err)
	}
	for range r.Calls {
		<-ended
	}
	r, err = load.Run(t.Context(), []load.Caller{caller(t)}, load.Options{Target: "sip:1@" + address, Calls: 1, Rate: 50, For: 4 * time.Second})
	if err != nil || r.Calls < 2 {
		t.Errorf("%+v, %v", r, err)
	}
	for range r.Calls {
		<-ended
	}
}

// A call that is judged bad while the caller was late itself is no failure of the server,
// and what limited a run is said of whom it was.
func TestWhoseFault(t *testing.T) {
	const ms = time.Millisecond
	for name, tt := range map[string]struct {
		calls                  map[time.Duration]load.FaultKind
		gap                    time.Duration
		here                   bool
		passed, failed, unsure int
		limits                 []string
	}{
		"all in time":     {map[time.Duration]load.FaultKind{1 * ms: "", 2 * ms: ""}, 22 * ms, true, 2, 0, 0, nil},
		"the server late": {map[time.Duration]load.FaultKind{1 * ms: load.FaultBroken, 2 * ms: ""}, 90 * ms, false, 1, 1, 0, []string{"the server's sound"}},
		"the caller late": {map[time.Duration]load.FaultKind{150 * ms: load.FaultBroken, 170 * ms: ""}, 30 * ms, false, 1, 0, 1, []string{"the callers were late themselves"}},
		"both, on one machine": {map[time.Duration]load.FaultKind{150 * ms: load.FaultBroken, 2 * ms: load.FaultSound}, 90 * ms, true, 0, 1, 1,
			[]string{"the callers were late themselves", "the server's sound", "share this machine"}},
		"another sound":      {map[time.Duration]load.FaultKind{150 * ms: load.FaultSound, 160 * ms: load.FaultEnd}, 22 * ms, false, 0, 2, 0, []string{"the callers were late themselves"}},
		"very late":          {map[time.Duration]load.FaultKind{1500 * ms: load.FaultSound, 1600 * ms: load.FaultEnd}, 22 * ms, false, 0, 0, 2, []string{"the callers were late themselves"}},
		"refused while late": {map[time.Duration]load.FaultKind{150 * ms: load.FaultRefused}, 22 * ms, false, 0, 1, 0, []string{"the callers were late themselves"}},
	} {
		r := load.Judged(tt.here, tt.gap, tt.calls)
		if r.Passed != tt.passed || r.Failed != tt.failed || r.Unsure != tt.unsure || r.Calls != len(tt.calls) {
			t.Errorf("%s: %d passed, %d failed, %d unsure", name, r.Passed, r.Failed, r.Unsure)
		}
		if len(r.Faults) != r.Failed {
			t.Errorf("%s: faults %v", name, r.Faults)
		}
		for i, want := range tt.limits {
			if i >= len(r.Limits) || !strings.Contains(r.Limits[i], want) {
				t.Errorf("%s: limits %q, not of %q", name, r.Limits, want)
			}
		}
		if len(r.Limits) != len(tt.limits) {
			t.Errorf("%s: limits %q", name, r.Limits)
		}
	}
}
