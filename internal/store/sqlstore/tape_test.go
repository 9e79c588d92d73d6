package sqlstore_test

import (
	"testing"
	"time"

	"tandem/internal/store/sqlstore"
	"tandem/internal/voice"
)

func TestTapes(t *testing.T) {
	ctx := t.Context()
	s, err := sqlstore.Open(ctx, sqlstore.Options{SQLitePath: t.TempDir() + "/db"})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	at := func(n int) time.Time { return time.Unix(1_800_000_000+int64(n), 0).UTC() }
	rows := []sqlstore.Tape{{"c1", "t1", at(1), []byte{0, 1, 255}}, {"c2", "t2", at(2), []byte("x")}, {"c3", "t1", at(3), []byte("y")}}
	if err := s.PutTapes(ctx, rows); err != nil {
		t.Fatal(err)
	}
	rows[0].Data = []byte("z")
	if err := s.PutTapes(ctx, rows[:1]); err != nil {
		t.Fatal(err)
	}
	list := func(of voice.TenantID, after time.Time, past voice.CDRPlace, limit int) (calls string) {
		t.Helper()
		all, err := s.Tapes(ctx, of, after, past, limit)
		if err != nil {
			t.Fatal(err)
		}
		for _, x := range all {
			calls += string(x.Call) + string(x.Data) + " "
		}
		return calls
	}
	for got, want := range map[string]string{
		list("", time.Time{}, voice.CDRPlace{}, 10):                        "c1z c2x c3y ",
		list("t1", time.Time{}, voice.CDRPlace{}, 10):                      "c1z c3y ",
		list("t1", at(2), voice.CDRPlace{}, 10):                            "c3y ",
		list("", time.Time{}, voice.CDRPlace{Start: at(1), Call: "c1"}, 1): "c2x ",
	} {
		if got != want {
			t.Errorf("%q, not %q", got, want)
		}
	}
	if err := s.DropTapes(ctx, at(3)); err != nil || list("", time.Time{}, voice.CDRPlace{}, 10) != "c3y " {
		t.Errorf("old tapes are kept, or others are not: %v", err)
	}
}
