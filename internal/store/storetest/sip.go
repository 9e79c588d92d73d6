package storetest

import (
	"testing"

	"tandem/internal/voice"
)

func testExtensions(t *testing.T, s Store) {
	ctx := t.Context()
	a := voice.Extension{
		Tenant: ours, Number: "102", Username: "u102", Realm: "example.com", HA1MD5: "aa", HA1SHA256: "bb", User: "11", SRTP: "required", Created: moment(1),
	}
	b := voice.Extension{Tenant: ours, Number: "101", Username: "u101", Created: moment(2)}
	other := voice.Extension{Tenant: theirs, Number: "102", Username: "v102"}
	for _, e := range []voice.Extension{a, b, other} {
		ok(t, s.AddExtension(ctx, e))
	}
	same(t, "read back", read(s.Extension(ctx, ours, "102"))(t), a)
	same(t, "by username", read(s.ExtensionByUsername(ctx, "v102"))(t), other)
	same(t, "by number", read(s.Extensions(ctx, ours))(t), []voice.Extension{b, a})
	_, err := s.ExtensionByUsername(ctx, "nobody")
	want(t, "unknown username", err, voice.NotExist)
	err = s.AddExtension(ctx, voice.Extension{Tenant: ours, Number: "102", Username: "x"})
	want(t, "number taken", err, voice.Exists)
	mentions(t, err, "extension 102 is taken")
	err = s.AddExtension(ctx, voice.Extension{Tenant: theirs, Number: "105", Username: "u102"})
	want(t, "username taken", err, voice.Exists)
	mentions(t, err, "SIP username u102 is taken")
	want(t, "no such account", s.AddExtension(ctx, voice.Extension{Tenant: "999", Number: "1", Username: "y"}), voice.NotExist)

	ok(t, s.PutBinding(ctx, voice.Binding{Tenant: ours, Extension: "102", Contact: "sip:a", Expires: moment(9)}))
	srtp := func() string { return read(s.Bindings(ctx, ours, "102", moment(0)))(t)[0].SRTP }
	same(t, "policy with the registration", srtp(), "required")
	ok(t, s.SetExtensionSRTP(ctx, ours, "102", "off"))
	same(t, "another policy", read(s.Extension(ctx, ours, "102"))(t).SRTP, "off")
	same(t, "another policy with the registration", srtp(), "off")
	same(t, "of another account's extension", read(s.Extension(ctx, theirs, "102"))(t).SRTP, "")
	want(t, "policy of nobody", s.SetExtensionSRTP(ctx, ours, "199", "off"), voice.NotExist)
	ok(t, s.RemoveExtension(ctx, ours, "102"))
	want(t, "remove again", s.RemoveExtension(ctx, ours, "102"), voice.NotExist)
	ok(t, s.AddExtension(ctx, a))
	same(t, "a new extension has no old registration", read(s.Bindings(ctx, ours, "102", moment(0)))(t), nil)
}

