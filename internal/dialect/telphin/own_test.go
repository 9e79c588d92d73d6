package telphin_test

import (
	"context"
	"net/url"
	"strconv"
	"testing"
	"time"

	"tandem/internal/auth"
	"tandem/internal/dialect/telphin"
	"tandem/internal/dialect/telphinivr"
	"tandem/internal/voice"
)

// member makes a user who is no administrator, with extension 102, and gives
// that one's token.
func (f *fixture) member() string {
	f.t.Helper()
	ctx, now := f.t.Context(), f.clock.Now()
	hash, err := auth.NewHasher().Hash(ctx, password)
	if err != nil {
		f.t.Fatal(err)
	}
	for _, err := range []error{
		f.store.CreateUser(ctx, voice.User{ID: "300500", Serial: 950, Tenant: account, FirstName: "Boris", Email: "boris@example.com", Role: voice.RoleRegular, Extension: "102", Created: now}),
		f.store.AddExtension(ctx, voice.Extension{Tenant: account, Serial: 951, Number: "102", Username: "12-102", Realm: "tandem", HA1MD5: "x", HA1SHA256: "x", User: "300500", Created: now}),
		f.store.CreateToken(ctx, voice.Token{ID: "Tboris", Tenant: account, User: "300500", Kind: telphin.LoginKind, Name: "boris@example.com", Hash: hash, Created: now}),
	} {
		if err != nil {
			f.t.Fatal(err)
		}
	}
	return f.login(url.Values{"grant_type": {"password"}, "client_id": {"passapp"}, "client_secret": {secret}, "username": {"boris@example.com"}, "password": {password}})
}

func TestMembersSeeTheirOwn(t *testing.T) {
	f := newFixture(t)
	now := f.clock.Now()
	for id, from := range map[string]string{"theirs": "102", "others": "101"} {
		c := voice.CDR{Call: voice.CallID(id), Tenant: account, Direction: voice.Inbound, From: from, To: "+74950000001", Start: now, Answered: now, End: now.Add(time.Minute)}
		if err := f.store.PutCDR(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		r := voice.Recording{ID: voice.RecordingID("R" + id), Tenant: account, Call: c.Call, Purpose: voice.ForCall, State: voice.RecordingFinished, Blob: "b", Created: now, Ended: now}
		if err := f.store.CreateRecording(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	f.token = f.member()
	f.ok("GET", "/user", "")
	f.ok("GET", "/extension/@me/call_history/theirs", "")
	f.ok("GET", "/extension/@me/record/Rtheirs", "")
	f.fails("GET", "/extension/@me/call_history/others", "", 404, "", "Call not found")
	f.fails("GET", "/extension/@me/record/Rothers", "", 404, "", "Record not found")
	f.fails("GET", "/extension/@me/record/Rothers/storage_url", "", 404, "", "Record not found")
	f.fails("DELETE", "/extension/@me/record/Rothers", "", 404, "", "Record not found")
	for _, path := range []string{"/extension/901/call_history", "/client/@me/call_history", "/client/@me/record", "/client/@me/did"} {
		f.fails("GET", path, "", 403, "access_denied", "administrator")
	}
	f.fails("POST", "/client/@me/extension", `{"name":"103"}`, 403, "access_denied", "administrator")
	f.fails("PUT", "/extension/@me/phone", `{"password":"long enough"}`, 403, "access_denied", "administrator")
	f.fails("POST", "/extension/901/callback", `{"src_num":"101","dst_num":"102"}`, 403, "access_denied", "administrator")
}

func TestRecordingGoesWithItsAudio(t *testing.T) {
	var gone []voice.Recording
	f := newFixture(t, func(c *telphin.Config) {
		c.Discard = func(_ context.Context, r voice.Recording) error {
			gone = append(gone, r)
			return nil
		}
	})
	r := voice.Recording{ID: "R1", Tenant: account, Call: "C1", Purpose: voice.ForCall, State: voice.RecordingFinished, Blob: "b1", Created: f.clock.Now()}
	if err := f.store.CreateRecording(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	f.ok("DELETE", "/extension/901/record/R1", "")
	if len(gone) != 1 || gone[0].Blob != "b1" || gone[0].Tenant != account {
		t.Errorf("removed: %+v", gone)
	}
}

func TestNumberIsFreeAfterAnotherAPIRemovedIt(t *testing.T) {
	f := newFixture(t)
	f.ok("POST", "/client/@me/extension", `{"name":"105","type":"phone","label":"old"}`)
	if err := f.store.RemoveExtension(t.Context(), account, "105"); err != nil {
		t.Fatal(err)
	}
	if e := f.object("POST", "/client/@me/extension", `{"name":"105","type":"phone","label":"new"}`); e["label"] != "new" {
		t.Errorf("extension: %v", e)
	}
	if e := f.object("GET", "/extension/@105", ""); e["label"] != "new" {
		t.Errorf("extension read again: %v", e)
	}
}

func TestEveryRatingIsListed(t *testing.T) {
	f := newFixture(t)
	for i := range 1001 {
		r := voice.Resource{Tenant: account, Kind: telphinivr.RateTopic, Data: []byte(`{"rate":"5","extension":"101"}`), Created: f.clock.Now()}
		if _, err := f.store.CreateResource(t.Context(), r); err != nil {
			t.Fatal(i, err)
		}
	}
	list, _ := f.ok("GET", "/client/@me/quality_rate?per_page=500&page="+strconv.Itoa(3), "").([]any)
	if len(list) != 1 {
		t.Errorf("the third page has %d ratings", len(list))
	}
}
