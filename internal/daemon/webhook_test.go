package daemon_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"tandem/internal/admin"
	"tandem/internal/daemon"
	"tandem/internal/dialect/telphin"
	"tandem/internal/hooks"
	"tandem/internal/phone"
	"tandem/internal/voice"
)

// hook is a client's server: it notes what it is told.
func hook(t *testing.T) (address string, told <-chan url.Values) {
	t.Helper()
	c := make(chan url.Values, 100)
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if err := r.ParseForm(); err != nil {
			t.Error(err)
		}
		c <- r.Form
	}))
	t.Cleanup(s.Close)
	return s.URL + "/hook?key=secret", c
}

// subscribe has a client told of the events of an extension.
func subscribe(t *testing.T, d *daemon.Daemon, owner voice.TenantID, number, address string, events ...string) {
	t.Helper()
	x, err := d.Store().Extension(t.Context(), owner, number)
	if err != nil {
		t.Fatal(err)
	}
	for _, event := range events {
		data, err := json.Marshal(map[string]any{"extension_id": x.Serial, "url": address, "event_type": event, "method": "POST"})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := d.Store().CreateResource(t.Context(), voice.Resource{Tenant: owner, Kind: telphin.EventTopic, Data: data}); err != nil {
			t.Fatal(err)
		}
	}
}

func next(t *testing.T, told <-chan url.Values) url.Values {
	t.Helper()
	select {
	case v := <-told:
		return v
	case <-time.After(10 * time.Second):
		t.Fatal("nothing was told")
		return nil
	}
}

// TestWebhooksOfACall has a call between two phones told to a client's server in
// its order, noted on the timeline, and another account's not told.
func TestWebhooksOfACall(t *testing.T) {
	d, _ := run(t, settings(t))
	owner := account(t, d.Store())
	other, _, err := d.Admin().CreateAccount(t.Context(), admin.AccountSpec{Name: "Other"})
	if err != nil {
		t.Fatal(err)
	}
	address, told := hook(t)
	caller, called := desk(t, d, owner, "511"), desk(t, d, owner, "512")
	desk(t, d, other.ID, "512")
	subscribe(t, d, owner, "512", address, "dial-in", "answer", "hangup")
	subscribe(t, d, other.ID, "512", address, "dial-in", "answer", "hangup")

	go func() {
		c := <-called.Incoming()
		c.Answer(context.Background())
		c.Hangup(context.Background())
	}()
	c, err := caller.Dial(t.Context(), "sip:512@"+d.SIPAddr().String(), phone.CallOptions{})
	if err != nil {
		t.Fatal(err)
	}
	id := ""
	for _, want := range []string{"dial-in", "answer", "hangup"} {
		v := next(t, told)
		if v.Get("EventType") != want || v.Get("CalledExtension") == "" || v.Get("CallID") == "" || id != "" && v.Get("CallID") != id {
			t.Errorf("told %v, want %s", v, want)
		}
		id = v.Get("CallID")
	}
	<-c.Done()
	var calls []voice.CDR
	if !eventually(func() bool { // records are stored beside the calls
		calls, err = d.Store().CDRs(t.Context(), voice.CDRFilter{Tenant: owner})
		return err != nil || len(calls) == 1
	}) || err != nil {
		t.Fatalf("%d calls, %v", len(calls), err)
	}
	var noted []voice.Event
	if !eventually(func() bool {
		events, err := d.Store().Events(t.Context(), calls[0].Call)
		noted = nil
		for _, e := range events {
			if e.Kind == voice.EventWebhookSent {
				noted = append(noted, e)
			}
		}
		return err == nil && len(noted) == 3
	}) {
		t.Errorf("noted on the timeline: %+v", noted)
	}
	for _, e := range noted {
		if e.Data["status"] != "200" || strings.Contains(e.Text+fmt.Sprint(e.Data), "secret") {
			t.Errorf("noted %+v", e)
		}
	}
	if len(told) > 0 {
		t.Errorf("told besides: %v", <-told)
	}
	firstAttempts(t, d, owner, calls[0].Call)
}

