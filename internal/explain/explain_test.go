package explain_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"tandem/internal/explain"
	"tandem/internal/flow"
	"tandem/internal/interp/interptest"
	"tandem/internal/voice"
)

// update writes the golden explanations anew: go test ./internal/explain -update. Read
// the difference before you commit it.
var update = flag.Bool("update", false, "write the golden explanations anew")

// told is a call of the corpus.
type told struct {
	name string
	voice.CDR
	events []voice.Event
}

// simulated runs the scenarios of flows, those of package interp and our own, in
// virtual time.
func simulated(t *testing.T) []told {
	t.Helper()
	var all []told
	for _, dir := range []string{"testdata", "../interp/testdata"} {
		files, err := filepath.Glob(filepath.Join(dir, "*.txtar"))
		if err != nil || len(files) == 0 {
			t.Fatalf("no archives in %s: %v", dir, err)
		}
		for _, f := range files {
			data, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, scenarios(t, strings.TrimSuffix(filepath.Base(f), ".txtar"), data)...)
		}
	}
	return all
}

func scenarios(t *testing.T, base string, data []byte) []told {
	t.Helper()
	var programs []*flow.Program
	var host string
	var all []told
	files := txtar.Parse(data).Files
	for _, f := range files {
		switch {
		case f.Name == "host":
			host = string(f.Data)
		case strings.HasSuffix(f.Name, ".json"):
			p, ds := flow.Decode(f.Data)
			if bad, has := ds.FirstError(); has {
				t.Fatalf("%s: %s: %s", base, f.Name, bad)
			}
			programs = append(programs, &p)
		}
	}
	for _, f := range files {
		if name, is := strings.CutSuffix(f.Name, ".scenario"); is {
			all = append(all, fromSim(base+"/"+name, interptest.RunText(t, programs, host, string(f.Data))))
		}
	}
	return all
}

func fromSim(name string, o *interptest.Outcome) told {
	c := told{name: name, events: o.Call.Events()}
	c.Call, c.Direction, c.From, c.To = "sim", voice.Inbound, "+46700000001", "+46850000000"
	c.Start, c.End = c.events[0].At, c.events[len(c.events)-1].At
	c.Cause, c.Reason, c.Words = o.Result.Cause, o.Result.Reason, o.Result.Words
	for _, e := range c.events {
		if e.Kind == voice.EventCallAnswered {
			c.Answered = e.At
		}
	}
	return c
}

// shownIn names the test that ends a call for a reason which no call of the corpus
// has, because it takes more than two telephones and a while to come about. The test
// names the reason.
var shownIn = map[voice.EndReason]string{
	voice.EndRejected:       "interp/reason_test.go TestReasonsOfDials EndRejected",
	voice.EndFarNoAudio:     "interp/reason_test.go TestReasonsOfDials EndFarNoAudio",
	voice.EndTransferFailed: "switchboard/reason_test.go TestReasonsOfTransfers EndTransferFailed",
	voice.EndPartnerGone:    "switchboard/reason_test.go TestReasonsOfTransfers EndPartnerGone",
	voice.EndTakenOver:      "daemon/transferjoin_test.go TestTakeOver EndTakenOver",
	voice.EndNoConfirm:      "sipua/raw_test.go TestAnswerIsRepeatedUntilAckThenBye EndNoConfirm",
	voice.EndNoRefresh:      "sipua/session_test.go TestSessionTimers EndNoRefresh",
	voice.EndPeerForgot:     "sipua/session_test.go TestSessionTimers EndPeerForgot",
	voice.EndNotBegun:       "switchboard/pacing_test.go TestOrdersDoNotWaitForEver EndNotBegun",
	voice.EndOrderFailed:    "switchboard/pacing_test.go TestLimitsChangeMeanwhile EndOrderFailed",
	voice.EndWatcherMissed:  "switchboard/live_test.go TestSupervisorWhoDoesNotCome EndWatcherMissed",
	voice.EndWatchedTalkEnd: "switchboard/live_test.go TestSupervise EndWatchedTalkEnd",
	voice.EndForbidden:      "switchboard/reason_test.go TestForbidden EndForbidden",
	voice.EndAccountLimit:   "switchboard/arrive_test.go TestInboundLimitOfAnAccount EndAccountLimit",
	voice.EndSourceLimit:    "switchboard/source_test.go TestLimitsOfAnAddress EndSourceLimit",
	voice.EndNoService:      "switchboard/arrive_test.go TestStoreAwayIsNotAnUnknownNumber EndNoService",
	voice.EndCrashed:        "daemon/daemon_test.go TestRestartClosesCallsLeftOpen EndCrashed",
	voice.EndFault:          "switchboard/originate_test.go TestCallBackEndsWithTheServer EndFault",
}

// shown reports whether the test that is to show a reason is there and names it.
func shown(t *testing.T, r voice.EndReason) bool {
	t.Helper()
	f := strings.Fields(shownIn[r])
	if len(f) != 3 {
		return false
	}
	data, err := os.ReadFile(filepath.Join("..", f[0]))
	if err != nil {
		t.Error(err)
		return false
	}
	_, body, found := strings.Cut(string(data), "\nfunc "+f[1]+"(")
	body, _, _ = strings.Cut(body, "\nfunc ")
	return found && strings.Contains(body, "voice."+f[2])
}

