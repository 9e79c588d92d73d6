package storetest

import (
	"encoding/json"
	"strings"
	"testing"

	"tandem/internal/voice"
)

func testResources(t *testing.T, s Store) {
	ctx := t.Context()
	create := func(account voice.TenantID, kind, name string) voice.Resource {
		t.Helper()
		r := resource(account, kind, name)
		made := read(s.CreateResource(ctx, r))(t)
		r.Serial, r.Version = made.Serial, 1
		same(t, "created", made, r)
		return made
	}
	a, b := create(ours, "v/group", "Sales"), create(ours, "v/group", "Support")
	c, d := create(ours, "v/hook", "Sales"), create(theirs, "v/group", "Sales")
	e, f := create(ours, "v/group", ""), create(ours, "v/group", "") // no name is never taken

	same(t, "read back, data verbatim", read(s.Resource(ctx, ours, a.Kind, a.Serial))(t), a)
	for what, x := range map[string]struct {
		t    voice.TenantID
		f    voice.ResourceFilter
		want []voice.Resource
	}{
		"all of an account": {ours, voice.ResourceFilter{}, []voice.Resource{a, b, c, e, f}},
		"of a kind":         {ours, voice.ResourceFilter{Kind: "v/group"}, []voice.Resource{a, b, e, f}},
		"of a name":         {ours, voice.ResourceFilter{Kind: "v/group", Name: "Sales"}, []voice.Resource{a}},
		"after":             {ours, voice.ResourceFilter{Kind: "v/group", After: a.Serial, Limit: 2}, []voice.Resource{b, e}},
		"of every account":  {"", voice.ResourceFilter{Kind: "v/group", Name: "Sales"}, []voice.Resource{a, d}},
		"of nobody":         {"999", voice.ResourceFilter{}, nil},
	} {
		same(t, what, read(s.Resources(ctx, x.t, x.f))(t), x.want)
	}
	for what, err := range map[string]error{
		"another kind":    second(s.Resource(ctx, ours, c.Kind, a.Serial)),
		"another account": second(s.Resource(ctx, theirs, a.Kind, a.Serial)),
		"unknown":         second(s.Resource(ctx, ours, a.Kind, 1)),
		"no such account": second(s.CreateResource(ctx, resource("999", "v/group", "x"))),
	} {
		want(t, what, err, voice.NotExist)
	}
	err := second(s.CreateResource(ctx, resource(ours, "v/group", "Sales")))
	want(t, "name taken", err, voice.Exists)
	mentions(t, err, "name Sales is taken")
	want(t, "no kind", second(s.CreateResource(ctx, resource(ours, "", "x"))), voice.Invalid)
	testResourceChanges(t, s, a, b)
}

func testResourceChanges(t *testing.T, s Store, a, b voice.Resource) {
	ctx := t.Context()
	next := a
	next.Name, next.Data, next.Updated, next.Created = "Sellers", json.RawMessage(`[]`), moment(9), moment(99)
	same(t, "new version", read(s.UpdateResource(ctx, next))(t), 2)
	next.Version, next.Created = 2, a.Created
	same(t, "updated", read(s.Resource(ctx, ours, a.Kind, a.Serial))(t), next)
	want(t, "old version", second(s.UpdateResource(ctx, a)), voice.Conflict)
	taken := next
	taken.Name = b.Name
	want(t, "update to a taken name", second(s.UpdateResource(ctx, taken)), voice.Exists)
	stolen := next
	stolen.Tenant = theirs
	want(t, "update another account's", second(s.UpdateResource(ctx, stolen)), voice.NotExist)

	long := next
	long.Data = json.RawMessage(`"` + strings.Repeat("x", voice.MaxResourceData-2) + `"`)
	same(t, "as long as it may be", read(s.UpdateResource(ctx, long))(t), 3)
	long.Version, long.Data = 3, append(long.Data, ' ')
	want(t, "too long an update", second(s.UpdateResource(ctx, long)), voice.Limit)
	long.Name = "long"
	want(t, "too long", second(s.CreateResource(ctx, long)), voice.Limit)

	want(t, "delete another account's", s.DeleteResource(ctx, theirs, a.Kind, a.Serial), voice.NotExist)
	ok(t, s.DeleteResource(ctx, ours, a.Kind, a.Serial))
	want(t, "delete again", s.DeleteResource(ctx, ours, a.Kind, a.Serial), voice.NotExist)
	again := read(s.CreateResource(ctx, resource(ours, a.Kind, "Sellers")))(t)
	if again.Serial == a.Serial {
		t.Errorf("the number %d was given twice", a.Serial)
	}
}