// firstAttempts looks how long after its event each webhook was sent first: some
// 30 ms where nothing else runs.
func firstAttempts(t *testing.T, d *daemon.Daemon, owner voice.TenantID, id voice.CallID) {
	t.Helper()
	events, err := d.Store().Events(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	ds, err := d.Store().Deliveries(t.Context(), owner, voice.DeliveryFilter{Call: id})
	if err != nil {
		t.Fatal(err)
	}
	slices.Reverse(ds) // as they were queued
	n := 0
	for _, e := range events {
		if e.Kind != voice.EventDialStarted && e.Kind != voice.EventLegAnswered && e.Kind != voice.EventCallEnded || n == len(ds) {
			continue
		}
		var as []voice.DeliveryAttempt
		if !eventually(func() bool { // attempts are stored beside the timeline's notes
			as, err = d.Store().Attempts(t.Context(), owner, ds[n].ID)
			return err != nil || len(as) > 0
		}) || err != nil {
			t.Fatalf("%s: attempts %v, %v", ds[n].Purpose, as, err)
		}
		late := as[0].At.Sub(e.At)
		t.Logf("%s was sent %s after %s", ds[n].Purpose, late, e.Kind)
		if late > 2*time.Second {
			t.Errorf("%s was sent %s after %s", ds[n].Purpose, late, e.Kind)
		}
		n++
	}
	if n != 3 {
		t.Errorf("%d of %d deliveries belong to events", n, len(ds))
	}
}

// TestWebhookThatIsGone has an endpoint that answers 410: its webhook is off.
func TestWebhookThatIsGone(t *testing.T) {
	d, _ := run(t, settings(t))
	owner := account(t, d.Store())
	gone := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusGone) }))
	t.Cleanup(gone.Close)
	w, _, err := d.Hooks().Create(t.Context(), owner, hooks.Spec{URL: gone.URL, Events: []string{"*"}, Enabled: true})
	if err != nil {
		t.Fatal(err)
	}
	caller, called := desk(t, d, owner, "511"), desk(t, d, owner, "512")
	go func() {
		c := <-called.Incoming()
		c.Answer(context.Background())
		c.Hangup(context.Background())
	}()
	if _, err := caller.Dial(t.Context(), "sip:512@"+d.SIPAddr().String(), phone.CallOptions{}); err != nil {
		t.Fatal(err)
	}
	if !eventually(func() bool {
		w, err = d.Hooks().Webhook(t.Context(), owner, w.Serial)
		return err != nil || !w.Enabled
	}) || err != nil || !strings.Contains(w.Words, "410") {
		t.Errorf("%+v, %v", w, err)
	}
}

// TestSigning looks who signs what.
func TestSigning(t *testing.T) {
	d, _ := run(t, settings(t))
	owner := account(t, d.Store())
	x := voice.Delivery{ID: "dl1", Tenant: owner, Endpoint: "telphin/event x"}
	if h, signed, err := d.Sign(t.Context(), x, time.Now()); err != nil || len(h) > 0 || signed != "" {
		t.Errorf("nobody asked for a signature: %v %q %v", h, signed, err)
	}
	if _, err := d.Hooks().SetSettings(t.Context(), owner, hooks.Settings{SignAll: true}); err != nil {
		t.Fatal(err)
	}
	if h, signed, err := d.Sign(t.Context(), x, time.Now()); err != nil || h["webhook-id"] != "dl1" || signed == "" {
		t.Errorf("the account asked for it: %v %q %v", h, signed, err)
	}
	x.Signature = "nobody/1"
	if _, _, err := d.Sign(t.Context(), x, time.Now()); !voice.IsKind(err, voice.NotExist) {
		t.Errorf("a vendor that signs nothing: %v", err)
	}
}

// TestWebhooksWhileTheServerStops tells of the end of a call that the end of the
// server brings.
func TestWebhooksWhileTheServerStops(t *testing.T) {
	d, err := daemon.New(settings(t), daemon.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	owner := account(t, d.Store())
	address, told := hook(t)
	caller, called := desk(t, d, owner, "511"), desk(t, d, owner, "512")
	subscribe(t, d, owner, "512", address, "hangup")
	go func() {
		c := <-called.Incoming()
		c.Answer(context.Background())
	}()
	if _, err := caller.Dial(t.Context(), "sip:512@"+d.SIPAddr().String(), phone.CallOptions{}); err != nil {
		t.Fatal(err)
	}
	d.Close()
	if v := next(t, told); v.Get("EventType") != "hangup" {
		t.Errorf("told %v", v)
	}
}
