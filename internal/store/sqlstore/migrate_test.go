package sqlstore_test

import (
	"database/sql"
	"os"
	"slices"
	"testing"

	"github.com/pressly/goose/v3"

	"tandem/internal/store/sqlstore"
	"tandem/internal/voice"
)

// TestNumbersOfOldRows has tables of the first version, with rows in them,
// brought up to date: everything gets a number, and the next one goes on.
func TestNumbersOfOldRows(t *testing.T) {
	both(t, func(t *testing.T, o sqlstore.Options) {
		ctx := t.Context()
		driver, address, dialect := "sqlite", o.SQLitePath, goose.DialectSQLite3
		if o.PostgresURL != "" {
			driver, address, dialect = "pgx", o.PostgresURL, goose.DialectPostgres
		}
		db, err := sql.Open(driver, address)
		ok(t, err)
		p, err := goose.NewProvider(dialect, db, os.DirFS("migrations"), goose.WithDisableGlobalRegistry(true))
		ok(t, err)
		_, err = p.UpTo(ctx, 1)
		ok(t, err)
		for _, text := range []string{
			`INSERT INTO tenants VALUES ('1', 'n', 'en', '', '', '', '{}', 1), ('2', 'm', 'en', '', '', '', '{}', 1)`,
			`INSERT INTO users VALUES ('11', '1', 'a', '', '', NULL, '', NULL, '', '[]', '{}', '', 2), ('12', '2', 'b', '', '', NULL, '', NULL, '', '[]', '{}', '', 1)`,
			`INSERT INTO apps VALUES ('VA1', '1', 'sonetel', '', 'x', '', false, '{}', 1, 1, 1), ('VA2', '1', 'sonetel', '', 'x', '', false, '{}', 1, 1, 1)`,
			`INSERT INTO sounds VALUES ('s1', '1', '', 'x', '', '', '', '', '', 0, 0, '', '', 1, 1)`,
			`INSERT INTO numbers VALUES ('+461', '1', '', '', 1)`,
			`INSERT INTO extensions VALUES ('1', '101', 'u1', 'r', '', '', '', 1), ('2', '101', 'u2', 'r', '', '', '', 1)`,
			`INSERT INTO events VALUES ('c1', 1, '1', 5, 'sip', 'a', '', '', 'INVITE received', '{"dir": "in"}'), ('c1', 2, '1', 6, 'sip', 'a', '', '', 'INVITE answered 100', '{}')`,
			`INSERT INTO cdrs VALUES ('c1', '1', 'inbound', '', '', '', '', 1, 0, 0, '', '', '[]')`,
		} {
			_, err := db.ExecContext(ctx, text)
			ok(t, err)
		}
		ok(t, db.Close())

		s := open(t, o)
		var got []int64
		for _, tenant := range []voice.TenantID{"2", "1"} {
			users, err := s.Users(ctx, tenant)
			ok(t, err)
			got = append(got, users[0].Serial)
		}
		apps, err := s.Apps(ctx, "1")
		ok(t, err)
		sound, err := s.Sound(ctx, "1", "s1")
		ok(t, err)
		number, err := s.NumberByE164(ctx, "+461")
		ok(t, err)
		first, err := s.Extension(ctx, "1", "101")
		ok(t, err)
		second, err := s.Extension(ctx, "2", "101")
		ok(t, err)
		next, err := s.CreateResource(ctx, voice.Resource{Tenant: "1", Kind: "x"})
		ok(t, err)
		got = append(got, apps[0].Serial, apps[1].Serial, sound.Serial, number.Serial, first.Serial, second.Serial, next.Serial)
		for i, serial := range got {
			if serial != int64(1001+i) {
				t.Errorf("the %d. thing has the number %d: %v", i+1, serial, got)
			}
		}
		c, err := s.CDR(ctx, "1", "c1")
		ok(t, err)
		if c.Tag != "" || c.Order != "" {
			t.Errorf("an old record has words of its own: %+v", c)
		}
		ok(t, s.AppendEvents(ctx, []voice.Event{{Call: "c1", Seq: 3, Kind: voice.EventSIP, Text: "INVITE answered 200"}}))
		ok(t, s.AppendLate(ctx, []voice.Event{{Call: "c1", Kind: voice.EventSIP, Text: "late"}}))
		events, err := s.Events(ctx, "c1")
		ok(t, err)
		var texts []string
		for i, e := range events {
			if texts = append(texts, e.Text); e.Seq != i+1 {
				t.Errorf("event %d has the number %d", i+1, e.Seq)
			}
		}
		if want := []string{"INVITE received", "INVITE answered 100", "INVITE answered 200", "late"}; !slices.Equal(texts, want) || events[0].Data["dir"] != "in" {
			t.Errorf("the old timeline goes on as %v", events)
		}
	})
}
