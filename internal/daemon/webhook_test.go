package daemon_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"tandem/internal/admin"
	"tandem/internal/daemon"
	"tandem/internal/dialect/telphin"
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
