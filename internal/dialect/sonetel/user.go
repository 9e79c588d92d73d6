package sonetel

import (
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/mail"
	"strings"
	"unicode"

	"tandem/internal/dialect/input"
	"tandem/internal/voice"
)

// findUser finds the user of the path. The vendor answers an unknown id with
// success and null on GET; found says which.
func (q *request) findUser() (u voice.User, found bool, err error) {
	if err := q.account(); err != nil {
		return u, false, err
	}
	u, err = q.d.cfg.Users.User(q.Context(), q.tenant, voice.UserID(q.params["user"]))
	if voice.IsKind(err, voice.NotExist) {
		return u, false, nil
	}
	return u, err == nil, err
}

// changedUser finds the user of the path for a change.
func (q *request) changedUser() (voice.User, error) {
	u, found, err := q.findUser()
	if err == nil && !found {
		err = failf(codeUser, "user_id: user %q does not exist in this account", q.params["user"])
	}
	if err == nil && u.ID != q.user.ID {
		err = q.admin()
	}
	return u, err
}

func (q *request) userReply(u voice.User, numbers []voice.Number, line *sipLine) reply {
	list := []reply{}
	if u.Extension != "" {
		n := reply{{"number_id", u.Extension}, {"number_type", "internal"}, {"number", u.Extension}}
		if line != nil {
			n = append(n, reply{{"sip_username", line.username}, {"sip_password", line.password}, {"sip_domain", q.d.cfg.SIPDomain}}...)
		}
		list = append(list, n)
	}
	for _, n := range numbers {
		if n.Dest == (voice.Destination{Kind: voice.ToUser, ID: string(u.ID)}) {
			list = append(list, reply{{"number_id", n.E164.Digits()}, {"number_type", "e.164"}, {"number", n.E164.Digits()}})
		}
	}
	return reply{{"user_id", u.ID}, {"account_id", q.tenant}, {"user_fname", u.FirstName}, {"user_lname", u.LastName},
		{"email", u.Email}, {"type", string(u.Role)}, {"status", "active"}, {"numbers", list}, {"phones", phonesReply(u)},
		{"location", reply{{"country", u.Location}, {"area_code", ""}}},
		{"call", callReply(u)}, {"created_date", u.Created.UTC().Format(timeForm)}}
}

func (q *request) numbers() ([]voice.Number, error) {
	return q.d.cfg.Numbers.Numbers(q.Context(), q.tenant)
}

func listUsers(q *request) (any, error) {
	if err := q.account(); err != nil {
		return nil, err
	}
	users, err := q.d.cfg.Users.Users(q.Context(), q.tenant)
	if err != nil {
		return nil, err
	}
	numbers, err := q.numbers()
	if err != nil {
		return nil, err
	}
	name, email := strings.ToLower(q.URL.Query().Get("name")), strings.ToLower(q.URL.Query().Get("email"))
	list := []reply{}
	for _, u := range users {
		if strings.Contains(strings.ToLower(u.FirstName+" "+u.LastName), name) && strings.Contains(strings.ToLower(u.Email), email) {
			list = append(list, q.userReply(u, numbers, nil))
		}
	}
	return list, nil
}

func getUser(q *request) (any, error) {
	u, found, err := q.findUser()
	if err != nil || !found {
		return nil, err
	}
	numbers, err := q.numbers()
	if err != nil {
		return nil, err
	}
	return q.userReply(u, numbers, nil), nil
}

func postUser(q *request) (any, error) {
	body, err := q.change()
	if err != nil {
		return nil, err
	}
	u := voice.User{Tenant: q.tenant, Role: voice.RoleRegular, ShowID: "auto", Created: q.d.cfg.Now()}
	secret, err := setUser(&u, body)
	if err != nil {
		return nil, err
	}
	if u.Email == "" || u.FirstName == "" {
		return nil, failf(codeUserData, "user_fname and email are needed").at(http.StatusBadRequest)
	}
	if err := q.checkRules(voice.CallSettings{}, u, "call."); err != nil {
		return nil, err
	}
	if err := q.createUser(&u); err != nil {
		return nil, err
	}
	line, err := q.assignExtension("", u)
	if err == nil && secret != "" {
		err = q.d.cfg.Auth.SetPassword(q.Context(), string(Kind), u, secret)
	}
	if err != nil { // nothing half-made stays
		_ = q.d.cfg.Users.DeleteUser(q.Context(), q.tenant, u.ID)
		return nil, err
	}
	return q.userReply(u, nil, line), nil
}

