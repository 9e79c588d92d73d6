package e2e_test

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"tandem/internal/explain"
	"tandem/internal/replay"
	"tandem/internal/store/sqlstore"
	"tandem/internal/voice"
)

// judged bounds the calls of one server that are looked at; the soak makes thousands.
const judged = 200

// judgeCalls looks at what a server that has stopped has kept of its calls: each
// has an end, a reason of the list and an explanation. With TANDEM_KEEP_CALLS
// set, calls and timelines are written into that folder, as package explain's tests
// read them.
func (s *server) judgeCalls() {
	path := filepath.Join(s.data, "tandem.db")
	if _, err := os.Stat(path); err != nil {
		return // another database, or none was made
	}
	ctx := context.Background() // the test's own has ended by now
	st, err := sqlstore.Open(ctx, sqlstore.Options{SQLitePath: path})
	if err != nil {
		s.t.Errorf("the store of the calls: %v", err)
		return
	}
	defer st.Close() // it was only read
	list, err := st.CDRs(ctx, voice.CDRFilter{Oldest: true, Limit: judged})
	if err != nil {
		s.t.Error(err)
	}
	for _, c := range list {
		events, err := st.Events(ctx, c.Call)
		if err != nil {
			s.t.Error(err)
			continue
		}
		if !c.End.IsZero() && !slices.Contains(voice.EndReasons(), c.Reason) {
			s.t.Errorf("call %s ended for %q, which is no reason: %s", c.Call, c.Reason, c.Words)
		}
		a := explain.Of(c, events)
		if a.Headline == "" || strings.Contains(a.String(), "unknown.") || strings.Contains(a.String(), "%!") {
			s.t.Errorf("call %s is told as %q", c.Call, a)
		}
		keepCall(s.t, c, events)
	}
	s.replayCalls(ctx, st)
}

// replayCalls has each call go its way again: on the flow that it ran, with what that
// was told, it takes the same steps and ends for the same reason.
func (s *server) replayCalls(ctx context.Context, st *sqlstore.Store) {
	tapes, err := st.Tapes(ctx, "", time.Time{}, voice.CDRPlace{}, judged)
	if err != nil {
		s.t.Error(err)
	}
	for _, t := range tapes {
		tape, err := replay.Decode(t.Data)
		if err != nil {
			s.t.Errorf("the tape of call %s: %v", t.Call, err)
			continue
		}
		if o := replay.Replay(ctx, tape, nil); !o.Same {
			s.t.Errorf("replayed: %s; left %q", o, o.Left)
			if dir := os.Getenv("TANDEM_KEEP_CALLS"); dir != "" {
				_ = os.WriteFile(filepath.Join(dir, "tape."+string(t.Call)), t.Data, 0o600)
			}
		}
	}
	if len(tapes) > 0 {
		s.t.Logf("%d calls replayed", len(tapes))
	}
}

// keepCall writes a call for other tests.
func keepCall(t *testing.T, c voice.CDR, events []voice.Event) {
	dir := os.Getenv("TANDEM_KEEP_CALLS")
	if dir == "" {
		return
	}
	data, err := json.MarshalIndent(map[string]any{"call": c, "events": events}, "", " ")
	if err == nil {
		name := strings.ReplaceAll(t.Name(), "/", ".") + "." + string(c.Call) + ".json"
		err = os.WriteFile(filepath.Join(dir, name), data, 0o600)
	}
	if err != nil {
		t.Error(err)
	}
}
