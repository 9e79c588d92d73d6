package hoiio_test

import (
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"

	"tandem/internal/dialect"
	"tandem/internal/dialect/dialecttest"
	"tandem/internal/flow"
	"tandem/internal/interp/interptest"
	"tandem/internal/notify"
	"tandem/internal/voice"
)

// TestScenarios runs sessions in virtual time. In an archive "NAME.app" is the
// document of a number's app, "NAME.dial" the parameters of ivr/start/dial, of which
// one is the session; "NAME.block" is a place at which a session waits and a method
// with its parameters, whose command "order NAME" gives. What the application was told
// of a scenario is in its golden file "SCENARIO.told".
func TestScenarios(t *testing.T) {
	for _, path := range dialecttest.Documents(t, "testdata/sessions") {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			a := dialecttest.Archive(t, path)
			f := newFixture(t)
			s := readSession(t, f, a)
			for _, file := range a.Files {
				name, ok := strings.CutSuffix(file.Name, ".scenario")
				if !ok {
					continue
				}
				t.Run(name, func(t *testing.T) {
					o := interptest.Run(t, s.program, s.host, func(c *interptest.Caller) {
						if err := c.Read(string(file.Data)); err != nil {
							t.Fatal(err)
						}
					})
					dialecttest.Compare(t, path, a, name+".told", s.told(t, f, o))
				})
			}
		})
	}
}

// session is what scenarios are run with.
type session struct {
	program *flow.Program
	host    *interptest.MemoryHost
	arrival map[string]string // data of the call's first event
}

// readSession makes the programs of an archive by the API.
func readSession(t *testing.T, f *fixture, a *txtar.Archive) session {
	t.Helper()
	s := session{host: &interptest.MemoryHost{Orders: map[string]flow.Command{}}}
	for _, file := range a.Files {
		switch kind, text := filepath.Ext(file.Name), strings.TrimSpace(string(file.Data)); kind {
		case ".app":
			p, _, err := f.dialect.Compile(t.Context(), voice.App{ID: "A", Document: []byte(text)}, nil)
			must(t, err)
			s.program, s.arrival = &p, map[string]string{"direction": string(voice.Inbound), "from": "+6598765432", "to": "+6531234567"}
		case ".dial":
			if got := f.status("ivr/start/dial", text); got != "success_ok" {
				t.Fatalf("%s: %s", file.Name, got)
			}
			order := f.orders[len(f.orders)-1]
			s.program, s.arrival = order.Program, maps.Clone(order.Data)
			maps.Copy(s.arrival, map[string]string{"direction": string(voice.Outbound), "from": order.First.ID, "order": order.Order})
		case ".block":
			place, query, _ := strings.Cut(text, " ")
			method, query, _ := strings.Cut(query, " ")
			f.session(strings.TrimPrefix(place, "-"), "")
			if got := f.status(method, "session=SLIVE&"+query); got != "success_ok" {
				t.Fatalf("%s: %s", file.Name, got)
			}
			s.host.Orders[strings.TrimSuffix(file.Name, kind)] = f.taken[len(f.taken)-1]
		}
	}
	if bad, is := flow.Validate(s.program).FirstError(); is {
		t.Fatal(bad)
	}
	return s
}

// signed is the part of a link that differs from run to run.
var signed = regexp.MustCompile(`exp%3D\d+%26sig%3D[-\w]+`)

// told gives what the application is told, by the same fold of events as that of real
// calls: when, where, what.
func (s session) told(t *testing.T, f *fixture, o *interptest.Outcome) string {
	t.Helper()
	pump := notify.NewPump(notify.PumpConfig{Notifiers: []dialect.Notifier{f.dialect}, Changes: func() uint64 { return 1 },
		Subscribed: func(context.Context) ([]voice.TenantID, error) { return []voice.TenantID{account}, nil }})
	events := o.Call.Events()
	start, end := events[0].At, events[len(events)-1].At
	events = append(events, voice.Event{Call: "sim", At: end, Kind: voice.EventCallEnded})
	cdr := &voice.CDR{Start: start, End: end, Cause: o.Result.Cause, Words: o.Result.Words}
	var b strings.Builder
	for _, e := range events {
		e.Tenant = account
		var record *voice.CDR
		switch e.Kind {
		case voice.EventCallArrived:
			e.Data = s.arrival
		case voice.EventCallAnswered:
			cdr.Answered = e.At
		case voice.EventCallEnded:
			record = cdr
		}
		render := pump.Follow(e, record)
		if render == nil {
			continue
		}
		ds, err := render(t.Context())
		must(t, err)
		for _, d := range ds {
			fmt.Fprintf(&b, "+%s %s %s\n", e.At.Sub(start).Round(time.Millisecond), d.URL, signed.ReplaceAllString(d.Body, "SIGNED"))
		}
	}
	return b.String()
}
