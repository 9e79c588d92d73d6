package sqlstore

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"time"

	"tandem/internal/voice"
)

// row is a result that can be read: *sql.Row or *sql.Rows.
type row interface{ Scan(dest ...any) error }

// querier runs a query: a pool or a transaction.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// one reads the one row of a query; none is kind NotExist with the words missing.
func one[T any](ctx context.Context, s *Store, op, missing string, scan func(row) (T, error), query string, args ...any) (T, error) {
	list, err := many(ctx, s, op, scan, query, args...)
	if err != nil || len(list) == 0 {
		var zero T
		if err == nil {
			err = voice.Errorf(op, voice.NotExist, "%s does not exist", missing)
		}
		return zero, err
	}
	return list[0], nil
}

// many reads all rows of a query; none gives an empty list.
func many[T any](ctx context.Context, s *Store, op string, scan func(row) (T, error), query string, args ...any) ([]T, error) {
	from := querier(s.read)
	if p := s.ready[s.read]; p != nil {
		from = p
	}
	list, err := collect(ctx, from, scan, query, args...)
	return list, explain(op, names{}, err)
}

func collect[T any](ctx context.Context, q querier, scan func(row) (T, error), query string, args ...any) (list []T, err error) {
	rows, err := q.QueryContext(ctx, query, storable(args)...)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	list = []T{}
	for rows.Next() {
		v, err := scan(rows)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	return list, rows.Err()
}

// storable makes plain values of named strings, and of their text what both
// databases can hold: UTF-8 without NUL. What callers send is not always that.
func storable(args []any) []any {
	out := make([]any, len(args))
	for i, a := range args {
		out[i] = a
		if v := reflect.ValueOf(a); v.Kind() == reflect.String {
			s := v.String()
			if text := storableText(s); text != s || v.Type() != textType {
				out[i] = text
			}
		}
	}
	return out
}

var textType = reflect.TypeFor[string]()

func storableText(s string) string {
	if plain(s) {
		return s
	}
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\uFFFD")
}

// plain reports whether s is ASCII without NUL, as nearly all texts are.
func plain(s string) bool {
	for i := range len(s) {
		if c := s[i]; c == 0 || c >= 0x80 {
			return false
		}
	}
	return true
}

// micros gives a time as it is stored; 0 for the zero time.
func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

// timeCol reads a stored time.
type timeCol struct{ to *time.Time }

// Scan implements sql.Scanner.
func (c timeCol) Scan(v any) error {
	n, ok := v.(int64)
	if !ok {
		return fmt.Errorf("time is stored as %T", v)
	}
	*c.to = time.Time{}
	if n != 0 {
		*c.to = time.UnixMicro(n).UTC()
	}
	return nil
}

// spanCol reads a stored length of time.
type spanCol struct{ to *time.Duration }

// Scan implements sql.Scanner.
func (c spanCol) Scan(v any) error {
	n, ok := v.(int64)
	if !ok {
		return fmt.Errorf("length of time is stored as %T", v)
	}
	*c.to = time.Duration(n) * time.Microsecond
	return nil
}

// jsonText gives v as it is stored. Its types hold nothing that can fail.
func jsonText(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic("sqlstore: " + err.Error())
	}
	return string(b)
}

// jsonCol reads a stored structure.
type jsonCol struct{ to any }

// Scan implements sql.Scanner.
func (c jsonCol) Scan(v any) error {
	switch v := v.(type) {
	case string:
		return json.Unmarshal([]byte(v), c.to)
	case []byte:
		return json.Unmarshal(v, c.to)
	}
	return fmt.Errorf("structure is stored as %T", v)
}

// orNull stores "" as NULL, for columns that are unique when they are set.
func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// bound gives limit, or standard when limit is not positive.
func bound(limit, standard int) int {
	if limit <= 0 {
		return standard
	}
	return limit
}
