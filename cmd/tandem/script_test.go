package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"tandem/internal/admin"
	"tandem/internal/config"
	"tandem/internal/publish"
	"tandem/internal/store/sqlstore"
	"tandem/internal/voice"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"tandem": main})
}

// TestCommands runs the scripts in testdata/script: what a person or a machine
// types and sees.
func TestCommands(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		Setup: func(e *testscript.Env) error {
			e.Setenv("TANDEM_DATA", e.WorkDir+"/data")
			e.Setenv("TANDEM_PUBLIC", "ivr.example")
			examples, err := filepath.Abs("../../examples")
			if err != nil {
				return err
			}
			e.Setenv("EXAMPLES", examples)
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"field":  field,
			"target": target,
			"record": record,
			"kept":   kept,
			"await":  await,
			"ended":  ended,
			"sql":    statement,
		},
	})
}

// field reads the JSON that the last command printed and puts one value into an
// environment variable: field ID id, field NAME 0.name.
func field(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: field VARIABLE path.to.value")
	}
	var v any
	ts.Check(json.Unmarshal([]byte(ts.ReadFile("stdout")), &v))
	for key := range strings.SplitSeq(args[1], ".") {
		switch at := v.(type) {
		case map[string]any:
			v = at[key]
		case []any:
			i, err := strconv.Atoi(key)
			ts.Check(err)
			if i >= len(at) {
				ts.Fatalf("no %s: the list has %d", args[1], len(at))
			}
			v = at[i]
		}
	}
	if v == nil || v == "" {
		ts.Fatalf("the output has no %s", args[1])
	}
	ts.Setenv(args[0], fmt.Sprint(v))
}

// statement changes the database beside the program: sql STATEMENT.
func statement(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: sql STATEMENT")
	}
	db, err := sql.Open("sqlite", ts.Getenv("TANDEM_DATA")+"/tandem.db")
	ts.Check(err)
	_, err = db.ExecContext(context.Background(), args[0])
	ts.Check(errors.Join(err, db.Close()))
}

// kept looks into the history of an app: kept ACCOUNT APP REVISION TEXT.
func kept(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 4 {
		ts.Fatalf("usage: kept ACCOUNT APP REVISION TEXT")
	}
	cfg := config.Default()
	cfg.Data = ts.Getenv("TANDEM_DATA")
	st, err := openStore(context.Background(), cfg)
	ts.Check(err)
	defer st.Close()
	n, err := strconv.ParseInt(args[2], 10, 64)
	ts.Check(err)
	r, has, err := publish.New(publish.Config{Resources: st}).Revision(context.Background(), voice.App{Tenant: voice.TenantID(args[0]), ID: voice.AppID(args[1])}, n)
	ts.Check(err)
	if !has || !strings.Contains(string(r.Data), args[3]) {
		ts.Fatalf("revision %d: %s", n, r.Data)
	}
}

// record stores a call with a short timeline, as a server would: record ACCOUNT ID.
func record(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: record ACCOUNT ID")
	}
	cfg := config.Default()
	cfg.Data = ts.Getenv("TANDEM_DATA")
	st, err := openStore(context.Background(), cfg)
	ts.Check(err)
	defer st.Close()
	start := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	tenant, id := voice.TenantID(args[0]), voice.CallID(args[1])
	ts.Check(st.PutCDR(context.Background(), voice.CDR{Call: id, Tenant: tenant, Direction: voice.Inbound, From: "+46701112233", FromName: "A\x1b[31m",
		To: "+4685000000", Start: start, Answered: start.Add(20 * time.Millisecond), End: start.Add(4 * time.Second),
		Cause: voice.CauseNormal, Words: "the caller hung up",
		Legs: []voice.LegRecord{{ID: "a", To: "+4685000000", Start: start, End: start.Add(4 * time.Second), Cause: voice.CauseNormal, Codec: "PCMU",
			Quality: voice.Quality{PacketsIn: 199, PacketsOut: 199}}}}))
	ts.Check(st.AppendEvents(context.Background(), []voice.Event{
		{Call: id, Tenant: tenant, Seq: 1, At: start, Kind: voice.EventCallArrived, Leg: "a", Text: "call from +46701112233"},
		{Call: id, Tenant: tenant, Seq: 2, At: start.Add(1500 * time.Millisecond), Kind: voice.EventDigit, Leg: "a", Text: "pressed 1",
			Origin: voice.Origin{App: "VA1", Pointer: "/menu/digit_1"}, Data: map[string]string{"digit": "1"}},
	}))
}

// await waits until the server on TANDEM_DATA says where it is and puts the SIP
// address to call and the web address into variables: await CALL HTTP.
func await(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: await CALL HTTP")
	}
	eventually(ts, "a server says where it is", func(ctx context.Context, st *sqlstore.Store) bool {
		s, err := admin.Announced(ctx, st)
		if err != nil {
			return false
		}
		ts.Setenv(args[0], s.Call)
		ts.Setenv(args[1], s.URL)
		return true
	})
}

// ended waits until the record of the newest call says that it is over: the
// server stores it a moment after the call's end.
func ended(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 0 {
		ts.Fatalf("usage: ended")
	}
	eventually(ts, "the newest call has an end", func(ctx context.Context, st *sqlstore.Store) bool {
		list, err := st.CDRs(ctx, voice.CDRFilter{Limit: 1})
		ts.Check(err)
		return len(list) == 1 && !list[0].End.IsZero()
	})
}

// eventually asks the store of TANDEM_DATA until it is so, for half a minute.
func eventually(ts *testscript.TestScript, what string, so func(context.Context, *sqlstore.Store) bool) {
	cfg := config.Default()
	cfg.Data = ts.Getenv("TANDEM_DATA")
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		st, err := openStore(ctx, cfg)
		ts.Check(err)
		done := so(ctx, st)
		st.Close()
		if done {
			return
		}
		select {
		case <-ctx.Done():
			ts.Fatalf("half a minute passed before %s", what)
		case <-tick.C:
		}
	}
}

// Every setting that serve's flags name must exist, and each flag must reach it.
func TestServeFlags(t *testing.T) {
	c := serveCmd{HTTP: ":1", SIP: ":2", RTP: "3-9", Public: "a.example", AllowLoopback: true, Set: []string{"smtp.host=mail.example", "log.level = debug"}}
	flags, err := c.flags()
	if err != nil {
		t.Fatal(err)
	}
	flags["data"] = t.TempDir()
	cfg, err := config.Load(config.Sources{Flags: flags})
	if err != nil {
		t.Fatal(err)
	}
	if cfg.HTTP != ":1" || cfg.SIP != ":2" || cfg.RTP.High != 9 || cfg.Public != "a.example" || !cfg.AllowLoopback ||
		cfg.SMTP.Host != "mail.example" || cfg.Log.Level != "debug" {
		t.Errorf("%+v", cfg)
	}
	if _, err := (&serveCmd{Set: []string{"x"}}).flags(); err == nil {
		t.Error("--set without a value was taken")
	}
}

func TestPrintable(t *testing.T) {
	if got := printable("a\x1b[31m\x00\u0085å"); got != "a�[31m��å" {
		t.Errorf("%q", got)
	}
}
