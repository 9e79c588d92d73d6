package interptest

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"

	"tandem/internal/flow"
	"tandem/internal/voice"
)

// CoverAll in the comment of an archive demands that its scenarios together
// enter every node and take every wired exit of its programs.
const CoverAll = "coverage: all"

// RunDir runs every archive of a folder, each as a subtest; see RunFile.
func RunDir(t *testing.T, dir string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.txtar"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no archives in %s: %v", dir, err)
	}
	for _, f := range files {
		t.Run(strings.TrimSuffix(filepath.Base(f), ".txtar"), func(t *testing.T) { RunFile(t, f) })
	}
}

// RunFile runs the scenarios of a txtar archive: files *.json are programs (the
// first is the one called), the file host is what the host is like (see
// MemoryHost.Read), and each *.scenario is one subtest, in Caller.Read's language.
func RunFile(t *testing.T, path string) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	a := txtar.Parse(data)
	var programs []*flow.Program
	hostText := ""
	for _, f := range a.Files {
		switch {
		case f.Name == "host":
			hostText = string(f.Data)
		case strings.HasSuffix(f.Name, ".json"):
			programs = append(programs, program(t, f))
		}
	}
	if len(programs) == 0 {
		t.Fatalf("%s holds no program", path)
	}
	var c Coverage
	for _, f := range a.Files {
		name, ok := strings.CutSuffix(f.Name, ".scenario")
		if !ok {
			continue
		}
		t.Run(name, func(t *testing.T) {
			c.Add(RunText(t, programs, hostText, string(f.Data)).Trace)
		})
	}
	if !strings.Contains(string(a.Comment), CoverAll) {
		return
	}
	for _, p := range programs {
		for _, m := range c.Missing(p) {
			t.Error(m)
		}
	}
}

// RunText runs one scenario in text against programs, of which the first is
// called, and a host in text.
func RunText(t testing.TB, programs []*flow.Program, host, scenario string) *Outcome {
	t.Helper()
	h := &MemoryHost{Programs: map[voice.AppID]*flow.Program{}}
	for _, p := range programs {
		h.Programs[p.App] = p
	}
	c := &Caller{}
	if err := errors.Join(c.Read(scenario), h.Read(host), h.Read(strings.Join(c.host, "\n"))); err != nil {
		t.Fatal(err)
	}
	return c.run(t, programs[0], h)
}

func program(t *testing.T, f txtar.File) *flow.Program {
	t.Helper()
	p, ds := flow.Decode(f.Data)
	for _, d := range slices.Concat(ds, flow.Validate(&p)) {
		t.Errorf("%s: %s", f.Name, d)
	}
	if t.Failed() {
		t.FailNow()
	}
	return &p
}

// Read takes down what the host is like, one sentence a line:
//
//	extensions 101 102
//	route user 55: extension 101, extension 102 for 10s | app B | disconnect
//	missing user 9
//	extensions fail / deliver fails / save fails
//	web https://a.example/: 200 {"a": 1}
//	web https://a.example/: app B
//	outside waits (for "outside answers" of the scenario)
//	queue sales: 2 ahead
//	timezone Europe/Stockholm
//	shows +46850000000
//	last extension 101 (who answered last)
//	sms / recogniser / keep / queues / account fails
func (h *MemoryHost) Read(text string) error {
	for i, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		if err := h.sentence(line); err != nil {
			return fmt.Errorf("host line %d: %s: %w", i+1, line, err)
		}
	}
	return nil
}

func (h *MemoryHost) sentence(line string) error {
	if ok, err := h.outsideSentence(line); ok {
		return err
	}
	verb, rest, _ := strings.Cut(line, " ")
	refused := voice.Errorf("flowtest", voice.Unavailable, "the store does not answer")
	switch {
	case line == "extensions fail":
		h.KeysErr = refused
	case line == "deliver fails":
		h.DeliverErr = refused
	case line == "save fails":
		h.SaveErr = refused
	case verb == "extensions":
		for _, e := range strings.Fields(rest) {
			h.Keys = append(h.Keys, voice.Digits(e))
		}
	case verb == "missing":
		if h.Missing == nil {
			h.Missing = map[string]bool{}
		}
		h.Missing[rest] = true
	case verb == "route":
		return h.routeLine(rest)
	default:
		return fmt.Errorf("no sentence begins with %q", verb)
	}
	return nil
}

func (h *MemoryHost) routeLine(s string) error {
	to, attempts, ok := strings.Cut(s, ": ")
	if !ok {
		return fmt.Errorf("a route is written \"route user 55: extension 101\"")
	}
	var r voice.Route
	for part := range strings.SplitSeq(attempts, " | ") {
		a := voice.Attempt{Text: part}
		targets, ring, _ := strings.Cut(part, " for ")
		if ring != "" {
			var err error
			if a.RingTime, err = time.ParseDuration(ring); err != nil {
				return err
			}
		}
		if app, ok := strings.CutPrefix(part, "app "); ok {
			a.App = voice.AppID(app)
		} else if part == "disconnect" {
			a.Disconnect = true
		} else if part != "nobody" {
			for target := range strings.SplitSeq(targets, ", ") {
				kind, id, _ := strings.Cut(target, " ")
				a.Targets = append(a.Targets, voice.Target{Kind: voice.DestinationKind(kind), ID: id})
			}
		}
		r.Attempts = append(r.Attempts, a)
	}
	if h.Routes == nil {
		h.Routes = map[string]voice.Route{}
	}
	h.Routes[to] = r
	return nil
}