// real reads the calls that real telephones made in other tests, kept as they were
// by test/e2e and package engine with TANDEM_KEEP_CALLS.
func real(t *testing.T) []told {
	t.Helper()
	files, err := filepath.Glob("testdata/calls/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no calls in testdata/calls: %v", err)
	}
	var all []told
	for _, f := range files {
		data, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		var kept struct {
			Call   voice.CDR
			Events []voice.Event
		}
		if err := json.Unmarshal(data, &kept); err != nil {
			t.Fatalf("%s: %v", f, err)
		}
		all = append(all, told{"call/" + strings.TrimSuffix(filepath.Base(f), ".json"), kept.Call, kept.Events})
	}
	return all
}

// Every call of the corpus has the explanation that was read and found good.
func TestExplanations(t *testing.T) {
	var b strings.Builder
	kinds := map[string]bool{}
	for _, c := range append(simulated(t), real(t)...) {
		a := explain.Of(c.CDR, c.events)
		fmt.Fprintf(&b, "%s [%s]\n\t%s\n", c.name, c.Reason, a.Headline)
		for _, s := range a.More {
			fmt.Fprintf(&b, "\t\t%s\n", s)
		}
		kinds[a.Headline] = true
		if again := explain.Of(c.CDR, c.events); !cmp.Equal(a, again) {
			t.Errorf("%s is told in two ways", c.name)
		}
	}
	if len(kinds) < 60 {
		t.Errorf("only %d different headlines", len(kinds))
	}
	const golden = "testdata/calls.golden"
	if *update {
		if err := os.WriteFile(golden, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), b.String()); d != "" {
		t.Errorf("the explanations differ (-golden +now); -update writes them anew:\n%s", d)
	}
}

// Every reason of the list ends a call of the corpus, or of a test that says so, and
// has words of its own.
func TestEveryReasonIsReachedAndHasWords(t *testing.T) {
	reached := map[voice.EndReason]bool{}
	for _, c := range append(simulated(t), real(t)...) {
		if c.End.IsZero() {
			continue
		}
		if !slices.Contains(voice.EndReasons(), c.Reason) {
			t.Errorf("%s ended for %q, which is not of the list", c.name, c.Reason)
		}
		reached[c.Reason] = true
	}
	words := map[string]voice.EndReason{}
	for _, r := range voice.EndReasons() {
		if !reached[r] && !shown(t, r) {
			t.Errorf("no call ends for %q", r)
		}
		now := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
		a := explain.Of(voice.CDR{Direction: voice.Inbound, Start: now, Answered: now, End: now.Add(time.Minute), Reason: r, Cause: voice.CauseNormal}, nil)
		if a.Headline == "" || strings.Contains(a.Headline, "unknown") {
			t.Errorf("%s has no words: %q", r, a.Headline)
		}
		if other, is := words[a.Headline]; is {
			t.Errorf("%s and %s have the same words: %q", r, other, a.Headline)
		}
		words[a.Headline] = r
	}
}

// Records from before reasons were kept are told too.
func TestOldRecords(t *testing.T) {
	now := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	for _, cause := range []voice.Cause{voice.CauseNormal, voice.CauseBusy, voice.CauseNoAnswer, voice.CauseRejected, voice.CauseNotFound,
		voice.CauseUnavailable, voice.CauseCancelled, voice.CausePolicy, voice.CauseMedia, voice.CauseMaxDuration,
		voice.CauseShutdown, voice.CauseServerFailed, voice.CauseFailed} {
		a := explain.Of(voice.CDR{Start: now, End: now.Add(time.Second), Cause: cause}, nil)
		if len(a.Headline) < 10 || strings.Contains(a.Headline, "unknown") {
			t.Errorf("%s: %q", cause, a.Headline)
		}
	}
	if got := explain.Of(voice.CDR{Start: now}, nil).Headline; got != "Caller is in the call, which is up." {
		t.Errorf("a call that is up: %q", got)
	}
}

// What was keyed as more than a choice is not repeated, and what peers wrote is
// bounded and of one line.
func TestNothingSecretAndNothingEndless(t *testing.T) {
	for _, c := range append(simulated(t), real(t)...) {
		a := explain.Of(c.CDR, c.events).String()
		for _, e := range c.events {
			if d := e.Data["digits"]; e.Kind == voice.EventGatherEnded && len(d) > 4 && strings.Contains(a, d) {
				t.Errorf("%s tells the digits %s: %s", c.name, d, a)
			}
		}
	}
	now := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	long := strings.Repeat("x\r\n", 10_000)
	var events []voice.Event
	for range 1000 {
		events = append(events, voice.Event{Kind: voice.EventFlowError, At: now, Text: long + fmt.Sprint(len(events))},
			voice.Event{Kind: voice.EventStep, At: now, Text: long, Data: map[string]string{"step": "listen", "node": "a", "exit": long}},
			voice.Event{Kind: voice.EventDialStarted, At: now, Data: map[string]string{"to": long}},
			voice.Event{Kind: voice.EventStep, At: now, Data: map[string]string{"step": "dial", "node": "b", "exit": "busy"}})
	}
	a := explain.Of(voice.CDR{Start: now, End: now, From: long, To: long, Words: long, Reason: voice.EndFlowHungUp}, events).String()
	if len(a) > 8000 || strings.ContainsAny(a, "\r\n") {
		t.Errorf("the explanation has %d bytes: %.300s", len(a), a)
	}
}
