package route_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"tandem/internal/route"
	"tandem/internal/voice"
)

const tenant voice.TenantID = "1"

// world is every source, of plain lists.
type world struct {
	users      []voice.User
	extensions []voice.Extension
	numbers    []voice.Number
	apps       []voice.App
	err        error
}

func find[T any](w *world, list []T, is func(T) bool, what string) (T, error) {
	var none T
	if w.err != nil {
		return none, w.err
	}
	for _, v := range list {
		if is(v) {
			return v, nil
		}
	}
	return none, voice.Errorf("world", voice.NotExist, "no %s", what)
}

func (w *world) User(_ context.Context, t voice.TenantID, id voice.UserID) (voice.User, error) {
	return find(w, w.users, func(u voice.User) bool { return u.ID == id && t == tenant }, "user "+string(id))
}

func (w *world) Users(_ context.Context, _ voice.TenantID) ([]voice.User, error) {
	return w.users, w.err
}

func (w *world) Extension(_ context.Context, _ voice.TenantID, n string) (voice.Extension, error) {
	return find(w, w.extensions, func(e voice.Extension) bool { return e.Number == n }, "extension "+n)
}

func (w *world) Extensions(_ context.Context, _ voice.TenantID) ([]voice.Extension, error) {
	return w.extensions, w.err
}

func (w *world) NumberByE164(_ context.Context, e voice.E164) (voice.Number, error) {
	return find(w, w.numbers, func(n voice.Number) bool { return n.E164 == e }, "number "+string(e))
}

func (w *world) App(_ context.Context, _ voice.TenantID, id voice.AppID) (voice.App, error) {
	return find(w, w.apps, func(a voice.App) bool { return a.ID == id }, "app "+string(id))
}

func (w *world) DialledApp(_ context.Context, _ voice.TenantID, user string) (voice.AppID, error) {
	if user == "*21" {
		return "VA1", w.err
	}
	return "", voice.Errorf("world", voice.NotExist, "nothing is dialled %s", user)
}

func (w *world) sources() route.Sources {
	return route.Sources{Users: w, Extensions: w, Numbers: w, Apps: w, Addresses: w, Domain: "sip.example", Port: 5060}
}

// words writes a route in one line.
func words(r voice.Route) string {
	var parts []string
	for _, a := range r.Attempts {
		p := ""
		for i, t := range a.Targets {
			if i > 0 {
				p += ", "
			}
			p += t.String()
		}
		if a.App != "" {
			p = "app " + string(a.App)
		}
		if a.Disconnect {
			p = "disconnect"
		}
		if a.RingTime > 0 {
			p += " for " + a.RingTime.String()
		}
		if a.CallerID != "" {
			p += " as " + a.CallerID
		}
		parts = append(parts, p)
	}
	return strings.Join(parts, " | ")
}

func rule(s string) voice.CallRule {
	f := strings.Fields(s)
	c := voice.CallRule{Action: f[0]}
	for _, part := range f[1:] {
		key, value, _ := strings.Cut(part, "=")
		switch key {
		case "to":
			c.To = value
		case "id":
			c.ID = value
		case "show":
			c.Show = value
		case "ring":
			c.RingTime, _ = time.ParseDuration(value)
		}
	}
	return c
}

func someWorld() *world {
	phone := func(n string, receives bool) voice.Phone {
		return voice.Phone{ID: "p" + n, Number: voice.E164("+" + n), Receives: receives}
	}
	return &world{
		users: []voice.User{
			{ID: "10", FirstName: "Anna", Extension: "101", Phones: []voice.Phone{phone("4670000001", true), phone("4670000002", false)}},
			{ID: "11", FirstName: "Bo", Extension: "102"},
			{ID: "12", FirstName: "Cy"},
			{ID: "13", Extension: "999"}, // a short number without a telephone line
		},
		extensions: []voice.Extension{{Number: "101", User: "10"}, {Number: "102"}, {Number: "105"}, {Number: "106", User: "gone"}},
		numbers: []voice.Number{
			{E164: "+4685000000", Tenant: tenant, Dest: voice.Destination{Kind: voice.ToUser, ID: "10"}},
			{E164: "+4685000001", Tenant: tenant},
			{E164: "+4685000002", Tenant: "2", Dest: voice.Destination{Kind: voice.ToUser, ID: "20"}},
		},
		apps: []voice.App{{ID: "VA1", Name: "Main"}},
	}
}

