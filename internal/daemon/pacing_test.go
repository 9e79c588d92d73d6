package daemon_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"tandem/internal/admin"
	"tandem/internal/daemon"
	"tandem/internal/phone"
	"tandem/internal/voice"
)

// ordering is an account that orders calls through its trunk.
type ordering struct {
	t       *testing.T
	d       *daemon.Daemon
	id      voice.TenantID
	key     string
	carrier *phone.Phone
}

func newOrdering(t *testing.T, d *daemon.Daemon, l voice.Limits) *ordering {
	t.Helper()
	tenant, _, err := d.Admin().CreateAccount(t.Context(), admin.AccountSpec{Name: "Orders"})
	if err != nil {
		t.Fatal(err)
	}
	tenant.Limits = l
	if err := d.Store().UpdateTenant(t.Context(), tenant); err != nil {
		t.Fatal(err)
	}
	o := &ordering{t: t, d: d, id: tenant.ID}
	fields, err := d.Admin().CreateCredential(t.Context(), admin.CredentialSpec{Account: o.id, For: "api", Scopes: []string{"calls:write", "calls:read"}})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range fields {
		if f.Name == "key" {
			o.key = f.Value
		}
	}
	if o.carrier, err = phone.New(phone.Options{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { o.carrier.Close() })
	k := voice.Trunk{ID: voice.TrunkID("TR" + string(o.id)), Tenant: o.id, Name: "carrier", Host: o.carrier.Addr().String(), Created: time.Now()}
	if err := d.Store().AddTrunk(t.Context(), k); err != nil {
		t.Fatal(err)
	}
	return o
}

// order orders a call to a number, which then waits, and gives its id.
func (o *ordering) order() (status int, id voice.CallID) {
	o.t.Helper()
	body := `{"first":{"kind":"number","id":"+46700000001"},"steps":{"stay":{"await":{"name":"orders","idle":"10m"}}}}`
	req, _ := http.NewRequest(http.MethodPost, "http://"+o.d.HTTPAddr().String()+"/api/v1/calls", strings.NewReader(body))
	req.Header.Set("Authorization", "Bearer "+o.key)
	req.Header.Set("Content-Type", "application/json")
	var v struct {
		Call   voice.CallID `json:"call"`
		Status int          `json:"status"`
		Detail string       `json:"detail"`
	}
	do(o.t, req, &v)
	if v.Call == "" && v.Status != http.StatusTooManyRequests {
		o.t.Fatalf("%d %s", v.Status, v.Detail)
	}
	return v.Status, v.Call
}

// rings gives the next call that comes to the carrier.
func (o *ordering) rings() *phone.Call {
	o.t.Helper()
	select {
	case c := <-o.carrier.Incoming():
		return c
	case <-time.After(time.Minute):
		o.t.Fatalf("no call comes to the carrier: %+v", o.live())
		return nil
	}
}

// live counts the account's calls by what they do.
func (o *ordering) live() map[voice.LiveState]int {
	list, err := o.d.LiveCalls().Live(o.t.Context(), o.id)
	if err != nil {
		o.t.Fatal(err)
	}
	states := map[voice.LiveState]int{}
	for _, c := range list {
		states[c.State]++
	}
	return states
}

// TestOrderedCallsWait orders thirty calls where three may be up at once: all get
// through, and nobody else waits for them.
func TestOrderedCallsWait(t *testing.T) {
	const all, most = 30, 3
	d, _ := run(t, settings(t))
	o := newOrdering(t, d, voice.Limits{OutboundCalls: most, OutboundPerMinute: 1000, CallsPerSecond: 100, MaxQueued: all - most})
	other := newOrdering(t, d, voice.Limits{})
	var ids []voice.CallID
	for range most { // so that the line is empty
		_, id := o.order()
		ids = append(ids, id)
	}
	if !eventually(func() bool { return o.live()[voice.LiveWaiting] == 0 }) {
		t.Fatalf("the first wait: %v", o.live())
	}
	for range all - most {
		_, id := o.order()
		ids = append(ids, id)
	}
	if status, _ := o.order(); status != http.StatusTooManyRequests {
		t.Errorf("one order too many: %d", status)
	}
	other.order()
	other.rings().Reject(486)
	var up []*phone.Call
	for i := range all {
		c := o.rings()
		if err := c.Answer(t.Context()); err != nil {
			t.Fatal(err)
		}
		if up = append(up, c); len(up) < most {
			continue
		}
		if got := o.live(); got[voice.LiveWaiting] != all-i-1 {
			t.Errorf("after %d calls: %v", i+1, got)
		}
		select {
		case <-o.carrier.Incoming():
			t.Fatalf("%d calls are up and another comes", most)
		default:
		}
		if err := up[0].Hangup(t.Context()); err != nil {
			t.Fatal(err)
		}
		up = up[1:]
	}
	for _, c := range up {
		if err := c.Hangup(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	for i, id := range ids {
		var c voice.CDR
		if !eventually(func() bool {
			var err error
			c, err = d.Store().CDR(t.Context(), o.id, id)
			return err == nil && !c.End.IsZero()
		}) {
			t.Fatalf("call %d is not over: %+v", i, c)
		}
		if c.Answered.IsZero() || c.Cause != voice.CauseNormal {
			t.Errorf("call %d: %+v", i, c)
		}
	}
	events, err := d.Store().Events(t.Context(), ids[most])
	if err != nil {
		t.Fatal(err)
	}
	told := map[voice.EventKind]string{}
	for _, e := range events {
		told[e.Kind] += e.Text + "\n"
	}
	if !strings.Contains(told[voice.EventCallWaiting], "waits: the account has 3 outbound calls up, its limit is 3") ||
		!strings.Contains(told[voice.EventCallBegun], "begins after it waited ") || told[voice.EventCallAnswered] == "" {
		t.Errorf("the timeline of the first that waited: %v", told)
	}
}
