package sqlstore_test

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"tandem/internal/secret"
	"tandem/internal/store/sqlstore"
	"tandem/internal/voice"
)

var start = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func want(t *testing.T, what string, err error, kind voice.Kind) {
	t.Helper()
	if got := voice.KindOf(err); got != kind {
		t.Errorf("%s: kind %q (%v), want %q", what, got, err, kind)
	}
}

// both runs test on each kind of database.
func both(t *testing.T, test func(t *testing.T, o sqlstore.Options)) {
	t.Run("sqlite", func(t *testing.T) {
		test(t, sqlstore.Options{SQLitePath: filepath.Join(t.TempDir(), "t.db"), Secrets: secret.New()})
	})
	t.Run("postgres", func(t *testing.T) {
		test(t, sqlstore.Options{PostgresURL: postgresURL(t), Secrets: secret.New()})
	})
}

func TestOpenRefuses(t *testing.T) {
	folder := t.TempDir()
	text := filepath.Join(folder, "text.db")
	ok(t, os.WriteFile(text, []byte(strings.Repeat("this is no database ", 200)), 0o600))
	for what, o := range map[string]sqlstore.Options{
		"nothing":           {},
		"both":              {SQLitePath: text, PostgresURL: "postgres://127.0.0.1/x"},
		"a folder":          {SQLitePath: folder},
		"a text":            {SQLitePath: text},
		"nobody listens":    {PostgresURL: "postgres://127.0.0.1:1/x?sslmode=disable"},
		"no address at all": {PostgresURL: "::::"},
	} {
		s, err := sqlstore.Open(t.Context(), o)
		if err == nil {
			t.Errorf("%s was opened", what)
			ok(t, s.Close())
		}
	}
}

func TestNewerTablesAreLeftAlone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "t.db")
	ok(t, openSQLite(t, path).Close())
	db, err := sql.Open("sqlite", path)
	ok(t, err)
	_, err = db.ExecContext(t.Context(), `INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, 1)`)
	ok(t, err)
	ok(t, db.Close())
	_, err = sqlstore.Open(t.Context(), sqlstore.Options{SQLitePath: path})
	want(t, "open", err, voice.Unavailable)
	if err != nil && !strings.Contains(err.Error(), "newer version of the program") {
		t.Errorf("words: %v", err)
	}
}

func TestSQLiteFileIsTheOwnersAlone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "data", "t.db")
	s := openSQLite(t, path)
	ok(t, s.CreateTenant(t.Context(), voice.Tenant{ID: "1"}))
	ok(t, s.AddTrunk(t.Context(), voice.Trunk{ID: "tr", Tenant: "1", Name: "n", Host: "h", Password: "hunter2hunter2"}))
	names, err := filepath.Glob(path + "*")
	ok(t, err)
	if len(names) < 3 {
		t.Errorf("files: %v", names)
	}
	for _, name := range names {
		info, err := os.Stat(name)
		ok(t, err)
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v", name, info.Mode())
		}
		raw, err := os.ReadFile(name)
		ok(t, err)
		if bytes.Contains(raw, []byte("hunter2")) {
			t.Errorf("%s shows the trunk's password", name)
		}
	}
}

func TestTrunkPasswordNeedsItsKey(t *testing.T) {
	both(t, func(t *testing.T, o sqlstore.Options) {
		s := open(t, o)
		ctx := t.Context()
		ok(t, s.CreateTenant(ctx, voice.Tenant{ID: "1"}))
		ok(t, s.AddTrunk(ctx, voice.Trunk{ID: "tr", Tenant: "1", Name: "n", Host: "h", Password: "p"}))
		other := o
		other.Secrets = secret.New()
		_, err := open(t, other).Trunks(ctx, "1")
		want(t, "with another key", err, voice.Internal)
		none, err := sqlstore.Open(ctx, sqlstore.Options{SQLitePath: o.SQLitePath, PostgresURL: o.PostgresURL})
		ok(t, err)
		_, err = none.Trunks(ctx, "1")
		want(t, "without a key", err, voice.Unavailable)
		want(t, "add without a key", none.AddTrunk(ctx, voice.Trunk{ID: "t2", Tenant: "1", Name: "m", Host: "h", Password: "p"}), voice.Unavailable)
		ok(t, none.AddTrunk(ctx, voice.Trunk{ID: "t3", Tenant: "1", Name: "m", Host: "h"}))
		ok(t, none.Close())
	})
}

func TestChangeCount(t *testing.T) {
	both(t, func(t *testing.T, o sqlstore.Options) {
		server, tool := open(t, o), open(t, o)
		ctx := t.Context()
		count := func() int64 {
			t.Helper()
			n, err := server.ChangeCount(ctx)
			ok(t, err)
			return n
		}
		before := count()
		ok(t, tool.CreateTenant(ctx, voice.Tenant{ID: "1"}))
		ok(t, tool.AddExtension(ctx, voice.Extension{Tenant: "1", Number: "101", Username: "u"}))
		if n := count(); n != before+2 {
			t.Errorf("two changes moved the count from %d to %d", before, n)
		}
		before = count()
		want(t, "refused", tool.CreateTenant(ctx, voice.Tenant{ID: "1"}), voice.Exists)
		ok(t, tool.PutCDR(ctx, voice.CDR{Call: "c"}))
		ok(t, tool.PutBinding(ctx, voice.Binding{Tenant: "1", Extension: "101", Contact: "x"}))
		ok(t, tool.AppendEvents(ctx, []voice.Event{{Call: "c", Seq: 1}}))
		if n := count(); n != before {
			t.Errorf("what is no configuration moved the count from %d to %d", before, n)
		}
	})
}

