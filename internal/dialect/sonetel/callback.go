package sonetel

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"slices"
	"strings"

	"tandem/internal/dialect"
	"tandem/internal/dialect/input"
	"tandem/internal/voice"
)

// postCallBack rings call1, then call2, and joins them. A call that is under
// way is answered with HTTP 200 and statusCode 202 in the body: clients that
// are told 202 in the status line throw the body away.
func postCallBack(q *request) (any, error) {
	body, err := q.fields()
	if err != nil {
		return nil, err
	}
	known := []string{"app_id", "call1", "call2", "show_1", "show_2", "show1", "show2"}
	values := map[string]string{}
	for _, name := range body.Names() {
		if !slices.Contains(known, name) {
			return nil, failf(codeCallBack, "%s: the field is unknown", name)
		}
		if values[name], err = input.Text(body[name], name); err != nil {
			return nil, failf(codeCallBack, "%s", err)
		}
	}
	order := dialect.CallBack{Tenant: q.tenant, User: q.user.ID, App: values["app_id"]}
	if order.First, err = q.party(values["call1"], "call1", true); err != nil {
		return nil, err
	}
	if order.Second, err = q.party(values["call2"], "call2", false); err != nil {
		return nil, err
	}
	if order.ShowFirst, err = q.shown(values, "show_1", "show1"); err != nil {
		return nil, err
	}
	if order.ShowSecond, err = q.shown(values, "show_2", "show2"); err != nil {
		return nil, err
	}
	id, err := q.d.cfg.Control.Originate(q.Context(), order)
	switch voice.KindOf(err) {
	case "":
	case voice.Permission, voice.Limit:
		return nil, failf(codeCallRefused, "%s", voice.Reason(err)).at(http.StatusForbidden)
	case voice.Invalid, voice.NotExist, voice.Unavailable, voice.Conflict, voice.Busy:
		return nil, failf(codeCallRefused, "%s", voice.Reason(err))
	default:
		return nil, err
	}
	sum := sha256.Sum256([]byte(id))
	return bare{reply{{"statusCode", http.StatusAccepted},
		{"response", reply{{"session_id", hex.EncodeToString(sum[:16])}}}}}, nil
}

// party reads a number, a SIP address or, for the first, a user's e-mail address.
func (q *request) party(s, field string, mayBeUser bool) (voice.Destination, error) {
	if s == "" {
		return voice.Destination{}, failf(codeCallBack, "%s: it is missing", field)
	}
	if mayBeUser && strings.Contains(s, "@") && !strings.HasPrefix(strings.ToLower(s), "sip:") {
		users, err := q.d.cfg.Users.Users(q.Context(), q.tenant)
		if err != nil {
			return voice.Destination{}, err
		}
		i := slices.IndexFunc(users, func(u voice.User) bool { return u.Email != "" && strings.EqualFold(u.Email, s) })
		if i >= 0 {
			return voice.Destination{Kind: voice.ToUser, ID: string(users[i].ID)}, nil
		}
	}
	d, err := calledAddress("other", s)
	if err != nil {
		return d, failf(codeCallBack, "%s: %s", field, voice.Reason(err))
	}
	return d, nil
}

// shown reads which number a party sees: automatic, or one of the account's own.
func (q *request) shown(values map[string]string, name, prose string) (string, error) {
	v := values[name]
	if v == "" {
		v = values[prose]
	}
	if v == "" || strings.EqualFold(v, "automatic") || strings.EqualFold(v, "auto") {
		return "", nil
	}
	e, err := voice.ParseE164(v)
	if err != nil {
		return "", failf(codeCallBack, "%s: %s", name, voice.Reason(err))
	}
	n, err := q.d.cfg.Numbers.NumberByE164(q.Context(), e)
	if err != nil && !voice.IsKind(err, voice.NotExist) {
		return "", err
	}
	own := slices.ContainsFunc(q.user.Phones, func(p voice.Phone) bool { return p.Number == e })
	if !own && (err != nil || n.Tenant != q.tenant) {
		return "", failf(codeCallBack, "%s: %s is not a number of this account", name, e)
	}
	return string(e), nil
}
