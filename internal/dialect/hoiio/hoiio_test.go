package hoiio_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tandem/internal/clock"
	"tandem/internal/dialect"
	"tandem/internal/dialect/dialecttest"
	"tandem/internal/dialect/hoiio"
	"tandem/internal/flow"
	"tandem/internal/secret"
	"tandem/internal/store/sqlstore"
	"tandem/internal/voice"
)

const account = "704110238"

// fixture is the dialect on a real database with two applications of one account
// and a third of another; calls are fakes.
type fixture struct {
	t       testing.TB
	store   *sqlstore.Store
	dialect *hoiio.Dialect
	live    []voice.LiveCall
	orders  []dialect.CallBack
	taken   []flow.Command
	taped   int
	err     error // of the next command or tape
	web     map[string]string
	now     *clock.Virtual
}

func newFixture(t testing.TB) *fixture {
	t.Helper()
	store, err := sqlstore.Open(t.Context(), sqlstore.Options{SQLitePath: filepath.Join(t.TempDir(), "t.db")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	f := &fixture{t: t, store: store, web: map[string]string{}}
	now := clock.NewVirtual(time.Date(2026, 11, 21, 7, 10, 0, 0, time.UTC))
	f.now = now
	box := secret.New()
	if f.dialect, err = hoiio.New(hoiio.Config{
		Tenants: store, Users: store, Extensions: store, Apps: store, Numbers: store, Recordings: store, Calls: store, Credentials: store,
		Auth: checker{store}, Box: box, Audio: voices{}, Control: f, Live: fakeLive{f: f}, Commands: fakeCommands{f: f},
		Settings: store, Sound: f.sound, CheckURL: f.checkURL, LinkKey: bytes.Repeat([]byte("k"), 32), PublicURL: "http://pbx.example/hoiio", Now: now.Now,
	}); err != nil {
		t.Fatal(err)
	}
	for _, id := range []voice.TenantID{account, "704110239"} {
		must(t, store.CreateTenant(t.Context(), voice.Tenant{ID: id, Name: "Example", Country: "SG", Currency: "SGD", Created: now.Now()}))
		must(t, store.CreateUser(t.Context(), voice.User{ID: voice.UserID("1" + id), Tenant: id, FirstName: "Ada", Email: string(id) + "@example.com", Role: voice.RoleAdmin,
			Phones: []voice.Phone{{ID: "p", Number: "+6599999999"}}, Created: now.Now()}))
	}
	for app, id := range map[string]voice.TenantID{"APP": account, "APP2": account, "FOREIGN": "704110239"} {
		must(t, store.CreateToken(t.Context(), voice.Token{ID: voice.TokenID(app), Tenant: id, User: voice.UserID("1" + id), Kind: hoiio.Kind, Name: app,
			Sealed: box.Seal(hoiio.SealedRow(app), []byte("TOK")), Created: now.Now()}))
	}
	must(t, store.AddNumber(t.Context(), voice.Number{E164: "+6531234567", Tenant: account, Created: now.Now()}))
	return f
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// checker takes one access token for all applications; hashing is package auth's.
type checker struct{ voice.TokenStore }

func (c checker) Check(ctx context.Context, kind, name, secret, _ string) (voice.Token, error) {
	if secret != "TOK" {
		return voice.Token{}, voice.Errorf("check", voice.Permission, "wrong")
	}
	return c.TokenByName(ctx, kind, name)
}

func (checker) SetPassword(context.Context, string, voice.User, string) error { return nil }

type voices struct{ dialect.Audio }

func (voices) Voices(context.Context) ([]dialect.SpeechVoice, error) {
	return []dialect.SpeechVoice{{ID: "f", Language: "en-US", Gender: "female"}, {ID: "m", Language: "en-US", Gender: "male"}}, nil
}

func (f *fixture) Originate(_ context.Context, c dialect.CallBack) (voice.CallID, error) {
	switch c.First.ID {
	case "+6590000001":
		return "", voice.Errorf("originate", voice.Limit, "too many calls")
	case "+6590000002":
		return "", voice.Errorf("originate", voice.Unavailable, "no trunk takes it")
	}
	f.orders = append(f.orders, c)
	return "CALL9", f.err
}

// sound fails as the web says.
func (f *fixture) sound(ctx context.Context, _ voice.TenantID, u string) error {
	if f.web[u] == "slow" {
		<-ctx.Done()
		return context.Cause(ctx)
	}
	switch words := f.web[u]; words {
	case "":
		return voice.Errorf("sound", voice.NotExist, "nothing is there")
	case "text":
		return voice.InvalidField("sound", "file", "it is text")
	case "sound":
		return nil
	default:
		return voice.Errorf("sound", voice.Kind(words), "it can't be had")
	}
}

func (f *fixture) checkURL(ctx context.Context, u string) error {
	switch {
	case voice.TenantOf(ctx) != account:
		return voice.Errorf("check", voice.Permission, "whose request is it?")
	case strings.Contains(u, "//10."):
		return voice.Errorf("check", voice.Permission, "it is not public")
	case strings.Contains(u, "//nowhere."):
		return voice.Errorf("check", voice.NotExist, "there is no such host")
	}
	return nil
}

type fakeLive struct {
	dialect.LiveCalls
	f *fixture
}

func (l fakeLive) Live(_ context.Context, t voice.TenantID) (list []voice.LiveCall, _ error) {
	for _, c := range l.f.live {
		if c.Info.Tenant == t {
			list = append(list, c)
		}
	}
	return list, nil
}

// LiveCall implements dialect.LiveCalls.
func (l fakeLive) LiveCall(ctx context.Context, t voice.TenantID, id voice.CallID) (voice.LiveCall, error) {
	return dialecttest.LiveCall(ctx, l, t, id)
}

type fakeCommands struct {
	dialect.Commander
	f *fixture
}

func (c fakeCommands) Command(_ context.Context, _ voice.TenantID, _ voice.CallID, cmd flow.Command) error {
	if bad, is := flow.Validate(cmd.Program).FirstError(); is {
		c.f.t.Errorf("a program that can't be run: %s", bad)
	}
	if c.f.err == nil {
		c.f.taken = append(c.f.taken, cmd)
	}
	return c.f.err
}

func (c fakeCommands) StartTape(context.Context, voice.TenantID, voice.CallID, voice.TapeSpec) (voice.RecordingID, error) {
	if c.f.taped++; c.f.taped > 1 {
		return "", voice.Errorf("tape", voice.Conflict, "one is made")
	}
	return "REC", nil
}

// status calls a method and gives the status; query is added to the credential.
func (f *fixture) status(method, query string) string {
	f.t.Helper()
	s, _ := f.ask("POST", method, "app_id=APP&access_token=TOK&"+query)["status"].(string)
	return s
}

func (f *fixture) ask(verb, method, form string) map[string]any {
	f.t.Helper()
	target, body := "/hoiio/open/"+method, form
	if verb == "GET" {
		target, body = target+"?"+form, ""
	}
	req := httptest.NewRequest(verb, target, strings.NewReader(body))
	req.Header.Set("Content-Type", "application/json") // as some clients call their forms
	rec := httptest.NewRecorder()
	f.dialect.Handler("/hoiio").ServeHTTP(rec, req)
	var v map[string]any
	if err := json.Unmarshal(rec.Body.Bytes(), &v); err != nil || rec.Code != 200 {
		f.t.Fatalf("%s %s: %d %s", verb, method, rec.Code, rec.Body)
	}
	return v
}

// session has a call that waits at a place.
func (f *fixture) session(awaits, command string) {
	f.live = []voice.LiveCall{{Info: voice.CallInfo{ID: "LIVE", Tenant: account, Order: "hoiio/APP/1"}, Awaits: awaits, Command: command}}
}

// Each status, in the order in which what is wrong is said.
func TestStatuses(t *testing.T) {
	f := newFixture(t)
	f.session("ready", "")
	f.web = map[string]string{"http://x/a.wav": "sound", "http://x/a.gsm": "sound", "http://x/b.wav": "text", "http://x/big.mp3": "limit",
		"http://x/down.mp3": "unavailable", "http://x/inside.mp3": "permission", "http://x/a.ogg": "sound"}
	long := strings.Repeat("x", 257)
	const told = "&notify_url=http://app/"
	for _, c := range []struct{ method, query, want string }{
		{"ivr/start/dial", "", "error_dest_param_missing"},
		{"ivr/start/dial", "dest=abc&msg=<x", "error_dest_invalid"},
		{"ivr/start/dial", "dest=%2B6511111111&msg=<x&caller_id=1", "error_msg_invalid_xml"},
		{"ivr/start/dial", "dest=%2B6511111111&caller_id=%2B6500000000&max_duration=x", "error_caller_id_invalid"},
		{"ivr/start/dial", "dest=%2B6511111111&caller_id=%2B6531234567&max_duration=x&tag=" + long, "error_invalid_max_duration"},
		{"ivr/start/dial", "dest=%2B6511111111&caller_id=private&tag=" + long, "error_tag_invalid_length"},
		{"ivr/start/dial", "dest=%2B6511111111&notify_url=ftp://x", "error_invalid_notify_url"},
		{"ivr/start/dial", "dest=%2B6511111111&notify_url=http://10.0.0.1/", "error_invalid_notify_url"},
		{"ivr/start/dial", "dest=%2B6511111111&notify_url=http://nowhere.example/", "error_unable_to_resolve_notify_url"},
		{"ivr/start/dial", "dest=+6511111111&tag=&notify_url=", "success_ok"},
		{"ivr/middle/play", "", "error_session_param_missing"},
		{"ivr/middle/gather", "session=SLIVE", "error_notify_url_param_missing"},
		{"ivr/middle/gather", "session=SLIVE&max_digits=256" + told, "error_invalid_max_digits"},
		{"ivr/middle/gather", "session=SLIVE&timeout=0" + told, "error_invalid_timeout"},
		{"ivr/middle/gather", "session=SLIVE&attempts=0" + told, "error_invalid_attempts"},
		{"ivr/middle/record", "session=SLIVE&max_duration=0" + told, "error_invalid_max_duration"},
		{"ivr/middle/play", "session=SNONE", "error_invalid_session"},
		{"ivr/middle/play", "session=SLIVE&msg=" + strings.Repeat("x", 1001), "error_msg_invalid_length"},
		{"ivr/middle/play", "session=SLIVE&msg=<speech+gender='odd'>x</speech>", "error_msg_invalid_gender"},
		{"ivr/middle/play", "session=SLIVE&msg=<speech+language='xx'>x</speech>", "error_msg_invalid_language"},
		{"ivr/middle/play", "session=SLIVE&msg=a%01b", "error_msg_cannot_convert_text"},
		{"ivr/middle/play", "session=SLIVE&msg=<url>file:///a.wav</url>", "error_msg_invalid_url"},
		{"ivr/middle/play", "session=SLIVE&msg=<url>http://x/none.wav</url>", "error_msg_download_failed"},
		{"ivr/middle/play", "session=SLIVE&msg=<url>http://x/b.wav</url>", "error_msg_invalid_file_format"},
		{"ivr/middle/play", "session=SLIVE&msg=<url>http://x/a.ogg</url>", "error_msg_invalid_file_format"},
		{"ivr/middle/play", "session=SLIVE&msg=<url>http://x/a.gsm</url>", "success_ok"},
		{"ivr/middle/play", "session=SLIVE&msg=<url>http://x/down.mp3</url>", "error_msg_download_failed"},
		{"ivr/middle/play", "session=SLIVE&msg=<url>http://x/inside.mp3</url>", "error_msg_invalid_url"},
		{"ivr/middle/play", "session=SLIVE&msg=<url>http://x/big.mp3</url>", "error_msg_invalid_file_size"},
		{"ivr/middle/play", "session=SLIVE&msg=Hi+<url>http://x/a.wav</url>+<speech+gender='male'>there</speech>", "success_ok"},
		{"ivr/middle/play", "session=SLIVE&msg=Tom+%26+Jerry", "success_ok"},
		{"ivr/middle/unhold", "session=SLIVE", "error_session_not_on_hold"},
		{"ivr/end/transfer", "session=SLIVE&dest=room:a-b", "error_invalid_room"},
		{"ivr/end/transfer", "session=SLIVE&dest=%2B6522222222&on_failure=x", "error_on_failure_invalid"},
		{"ivr/middle/monitor", "session=SLIVE" + told, "success_ok"},
		{"ivr/middle/monitor", "session=SLIVE" + told, "error_monitor_in_progress"},
		{"voice/call", "dest1=x&dest2=%2B6522222222", "error_dest1_invalid"},
		{"voice/call", "dest1=%2B6522222222&dest2=x", "error_dest2_invalid"},
		{"voice/call", "dest1=%2B6522222222&dest2=%2B6522222222", "error_same_dest1_dest2"},
		{"voice/call", "dest2=%2B6522222222", "success_ok"},
		{"voice/query_status", "txn_ref=x", "error_invalid_txn_ref"},
		{"voice/get_history", "from=x", "error_from_invalid"},
		{"voice/get_history", "to=x", "error_to_invalid"},
		{"voice/get_history", "from=2026-01-02+00:00:00&to=2026-01-01+00:00:00", "error_to_before_from"},
		{"voice/get_history", "page=0", "error_page_invalid"},
		{"voice/get_history", "", "success_ok"},
		{"voice/get_rate", "dest1=%2B6522222222&dest2=%2B6522222223", "success_ok"},
		{"voice/conference", "dest=%2B6522222222,x", "error_dest_invalid"},
		{"conference/call", "dest=%2B6522222222,%2B6522222223", "success_ok"},
		{"number/update_forwarding", "number=x", "error_number_invalid"},
		{"number/update_forwarding", "number=%2B6500000000", "error_number_not_assigned"},
		{"number/update_forwarding", "number=%2B6531234567&forward_to=x", "error_forward_to_invalid"},
		{"number/update_forwarding", "number=%2B6531234567&forward_to=http://nowhere.example/", "error_unable_to_resolve_forward_to"},
		{"number/update_forwarding", "number=%2B6531234567&mode=fax", "error_mode_invalid"},
		{"number/subscribe", "", "error_no_number_available"},
		{"number/get_countries", "", "success_ok"},
		{"user/get_balance", "", "success_ok"},
		{"user/get_info", "", "success_ok"},
	} {
		if got := f.status(c.method, c.query); got != c.want {
			t.Errorf("%s %.80s: %s, want %s", c.method, c.query, got, c.want)
		}
	}
	for form, want := range map[string]string{
		"": "error_app_id_param_missing", "app_id=X": "error_invalid_app_id", "app_id=APP": "error_access_token_param_missing",
		"app_id=APP&access_token=x": "error_invalid_access_token", "app_id=%zz": "error_malformed_params", "app_id=%ff": "error_malformed_params",
	} {
		for _, verb := range []string{"GET", "POST"} {
			if got := f.ask(verb, "user/get_info", form)["status"]; got != want {
				t.Errorf("%s %q: %v, want %s", verb, form, got, want)
			}
		}
	}
	f.err = voice.Errorf("x", voice.Limit, "1000 ordered calls of the account wait to begin, its limit")
	for method, query := range map[string]string{"ivr/start/dial": "dest=%2B6511111111", "voice/call": "dest1=%2B6511111111&dest2=%2B6511111112", "voice/conference": "dest=%2B6511111111"} {
		if got := f.status(method, query); got != "error_concurrent_call_limit_reached" {
			t.Errorf("%s over the limit: %s", method, got)
		}
	}
	if got := f.ask("PUT", "user/get_info", "app_id=%zz")["status"]; got != "error_invalid_http_method" {
		t.Errorf("PUT: %v", got)
	}
}

// What becomes of blocks in each state of a session, and for whom.
func TestSessions(t *testing.T) {
	f := newFixture(t)
	const play, hangup = "ivr/middle/play", "ivr/end/hangup"
	for _, c := range []struct{ awaits, command, method, query, want string }{
		{"", "hoiio play", play, "", "error_session_not_ready"},
		{"held", "hoiio hold", play, "", "error_session_not_ready"},
		{"held", "hoiio hold", "ivr/middle/unhold", "", "success_ok"},
		{"", "hoiio transfer", play, "", "error_session_ended"},
		{"", "hoiio transfer", hangup, "", "success_ok"},
		{"", "hoiio transfer, or go on", play, "", "error_session_not_ready"},
		{"", "hoiio hangup", hangup, "", "error_session_ended"},
		{"", "hoiio play", hangup, "msg=Bye", "success_ok"},
		{"ringing", "", hangup, "", "success_ok"},
		{"ready", "", "ivr/middle/hold", "", "success_ok"},
		{"ringing", "", "ivr/end/transfer", "dest=%2B6522222222", "success_ok"},
	} {
		f.session(c.awaits, c.command)
		if got := f.status(c.method, "session=SLIVE&"+c.query); got != c.want {
			t.Errorf("%s at %q after %q: %s, want %s", c.method, c.awaits, c.command, got, c.want)
		}
	}
	f.session("ready", "")
	f.err = voice.Errorf("command", voice.Conflict, "another was faster")
	if got := f.status(play, "session=SLIVE"); got != "error_session_not_ready" {
		t.Errorf("the second of two at once: %s", got)
	}
	for app, want := range map[string]string{"APP2": "error_session_access_denied", "FOREIGN": "error_invalid_session"} {
		if got := f.ask("GET", play, "app_id="+app+"&access_token=TOK&session=SLIVE")["status"]; got != want {
			t.Errorf("%s: %v, want %s", app, got, want)
		}
	}
	f.live = nil
	must(t, f.store.PutCDR(t.Context(), voice.CDR{Call: "LIVE", Tenant: account, Order: "hoiio/APP/1", Start: time.Unix(1, 0), End: time.Unix(2, 0)}))
	if got := f.status(play, "session=SLIVE"); got != "error_session_ended" {
		t.Errorf("an ended one: %s", got)
	}
}

// The notification and signature of the worked example.
func TestNotification(t *testing.T) {
	f := newFixture(t)
	fact := dialect.Fact{Event: voice.Event{Kind: voice.EventNotice, Data: map[string]string{"dialect": "hoiio", "hoiio.block": "gather",
		"hoiio.notify": "http://app/ivr?app_state=gather", "hoiio.tag": "menu", "hoiio.digits": "1"}},
		Call: dialect.CallState{Info: voice.CallInfo{ID: "3839", Tenant: account, Direction: voice.Inbound, From: "+6598765432", To: "+6531234567"},
			Data: map[string]string{"hoiio.app": "APP"}}}
	ds, err := f.dialect.Deliveries(t.Context(), fact)
	if err != nil || len(ds) != 1 {
		t.Fatalf("%v %v", ds, err)
	}
	want := "ivr_block=gather&session=S3839&txn_ref=AA-C-3839&call_state=ongoing&from=%2B6598765432&to=%2B6531234567&digits=1&tag=menu&app_state=gather"
	if ds[0].Body != want || ds[0].URL != "http://app/ivr?app_state=gather" || ds[0].Tries != 1 {
		t.Errorf("sent %+v", ds[0])
	}
	ds[0].Body = strings.Replace(want, "AA-C-3839", "AA-C-2507650", 1)
	headers, signed, err := f.dialect.Sign(t.Context(), ds[0], time.Now())
	if err != nil || signed != ds[0].Body || headers[hoiio.SignatureHeader] != "ae380dae326fdb0012dccaef3e00bbfe92de4f4500802585462dfa869e4e30ae" {
		t.Errorf("%v %v", headers, err)
	}
	fact.Event = voice.Event{Kind: voice.EventCallEnded}
	fact.Call.Data = map[string]string{"hoiio.app": "APP", "hoiio.block": "record", "hoiio.notify": "http://app/", "hoiio.recording": "R1", "gone": "true", "hoiio.done": "1",
		"hoiio.tape": "T1", "hoiio.tape_notify": "http://app/tape"}
	fact.Call.CDR = &voice.CDR{Start: time.Date(2026, 11, 21, 7, 10, 0, 0, time.UTC), End: time.Date(2026, 11, 21, 7, 10, 40, 0, time.UTC)}
	fact.Call.Answered = fact.Call.CDR.Start
	ds, err = f.dialect.Deliveries(t.Context(), fact)
	if err != nil || len(ds) != 2 {
		t.Fatalf("%v %v", ds, err)
	}
	v, _ := url.ParseQuery(ds[0].Body)
	if v.Get("call_state") != "ended" || v.Get("date") != "2026-11-21 15:10:00" || v.Get("duration") != "1" || v.Get("currency") != "SGD" ||
		!strings.HasPrefix(v.Get("record_url"), "http://pbx.example/hoiio/open/audio/") || !v.Has("tag") {
		t.Errorf("the end is told by %v", v)
	}
	if v, _ := url.ParseQuery(ds[1].Body); v.Get("ivr_block") != "monitor" || v.Get("monitor_url") == "" || ds[1].URL != "http://app/tape" {
		t.Errorf("monitor is told by %v", v)
	}
}

func TestForwarding(t *testing.T) {
	f := newFixture(t)
	for _, to := range []string{"http://app/ivr", "http://app/other", "%2B6522222222", "http://app/ivr"} {
		if got := f.status("number/update_forwarding", "number=%2B6531234567&forward_to="+to); got != "success_ok" {
			t.Fatalf("%s: %s", to, got)
		}
	}
	v := f.ask("GET", "number/get_active", "app_id=APP&access_token=TOK")
	list, _ := v["entries"].([]any)
	if len(list) != 1 || v["entries_count"] != "1" || list[0].(map[string]any)["forward_to"] != "http://app/ivr" {
		t.Errorf("active: %v", v)
	}
	apps, err := f.store.Apps(t.Context(), account)
	if err != nil || len(apps) != 1 {
		t.Fatalf("%v %v", apps, err)
	}
	p, diags, err := f.dialect.Compile(t.Context(), apps[0], nil)
	if err != nil || len(diags) > 0 {
		t.Fatal(err, diags)
	}
	if bad, is := flow.Validate(&p).FirstError(); is {
		t.Error(bad)
	}
}
