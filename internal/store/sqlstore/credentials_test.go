package sqlstore_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tandem/internal/store/sqlstore"
	"tandem/internal/voice"
)

func TestRefreshFamilies(t *testing.T) {
	both(t, func(t *testing.T, o sqlstore.Options) {
		s := open(t, o)
		ctx := t.Context()
		later := start.Add(time.Hour)
		k := voice.Token{ID: "k1", Tenant: "1", User: "11", Kind: "sonetel", Name: "n", Hash: "h", Created: start}
		ok(t, s.CreateToken(ctx, k))
		begin := func(family string) {
			t.Helper()
			ok(t, s.StartRefresh(ctx, family, k, "a", later))
		}
		turn := func(family, current, next string) error {
			return s.TurnRefresh(ctx, family, current, next, start, later)
		}
		begin("turned")
		want(t, "first", turn("turned", "a", "b"), "")
		want(t, "second", turn("turned", "b", "c"), "")
		want(t, "reuse", turn("turned", "a", "x"), voice.Permission)
		want(t, "after reuse", turn("turned", "c", "d"), voice.Permission)
		want(t, "unknown", turn("unknown", "a", "b"), voice.Permission)

		begin("expired")
		want(t, "expired", s.TurnRefresh(ctx, "expired", "a", "b", later, later.Add(1)), voice.Permission)
		begin("revoked")
		ok(t, s.RevokeRefresh(ctx, "revoked"))
		want(t, "revoked", turn("revoked", "a", "b"), voice.Permission)

		begin("secret")
		k.Scopes = []string{"x"}
		ok(t, s.UpdateToken(ctx, k))
		want(t, "same secret", turn("secret", "a", "b"), "")
		k.Hash = "new"
		ok(t, s.UpdateToken(ctx, k))
		want(t, "new secret", turn("secret", "b", "c"), voice.Permission)
		begin("foreign")
		want(t, "another account", s.UpdateToken(ctx, voice.Token{ID: "k1", Tenant: "2", Hash: "x"}), voice.NotExist)
		want(t, "another account's try", turn("foreign", "a", "b"), "")
		ok(t, s.DeleteToken(ctx, "1", "k1"))
		want(t, "credential gone", turn("foreign", "b", "c"), voice.Permission)
	})
}

// TestOneOfMany has many use at once what works once.
func TestOneOfMany(t *testing.T) {
	both(t, func(t *testing.T, o sqlstore.Options) {
		s := open(t, o)
		ctx := t.Context()
		ok(t, s.StartRefresh(ctx, "f", voice.Token{ID: "k"}, "a", start.Add(time.Hour)))
		ok(t, s.PutLink(ctx, "hash", "p", "1", "11", start.Add(time.Hour)))
		var turned, taken atomic.Int32
		var wg sync.WaitGroup
		for i := range 8 {
			wg.Go(func() {
				if s.TurnRefresh(ctx, "f", "a", fmt.Sprint(i), start, start.Add(time.Hour)) == nil {
					turned.Add(1)
				}
				if tenant, user, err := s.TakeLink(ctx, "hash", "p", start); err == nil && tenant == "1" && user == "11" {
					taken.Add(1)
				}
			})
		}
		wg.Wait()
		if turned.Load() != 1 || taken.Load() != 1 {
			t.Errorf("token turned %d times, link taken %d times", turned.Load(), taken.Load())
		}
	})
}

func TestMarkTokenUsed(t *testing.T) {
	both(t, func(t *testing.T, o sqlstore.Options) {
		s := open(t, o)
		ctx := t.Context()
		k := voice.Token{ID: "k1", Tenant: "1", Kind: "sonetel", Name: "n", Hash: "h", Created: start}
		ok(t, s.CreateToken(ctx, k))
		before, err := s.ChangeCount(ctx)
		ok(t, err)
		ok(t, s.MarkTokenUsed(ctx, "1", "k1", start))
		want(t, "another account", s.MarkTokenUsed(ctx, "2", "k1", start.Add(time.Hour)), voice.NotExist)
		got, err := s.TokenByName(ctx, "sonetel", "n")
		ok(t, err)
		after, err := s.ChangeCount(ctx)
		ok(t, err)
		if !got.Used.Equal(start) || got.Hash != "h" || after != before {
			t.Errorf("credential is %+v, count %d to %d", got, before, after)
		}
	})
}