func TestDestinations(t *testing.T) {
	for _, c := range []struct{ dest, want string }{
		{"user 10", "extension 101, number +4670000001 for 30s"},
		{"user 11", "extension 102 for 30s"},
		{"user 12", "error unavailable"},
		{"user 13", "error unavailable"},
		{"user 99", "error not exist"},
		{"extension 101", "extension 101, number +4670000001 for 30s"},
		{"extension 102", "extension 102 for 30s"},
		{"extension 105", "extension 105"},
		{"extension 106", "extension 106"},
		{"extension 199", "error not exist"},
		{"number +46 8 500 00 00", "extension 101, number +4670000001 for 30s"},
		{"number 4685000001", "number +4685000001"},
		{"number +4685000002", "number +4685000002"},
		{"number 12", "error invalid"},
		{"sip bob@pbx.example:5070", "sip bob@pbx.example:5070"},
		{"sip sip:bob@pbx.example", "sip bob@pbx.example"},
		{"sip 105@SIP.example:5060", "extension 105"},
		{"sip VA1@sip.example", "app VA1"},
		{"sip VA1@sip.example:5060", "app VA1"},
		{"sip VA1@sip.example:5062", "sip VA1@sip.example:5062"}, // another program on this machine
		{"sip nobody@sip.example", "error not exist"},
		{"sip bob", "error invalid"},
		{"app VA1", "app VA1"},
		{"app VA2", "error not exist"},
		{"mailbox 10", "app mailbox/10"},
		{"mailbox 99", "error not exist"},
		{"phones 101", "extension 101"},
		{"phones 999", "error not exist"},
		{"dialled 101", "extension 101, number +4670000001 for 30s"},
		{"dialled 105", "extension 105"},
		{"dialled *21", "app VA1"},
		{"dialled *22", "error not exist"},
		{"dialled +46 8 500 00 00", "extension 101, number +4670000001 for 30s"},
		{"dialled 0046709", "error not exist"},
		{"dialled 004670000009", "number +4670000009"},
		{"dialled 105@sip.example", "extension 105"},
		{"dialled bob@pbx.example", "sip bob@pbx.example"},
		{"group 1", "extension 101, number +4670000001, extension 102 for 30s"},
		{"group 2", "error not exist"},
		{" ", "error not exist"},
		{"fax 5", "error invalid"},
	} {
		kind, id, _ := strings.Cut(c.dest, " ")
		got := resolve(someWorld(), voice.Destination{Kind: voice.DestinationKind(kind), ID: id}, false)
		if got != c.want {
			t.Errorf("%s: %s, want %s", c.dest, got, c.want)
		}
	}
}

func resolve(w *world, d voice.Destination, fromApp bool) string {
	r, err := route.Resolve(context.Background(), w.sources(), tenant, d, route.Caller{FromApp: fromApp})
	if err != nil {
		return "error " + string(voice.KindOf(err))
	}
	return words(r)
}