func (q *request) createUser(u *voice.User) error {
	users, err := q.d.cfg.Users.Users(q.Context(), q.tenant)
	if err != nil {
		return err
	}
	for _, other := range users {
		if u.Extension != "" && other.Extension == u.Extension {
			return failf(codeUserTaken, "numbers: extension %s is taken", u.Extension).at(http.StatusConflict)
		}
	}
	const tries = 5 // ids are drawn; one may be another user's
	for range tries {
		u.ID = voice.UserID(voice.NewNumericID(10))
		if err = q.d.cfg.Users.CreateUser(q.Context(), *u); !voice.IsKind(err, voice.Exists) {
			return err
		}
	}
	return failf(codeUserTaken, "email: %s is taken", u.Email).at(http.StatusConflict)
}

func putUser(q *request) (any, error) {
	u, err := q.changedUser()
	if err != nil {
		return nil, err
	}
	body, err := q.fields()
	if err != nil {
		return nil, err
	}
	before := u
	secret, err := setUser(&u, body)
	if err != nil {
		return nil, err
	}
	if before.Role != u.Role || before.Extension != u.Extension {
		if err := q.admin(); err != nil {
			return nil, err
		}
	}
	if err := q.checkRules(before.Incoming, u, "call."); err != nil {
		return nil, err
	}
	if err := q.checkTaken(u); err != nil {
		return nil, err
	}
	err = q.d.cfg.Users.UpdateUser(q.Context(), u)
	if voice.IsKind(err, voice.Exists) {
		return nil, failf(codeUserTaken, "the e-mail address or extension is taken").at(http.StatusConflict)
	}
	if err != nil {
		return nil, ifNotExist(err, failf(codeUser, "user_id: user %q does not exist in this account", u.ID))
	}
	line, err := q.assignExtension(before.Extension, u)
	if err != nil {
		return nil, err
	}
	if secret != "" {
		if err := q.d.cfg.Auth.SetPassword(q.Context(), string(Kind), u, secret); err != nil {
			return nil, err
		}
	}
	numbers, err := q.numbers()
	if err != nil {
		return nil, err
	}
	return q.userReply(u, numbers, line), nil
}

// checkTaken refuses the extension of another user.
func (q *request) checkTaken(u voice.User) error {
	if u.Extension == "" {
		return nil
	}
	e, err := q.d.cfg.Extensions.Extension(q.Context(), q.tenant, u.Extension)
	if voice.IsKind(err, voice.NotExist) {
		return nil
	}
	if err == nil && e.User != "" && e.User != u.ID {
		return failf(codeUserTaken, "numbers: extension %s is taken", u.Extension).at(http.StatusConflict)
	}
	return err
}

func deleteUser(q *request) (any, error) {
	u, found, err := q.findUser()
	switch {
	case err != nil:
		return nil, err
	case !found:
		return nil, failf(codeUser, "user_id: user %q does not exist in this account", q.params["user"])
	}
	if err := q.admin(); err != nil {
		return nil, err
	}
	if u.ID == q.user.ID {
		return nil, failf(codeForbidden, "user_id: you can't delete yourself")
	}
	if err := q.d.cfg.Users.DeleteUser(q.Context(), q.tenant, u.ID); err != nil {
		return nil, ifNotExist(err, failf(codeUser, "user_id: user %q does not exist in this account", u.ID))
	}
	return "User deleted successfully", nil
}