func TestTidy(t *testing.T) {
	both(t, func(t *testing.T, o sqlstore.Options) {
		s := open(t, o)
		ctx := t.Context()
		ok(t, s.CreateTenant(ctx, voice.Tenant{ID: "1"}))
		ok(t, s.AddExtension(ctx, voice.Extension{Tenant: "1", Number: "101", Username: "u"}))
		for i := range 3 {
			at := start.Add(time.Duration(i) * time.Second)
			ok(t, s.PutBinding(ctx, voice.Binding{Tenant: "1", Extension: "101", Contact: fmt.Sprint(i), Expires: at}))
			ok(t, s.PutLink(ctx, fmt.Sprint(i), "p", "1", "", at))
			ok(t, s.StartRefresh(ctx, fmt.Sprint(i), voice.Token{}, "a", at))
		}
		ok(t, s.Tidy(ctx, start.Add(time.Second)))
		left, err := s.Bindings(ctx, "1", "", time.Time{})
		ok(t, err)
		if len(left) != 1 || left[0].Contact != "2" {
			t.Errorf("left: %+v", left)
		}
		_, _, err = s.TakeLink(ctx, "1", "p", time.Time{})
		want(t, "expired link", err, voice.NotExist)
		_, _, err = s.TakeLink(ctx, "2", "p", time.Time{})
		want(t, "good link", err, "")
		want(t, "good token", s.TurnRefresh(ctx, "2", "a", "b", start, start.Add(time.Hour)), "")
	})
}

// TestManyStores has several stores, as several processes have, write one
// database at once: nothing may fail or be lost.
func TestManyStores(t *testing.T) {
	both(t, func(t *testing.T, o sqlstore.Options) {
		const stores, each = 4, 40
		ctx := t.Context()
		var opened [stores]*sqlstore.Store
		var wg sync.WaitGroup
		for i := range opened { // also at once: one makes the tables, the others wait
			wg.Go(func() {
				s, err := sqlstore.Open(ctx, o)
				if err != nil {
					t.Error(err)
					return
				}
				opened[i] = s
				t.Cleanup(func() {
					if err := s.Close(); err != nil {
						t.Error(err)
					}
				})
			})
		}
		wg.Wait()
		if t.Failed() {
			return
		}
		ok(t, opened[0].CreateTenant(ctx, voice.Tenant{ID: "1"}))
		for i, s := range opened {
			wg.Go(func() { writeAndRead(t, ctx, s, i, each) })
		}
		wg.Wait()
		users, err := opened[0].Users(ctx, "1")
		ok(t, err)
		events, err := opened[0].Events(ctx, "c")
		ok(t, err)
		n, err := opened[0].ChangeCount(ctx)
		ok(t, err)
		if len(users) != stores*each || len(events) != stores*each || n != stores*each+2 {
			t.Errorf("%d users, %d events, %d changes; want %d of each", len(users), len(events), n, stores*each)
		}
		ok(t, opened[0].Check(ctx))
	})
}

func writeAndRead(t *testing.T, ctx context.Context, s *sqlstore.Store, writer, rounds int) {
	for i := range rounds {
		id := fmt.Sprintf("%d-%d", writer, i)
		for _, err := range []error{
			s.CreateUser(ctx, voice.User{ID: voice.UserID(id), Tenant: "1", Created: start}),
			s.AppendEvents(ctx, []voice.Event{{Call: "c", Seq: writer*1000 + i, At: start}}),
			s.PutCDR(ctx, voice.CDR{Call: voice.CallID(id), Tenant: "1", Start: start}),
		} {
			if err != nil {
				t.Errorf("%s: %v", id, err)
				return
			}
		}
		if _, err := s.User(ctx, "1", voice.UserID(id)); err != nil { // what was answered can be read
			t.Errorf("%s: %v", id, err)
			return
		}
	}
}

func TestCallerGone(t *testing.T) {
	both(t, func(t *testing.T, o sqlstore.Options) {
		s := open(t, o)
		over, cancel := context.WithCancel(t.Context())
		cancel()
		want(t, "write", s.CreateTenant(over, voice.Tenant{ID: "1"}), voice.Unavailable)
		_, err := s.Tenants(over)
		want(t, "read", err, voice.Unavailable)
		ok(t, s.CreateTenant(t.Context(), voice.Tenant{ID: "1"}))
	})
}

func TestDamageIsNamed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "t.db")
	s := openSQLite(t, path)
	ok(t, s.Check(t.Context()))
	for i := range 200 {
		ok(t, s.PutCDR(t.Context(), voice.CDR{Call: voice.CallID(fmt.Sprint(i)), Words: strings.Repeat("x", 500)}))
	}
	ok(t, s.Close())
	raw, err := os.ReadFile(path)
	ok(t, err)
	page := len(raw) / 4096 / 2 * 4096
	copy(raw[page:], bytes.Repeat([]byte{0xa5}, 4096))
	ok(t, os.WriteFile(path, raw, 0o600))
	s = openSQLite(t, path)
	if err := s.Check(t.Context()); err == nil {
		t.Error("a damaged file passes")
	}
}
