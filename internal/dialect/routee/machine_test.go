package routee_test

import (
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"tandem/internal/dialect/routee"
	"tandem/internal/dialect/routeeplan"
	"tandem/internal/flow"
	"tandem/internal/voice"
)

// A step of the program of the newest order.
func (f *fixture) step(fits func(flow.Step) bool) bool {
	p := f.calls.began[len(f.calls.began)-1].Program
	return slices.ContainsFunc(p.Nodes, func(n flow.Node) bool { return fits(n.Step) })
}

func TestMachine(t *testing.T) {
	f := newFixture(t)
	with := func(machine string) {
		f.ok("POST", "/voice/conversation", `{"from":"x","to":{"phone":"+30691111111"},"dialPlan":{"verbs":[{"type":"PAUSE","duration":1}]},"machineDetection":`+machine+`}`)
		if ds := flow.Validate(f.calls.began[len(f.calls.began)-1].Program); len(ds) > 0 {
			t.Error(ds)
		}
	}
	detects := func(s flow.Step) bool { _, is := s.(flow.DetectMachine); return is }
	asks := func(s flow.Step) bool {
		x, is := s.(flow.Fetch)
		return is && x.URL == "https://a.example/m" && x.Replace
	}
	with(`{"strategy":"hangup"}`)
	if !f.step(detects) || f.step(asks) {
		t.Error("Hangup")
	}
	with(`{"strategy":"Continue","eventUrl":"https://a.example/m"}`)
	if !f.step(detects) || !f.step(asks) {
		t.Error("Continue")
	}
	q := flow.Question{Call: voice.CallInfo{ID: voice.CallID(voice.NewID(""))}, Vars: map[string]string{flow.VarAnsweredBy: "machine"}}
	r, err := f.dialect.Ask(t.Context(), q)
	if err != nil || !strings.HasSuffix(string(r.Body), `"answeredBy":"MACHINE"}`) {
		t.Errorf("question: %s %v", r.Body, err)
	}
	q.Vars = map[string]string{flow.VarAnsweredBy: "machine", routeeplan.VarDials: "II", routeeplan.VarMachineFrom: "Company", routeeplan.VarMachineTo: "+306988000000"}
	r, err = f.dialect.Ask(t.Context(), q)
	want := `{"messageId":"` + routee.MessageID(q.Call.ID, 2) + `","conversationTrackingId":"` + routee.TrackingID(q.Call.ID) + `","from":"Company","to":"+306988000000","answeredBy":"MACHINE"}`
	if err != nil || string(r.Body) != want {
		t.Errorf("question of a DIAL: %s %v; want %s", r.Body, err, want)
	}
}

func TestDialPlanURL(t *testing.T) {
	f := newFixture(t)
	a := f.ok("POST", "/voice/conversation", `{"from":"x","to":{"sip":"sip:a@b.example"},"dialPlanUrl":"https://a.example/plan","hangupDelay":"20","maxDuration":600}`)
	if a["dialPlanUrl"] != "https://a.example/plan" || a["hangupDelay"] != 20.0 || a["maxDuration"] != 600.0 || a["dialPlan"] != nil {
		t.Errorf("answer: %v", a)
	}
	if !f.step(func(s flow.Step) bool {
		x, is := s.(flow.Fetch)
		return is && x.URL == "https://a.example/plan" && x.Replace
	}) {
		t.Error("nobody is asked for the plan")
	}
	if ds := flow.Validate(f.calls.began[0].Program); len(ds) > 0 {
		t.Error(ds)
	}
}

// At the root, as requests with the vendor's Host are served.
func TestHosts(t *testing.T) {
	f := newFixture(t)
	if !slices.Equal(f.dialect.HostNames(), []string{"connect.routee.net", "auth.routee.net"}) {
		t.Error(f.dialect.HostNames())
	}
	f.handler = f.dialect.Handler("")
	req := httptest.NewRequest("GET", "/numbers/my", nil)
	req.Header.Set("Authorization", "Bearer "+f.token)
	if status, answer := f.do(req); status != 200 {
		t.Errorf("%d %v", status, answer)
	}
	req = httptest.NewRequest("POST", "/oauth/token", nil)
	if status, _ := f.do(req); status != 400 {
		t.Errorf("token without a grant: %d", status)
	}
}
