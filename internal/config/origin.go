package config

import (
	"net/url"
	"strings"
)

// OriginKind is a kind of place that settings come from.
type OriginKind string

// The kinds; each wins over those before it.
const (
	FromDefault     OriginKind = "default"
	FromFile        OriginKind = "file"
	FromEnvironment OriginKind = "environment"
	FromFlags       OriginKind = "command line"
)

// Origin is where a setting comes from. Where names the place: file:line, the
// variable, the flag's key; "" for a default.
type Origin struct {
	Kind  OriginKind
	Where string
}

// Origins are where the settings come from, by key; a key that is missing has its
// default.
type Origins map[string]Origin

// Of gives where a setting comes from.
func (o Origins) Of(key string) Origin {
	if at, ok := o[key]; ok {
		return at
	}
	return Origin{Kind: FromDefault}
}

// Shown gives the setting's value in c for people to read: of a secret only
// whether there is one, and of a URL neither the password nor the query, in which
// gateways take keys.
func (s Setting) Shown(c Config) (value string, hidden bool) {
	v := s.Value(c)
	if s.Secret || s.Key == "sms.body" {
		return "", v != ""
	}
	if s.Unit != "URL" || v == "" {
		return v, false
	}
	u, err := url.Parse(v)
	if err != nil {
		return "", true
	}
	if hidden = u.RawQuery != "" || u.User != nil; hidden {
		u.RawQuery, u.User, u.ForceQuery = "", nil, false
	}
	// Braces stand for what is filled in and are no part of what needs escaping.
	return strings.NewReplacer("%7B", "{", "%7D", "}").Replace(u.String()), hidden
}