// setUser lays the fields of a request over u and gives the new password, if any.
func setUser(u *voice.User, body input.Fields) (secret string, err error) {
	names := map[string]*string{"user_fname": &u.FirstName, "user_lname": &u.LastName}
	for _, name := range body.Names() {
		raw := body[name]
		var err error
		switch name {
		case "user_fname", "user_lname":
			var v string
			if v, err = input.Text(raw, name); err == nil && (len(v) > 100 || strings.ContainsFunc(v, unicode.IsControl)) {
				err = failf(codeUserData, "%s: at most 100 printable characters are allowed", name)
			}
			*names[name] = v
		case "email":
			u.Email, err = emailOf(raw)
		case "password":
			if secret, err = input.Text(raw, name); err == nil && secret != "" && len(secret) < 8 {
				err = failf(codeUserData, "password: at least 8 characters are needed")
			}
		case "type":
			var v string
			v, err = input.Text(raw, name)
			u.Role = voice.UserRole(strings.ToLower(v))
			if err == nil && u.Role != voice.RoleAdmin && u.Role != voice.RoleRegular {
				err = failf(codeUserData, "type: %q is neither admin nor regular", v)
			}
		case "numbers":
			u.Extension, err = extensionOf(raw)
		case "phones":
			u.Phones, err = phonesOf(raw)
		case "location":
			u.Location, err = countryOf(raw)
		case "call":
			err = setCall(u, raw)
		case "user_id", "account_id", "status", "created_date":
		default:
			err = failf(codeUserData, "%s: the field is unknown", name)
		}
		if err != nil {
			return "", failf(codeUserData, "%s", voice.Reason(err)).at(http.StatusBadRequest)
		}
	}
	return secret, nil
}

func emailOf(raw json.RawMessage) (string, error) {
	v, err := input.Text(raw, "email")
	if err != nil {
		return "", err
	}
	a, err := mail.ParseAddress(v)
	if err != nil || a.Address != v || len(v) > 254 {
		return "", failf(codeUserData, "email: %q is not an e-mail address", v)
	}
	return v, nil
}

func countryOf(raw json.RawMessage) (string, error) {
	o, err := input.Object(raw, "location")
	if err != nil {
		return "", err
	}
	return input.Text(o["country"], "location.country")
}

// extensionOf reads the number of type internal out of a list of numbers; an
// empty list takes the extension away.
func extensionOf(raw json.RawMessage) (string, error) {
	list, err := input.Array(raw, "numbers")
	if err != nil {
		return "", err
	}
	for _, entry := range list {
		o, err := input.Object(entry, "numbers")
		if err != nil {
			return "", err
		}
		kind, _ := input.Text(o["number_type"], "numbers.number_type")
		if kind != "internal" {
			continue
		}
		n, err := input.Text(o["number"], "numbers.number")
		if err != nil {
			return "", err
		}
		if len(n) < 3 || len(n) > 5 || strings.Trim(n, "0123456789") != "" {
			return "", failf(codeUserData, "numbers.number: extension %q is not 3 to 5 digits", n)
		}
		return n, nil
	}
	return "", nil
}

// sipLine is the SIP account of an extension, shown once.
type sipLine struct{ username, password string }

// assignExtension makes u's extension u's telephone line, and gives the line
// that u had before back. A new line's password is in this one reply only.
func (q *request) assignExtension(before string, u voice.User) (*sipLine, error) {
	if before == u.Extension {
		return nil, nil
	}
	store := q.d.cfg.Extensions
	if before != "" {
		if err := store.RemoveExtension(q.Context(), q.tenant, before); err != nil && !voice.IsKind(err, voice.NotExist) {
			return nil, err
		}
	}
	if u.Extension == "" {
		return nil, nil
	}
	e, err := store.Extension(q.Context(), q.tenant, u.Extension)
	var line *sipLine
	switch {
	case err == nil && e.User == u.ID:
		return nil, nil
	case err == nil && e.User != "":
		return nil, failf(codeUserTaken, "numbers: extension %s is taken", u.Extension).at(http.StatusConflict)
	case err == nil: // an extension without a user: the telephone keeps its password
		if err := store.RemoveExtension(q.Context(), q.tenant, u.Extension); err != nil {
			return nil, err
		}
	case voice.IsKind(err, voice.NotExist):
		line = &sipLine{string(q.tenant) + "-" + u.Extension, voice.NewSecret()}
		md, sha := md5.New(), sha256.New()
		a1 := []byte(line.username + ":" + q.d.cfg.SIPRealm + ":" + line.password) // RFC 7616 §3.4.2
		md.Write(a1)
		sha.Write(a1)
		e = voice.Extension{Tenant: q.tenant, Number: u.Extension, Username: line.username, Realm: q.d.cfg.SIPRealm,
			HA1MD5: hex.EncodeToString(md.Sum(nil)), HA1SHA256: hex.EncodeToString(sha.Sum(nil)), Created: q.d.cfg.Now()}
	default:
		return nil, err
	}
	e.User = u.ID
	return line, store.AddExtension(q.Context(), e)
}