func testBindings(t *testing.T, s Store) {
	ctx := t.Context()
	for _, number := range []string{"101", "102"} {
		ok(t, s.AddExtension(ctx, voice.Extension{Tenant: ours, Number: number, Username: number}))
	}
	a := voice.Binding{
		Tenant: ours, Extension: "101", Contact: "sip:101@192.0.2.1", Source: "192.0.2.1:5060", Transport: "udp",
		CallID: "c1", CSeq: 4294967295, UserAgent: "phone", Path: []string{"sip:192.0.2.8;lr", "sip:p2.example.com;transport=tcp;lr"}, Expires: moment(60),
	}
	b := a
	b.Contact, b.Expires = "sip:101@192.0.2.2", moment(90)
	c := a
	c.Extension = "102"
	for _, x := range []voice.Binding{a, b, c} {
		ok(t, s.PutBinding(ctx, x))
	}
	same(t, "of an extension", read(s.Bindings(ctx, ours, "101", moment(0)))(t), []voice.Binding{b, a})
	same(t, "of all", read(s.Bindings(ctx, ours, "", moment(0)))(t), []voice.Binding{b, a, c})
	same(t, "expired at the moment", read(s.Bindings(ctx, ours, "101", moment(60)))(t), []voice.Binding{b})

	a.Source, a.Transport, a.CallID, a.CSeq, a.UserAgent, a.Expires = "192.0.2.9:5070", "tcp", "c2", 2, "p2", moment(120)
	a.Path = nil
	ok(t, s.PutBinding(ctx, a))
	same(t, "refreshed", read(s.Bindings(ctx, ours, "101", moment(0)))(t), []voice.Binding{a, b})
	ok(t, s.RemoveBinding(ctx, ours, "101", b.Contact))
	ok(t, s.RemoveBinding(ctx, ours, "101", b.Contact))
	same(t, "one removed", read(s.Bindings(ctx, ours, "101", moment(0)))(t), []voice.Binding{a})
	ok(t, s.PutBinding(ctx, b))
	ok(t, s.RemoveBinding(ctx, ours, "101", ""))
	same(t, "all of one removed", read(s.Bindings(ctx, ours, "", moment(0)))(t), []voice.Binding{c})
	want(t, "no such extension", s.PutBinding(ctx, voice.Binding{Tenant: ours, Extension: "109", Contact: "x"}), voice.NotExist)
}

func testTrunks(t *testing.T, s Store) {
	ctx := t.Context()
	a := voice.Trunk{
		ID: "tr1", Tenant: ours, Name: "carrier", Host: "sip.example.com:5080", Transport: "tcp", Username: "u", Password: "pä ss",
		Register: true, Priority: 2, Prefixes: []string{"+46", "+47"}, CallerID: "+46850000000", Refer: true, Created: moment(1),
		Proxy: "proxy.example.com:5070", Identity: true, Redirects: true, TLSName: "sip.example.net", TLSCA: "authorities", TLSCert: "ours", TLSKey: "its key", SRTP: "required",
	}
	b := voice.Trunk{ID: "tr2", Tenant: ours, Name: "pbx", Host: "192.0.2.7", Priority: 1, Created: moment(2)}
	c := voice.Trunk{ID: "tr3", Tenant: theirs, Name: "carrier", Host: "192.0.2.8", Password: "x", Priority: 2, Created: moment(0)}
	for _, k := range []voice.Trunk{a, b, c} {
		ok(t, s.AddTrunk(ctx, k))
	}
	same(t, "by priority", read(s.Trunks(ctx, ours))(t), []voice.Trunk{b, a})
	same(t, "all accounts'", read(s.Trunks(ctx, ""))(t), []voice.Trunk{b, c, a})
	err := s.AddTrunk(ctx, voice.Trunk{ID: "tr4", Tenant: ours, Name: "pbx", Host: "h"})
	want(t, "name taken", err, voice.Exists)
	mentions(t, err, "trunk name pbx is taken")
	want(t, "no such account", s.AddTrunk(ctx, voice.Trunk{ID: "tr5", Tenant: "999", Name: "x", Host: "h"}), voice.NotExist)
	want(t, "no host", s.AddTrunk(ctx, voice.Trunk{ID: "tr5", Tenant: ours, Name: "x"}), voice.Invalid)

	a.Name, a.Host, a.Transport, a.Username, a.Password, a.Register = "c2", "h2", "", "u2", "new", false
	a.Priority, a.Prefixes, a.CallerID, a.Refer = 0, nil, "", false
	a.Proxy, a.Identity, a.Redirects = "", false, false
	a.TLSName, a.TLSCA, a.TLSCert, a.TLSKey, a.SRTP = "other", "", "", "", "off"
	ok(t, s.UpdateTrunk(ctx, a))
	same(t, "updated", read(s.Trunks(ctx, ours))(t), []voice.Trunk{a, b})
	want(t, "update unknown", s.UpdateTrunk(ctx, voice.Trunk{ID: "x", Tenant: ours, Name: "x", Host: "h"}), voice.NotExist)
	ok(t, s.RemoveTrunk(ctx, ours, "tr1"))
	want(t, "remove again", s.RemoveTrunk(ctx, ours, "tr1"), voice.NotExist)
}