func TestCallSettings(t *testing.T) {
	const mine = "extension 101, number +4670000001"
	for _, c := range []struct{ first, second, app, direct, fromApp string }{
		{"ring to=myphones ring=10s", "forward to=voicemail", "", mine + " for 10s | app mailbox/10", ""},
		{"ring to=sipphones", "ring to=phone id=p4670000002 ring=5s", "", "extension 101 for 30s | number +4670000002 for 5s", ""},
		{"ring to=phone id=nothing", "disconnect", "", "disconnect", ""},
		{"disconnect", "ring to=myphones", "", "disconnect", ""},
		{"forward to=user id=11", "forward to=phnum id=+4670000009 ring=12s show=+4685000000", "", "extension 102 for 30s | number +4670000009 for 12s as +4685000000", ""},
		{"forward to=voiceapp id=VA1", "ring", "", "app VA1", ""},
		{"forward to=voiceapp id=gone", "ring to=myphones show=none", "", mine + " for 30s as anonymous", ""},
		{"forward to=sip id=bob@pbx.example show=caller", "", "", "sip bob@pbx.example", ""},
		{"forward to=user id=gone", "", "", "error unavailable", ""},
		{"forward to=moon id=1", "forward to=voicemail", "", "app mailbox/10", ""},
		{"", "", "", mine + " for 30s", ""},
		{"ring to=myphones", "forward to=voicemail", "ring to=sipphones ring=8s", mine + " for 30s | app mailbox/10", "extension 101 for 8s"},
		{"ring to=myphones ring=10s", "", "", mine + " for 10s", mine + " for 10s"},
	} {
		w := someWorld()
		u := &w.users[0]
		for s, at := range map[string]*voice.CallRule{c.first: &u.Incoming.First, c.second: &u.Incoming.Second, c.app: &u.Incoming.App} {
			if s != "" {
				*at = rule(s)
			}
		}
		d := voice.Destination{Kind: voice.ToUser, ID: "10"}
		if got := resolve(w, d, false); got != c.direct {
			t.Errorf("%s / %s: %s, want %s", c.first, c.second, got, c.direct)
		}
		if got := resolve(w, d, true); c.fromApp != "" && got != c.fromApp {
			t.Errorf("%s from an app: %s, want %s", c.app, got, c.fromApp)
		}
	}
}

// Users who forward to each other, or in too long a chain, do not hang the call.
func TestForwardLoops(t *testing.T) {
	w := someWorld()
	w.users[0].Incoming.First = rule("forward to=user id=11")
	w.users[1].Incoming.First = rule("forward to=user id=10")
	d := voice.Destination{Kind: voice.ToUser, ID: "10"}
	if got := resolve(w, d, false); got != "error unavailable" {
		t.Errorf("a circle: %s", got)
	}
	w.users[1].Incoming.Second = rule("ring")
	if got := resolve(w, d, false); got != "extension 102 for 30s" {
		t.Errorf("a circle with a way out: %s", got)
	}
	for _, c := range []struct {
		length int
		want   string
	}{{route.MaxForwards, "extension 555 for 30s"}, {route.MaxForwards + 1, "error unavailable"}} {
		w := &world{extensions: []voice.Extension{{Number: "555", User: voice.UserID(fmt.Sprint(c.length))}}}
		for i := range c.length + 1 {
			u := voice.User{ID: voice.UserID(fmt.Sprint(i))}
			if i < c.length {
				u.Incoming.First = rule(fmt.Sprintf("forward to=user id=%d", i+1))
			}
			w.users = append(w.users, u)
		}
		if got := resolve(w, voice.Destination{Kind: voice.ToUser, ID: "0"}, false); got != c.want {
			t.Errorf("%d forwards: %s, want %s", c.length, got, c.want)
		}
	}
}

// A broken store is an error, not a user who is gone.
func TestStoreFails(t *testing.T) {
	w := someWorld()
	w.err = voice.Errorf("world", voice.Unavailable, "the database does not answer")
	for _, kind := range []voice.DestinationKind{voice.ToUser, voice.ToExtension, voice.ToNumber, voice.ToApp, voice.ToMailbox} {
		if got := resolve(w, voice.Destination{Kind: kind, ID: "4685000000"}, false); got != "error unavailable" {
			t.Errorf("%s: %s", kind, got)
		}
	}
}

// A group is never more than can be rung at once.
func TestManyTargets(t *testing.T) {
	w := &world{}
	for i := range 40 {
		n := fmt.Sprint(100 + i)
		w.users = append(w.users, voice.User{ID: voice.UserID(n), Extension: n})
		w.extensions = append(w.extensions, voice.Extension{Number: n, User: voice.UserID(n)})
	}
	r, err := route.Resolve(t.Context(), w.sources(), tenant, voice.Destination{Kind: voice.ToGroup, ID: "1"}, route.Caller{})
	if err != nil || len(r.Attempts) != 1 || len(r.Attempts[0].Targets) != voice.MaxTargets {
		t.Errorf("%v %v", words(r), err)
	}
}
