package httpapi

import (
	"context"
	"net/http"
	"net/mail"
	"slices"
	"strings"
	"time"

	"tandem/internal/voice"
)

// User is a person of the account.
type User struct {
	ID        string       `json:"id"`
	Number    int64        `json:"number,omitempty" doc:"The same user in the APIs whose ids are other numbers"`
	FirstName string       `json:"first_name"`
	LastName  string       `json:"last_name"`
	Email     string       `json:"email,omitempty"`
	Role      string       `json:"role" enum:"admin,regular"`
	Extension string       `json:"extension,omitempty"`
	Location  string       `json:"location,omitempty" doc:"Country, two letters"`
	Phones    []UserPhone  `json:"phones" doc:"Telephones outside"`
	Incoming  CallSettings `json:"incoming" doc:"How the user is reached"`
	Shows     string       `json:"shows,omitempty" doc:"What the called see: auto, none or a number"`
	Factor    bool         `json:"second_factor" doc:"The log-in asks for a code, besides the password"`
	Passkeys  int          `json:"passkeys" doc:"How many there are; with one the log-in asks for it besides the password, or takes it alone"`
	Created   *time.Time   `json:"created,omitempty"`
}

// UserPhone is a telephone of a user outside.
type UserPhone struct {
	ID       string `json:"id,omitempty" maxLength:"40" doc:"Drawn when it is missing"`
	Number   string `json:"number" maxLength:"40"`
	Name     string `json:"name,omitempty" maxLength:"100"`
	Type     string `json:"type,omitempty" enum:"mobile,fixed"`
	Receives bool   `json:"receives" doc:"Rings with the user's others"`
	Primary  bool   `json:"primary,omitempty"`
}

// CallSettings say how a user is reached.
type CallSettings struct {
	First  CallRule `json:"first,omitzero" required:"false"`
	Second CallRule `json:"second,omitzero" required:"false" doc:"When the first has failed"`
	App    CallRule `json:"app,omitzero" required:"false" doc:"For calls that come from an app, in place of both"`
}

// CallRule is one way of reaching a user.
type CallRule struct {
	Action   string  `json:"action,omitempty" enum:"ring,forward,disconnect"`
	To       string  `json:"to,omitempty" enum:"myphones,sipphones,phone,voicemail,user,phnum,voiceapp,sip"`
	ID       string  `json:"id,omitempty" maxLength:"255" doc:"Of the phone, user, number, app or SIP address"`
	Show     string  `json:"show,omitempty" maxLength:"40" doc:"caller, none or a number"`
	RingTime float64 `json:"ring_seconds,omitempty" minimum:"5" maximum:"180"`
}

// UserInput is a user, new or changed; what is missing in a change stays.
type UserInput struct {
	FirstName *string       `json:"first_name,omitempty" maxLength:"100"`
	LastName  *string       `json:"last_name,omitempty" maxLength:"100"`
	Email     *string       `json:"email,omitempty" maxLength:"254"`
	Role      *string       `json:"role,omitempty" enum:"admin,regular"`
	Location  *string       `json:"location,omitempty" pattern:"^([A-Z]{2})?$" patternDescription:"two capital letters"`
	Phones    []UserPhone   `json:"phones,omitempty" maxItems:"20"`
	Incoming  *CallSettings `json:"incoming,omitempty"`
	Shows     *string       `json:"shows,omitempty" maxLength:"40"`
}

// UserPath names it in the path.
type UserPath struct {
	User string `path:"user" maxLength:"40"`
}

func (a *API) registerUsers() {
	const section = "Users"
	handle(a, route{id: "list-users", method: http.MethodGet, path: "/users", section: section, scope: ConfigRead, title: "List the users"}, a.listUsers)
	handle(a, route{id: "create-user", method: http.MethodPost, path: "/users", section: section, scope: ConfigWrite, status: http.StatusCreated, title: "Make a user"}, a.createUser)
	handle(a, route{id: "read-user", method: http.MethodGet, path: "/users/{user}", section: section, scope: ConfigRead, title: "Read a user"}, a.readUser)
	handle(a, route{id: "change-user", method: http.MethodPatch, path: "/users/{user}", section: section, scope: ConfigWrite, title: "Change a user"}, a.changeUser)
	handle(a, route{id: "delete-user", method: http.MethodDelete, path: "/users/{user}", section: section, scope: ConfigWrite, status: http.StatusNoContent,
		title: "Delete a user", text: "With the user's extension and credentials. Refused for the last administrator, and while a number goes there."}, a.deleteUser)
}

func showUser(u voice.User) User {
	x := User{ID: string(u.ID), Number: u.Serial, FirstName: u.FirstName, LastName: u.LastName, Email: u.Email, Role: string(u.Role), Extension: u.Extension,
		Location: u.Location, Phones: []UserPhone{}, Shows: u.ShowID, Factor: u.SecondFactor, Passkeys: u.Passkeys, Created: moment(u.Created),
		Incoming: CallSettings{showRule(u.Incoming.First), showRule(u.Incoming.Second), showRule(u.Incoming.App)}}
	for _, p := range u.Phones {
		x.Phones = append(x.Phones, UserPhone{p.ID, string(p.Number), p.Name, p.Type, p.Receives, p.Primary})
	}
	return x
}

func showRule(r voice.CallRule) CallRule {
	return CallRule{r.Action, r.To, r.ID, r.Show, seconds(r.RingTime)}
}

func (a *API) listUsers(ctx context.Context, c caller, _ *struct{}) (*answer[Page[User]], error) {
	list, err := a.cfg.Users.Users(ctx, c.tenant)
	if err != nil {
		return nil, err
	}
	return all(list, showUser), nil
}

func (a *API) readUser(ctx context.Context, c caller, in *UserPath) (*answer[User], error) {
	u, err := a.cfg.Users.User(ctx, c.tenant, voice.UserID(in.User))
	if err != nil {
		return nil, err
	}
	return body(showUser(u)), nil
}

// userTries bounds how often an id is drawn again after a clash.
const userTries = 20

func (a *API) createUser(ctx context.Context, c caller, in *struct{ Body UserInput }) (*answer[User], error) {
	u := voice.User{Tenant: c.tenant, Role: voice.RoleRegular, ShowID: "auto", Created: a.cfg.Now()}
	if err := a.setUser(ctx, &u, in.Body); err != nil {
		return nil, err
	}
	if u.FirstName+u.LastName == "" {
		return nil, invalid("body.first_name", "the name is missing")
	}
	for try := 0; ; try++ {
		u.ID = voice.UserID(voice.NewNumericID(10))
		err := a.cfg.Users.CreateUser(ctx, u)
		if err == nil {
			break
		}
		if !voice.IsKind(err, voice.Exists) || try == userTries || strings.Contains(err.Error(), "e-mail") {
			return nil, err
		}
	}
	return a.readUser(ctx, c, &UserPath{string(u.ID)})
}

func (a *API) changeUser(ctx context.Context, c caller, in *struct {
	UserPath
	Body UserInput
}) (*answer[User], error) {
	u, err := a.cfg.Users.User(ctx, c.tenant, voice.UserID(in.User))
	if err != nil {
		return nil, err
	}
	was := u.Role
	if err := a.setUser(ctx, &u, in.Body); err != nil {
		return nil, err
	}
	if was == voice.RoleAdmin && u.Role != voice.RoleAdmin {
		if err := a.notLastAdmin(ctx, c, u.ID); err != nil {
			return nil, err
		}
	}
	if err := a.cfg.Users.UpdateUser(ctx, u); err != nil {
		return nil, err
	}
	return body(showUser(u)), nil
}

func (a *API) deleteUser(ctx context.Context, c caller, in *UserPath) (*nothing, error) {
	u, err := a.cfg.Users.User(ctx, c.tenant, voice.UserID(in.User))
	if err != nil {
		return nil, err
	}
	if u.Role == voice.RoleAdmin {
		if err := a.notLastAdmin(ctx, c, u.ID); err != nil {
			return nil, err
		}
	}
	err = a.unreached(ctx, c, func(d voice.Destination) bool {
		return d.ID == string(u.ID) && (d.Kind == voice.ToUser || d.Kind == voice.ToMailbox)
	})
	if err != nil {
		return nil, err
	}
	return nil, a.cfg.Users.DeleteUser(ctx, c.tenant, u.ID)
}

func (a *API) notLastAdmin(ctx context.Context, c caller, id voice.UserID) error {
	list, err := a.cfg.Users.Users(ctx, c.tenant)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(list, func(u voice.User) bool { return u.Role == voice.RoleAdmin && u.ID != id }) {
		return voice.Errorf("httpapi", voice.Conflict, "user %s is the account's last administrator", id)
	}
	return nil
}

// unreached refuses while a number of the account goes to a destination.
func (a *API) unreached(ctx context.Context, c caller, dest func(voice.Destination) bool) error {
	numbers, err := a.cfg.Numbers.Numbers(ctx, c.tenant)
	if err != nil {
		return err
	}
	for _, n := range numbers {
		if dest(n.Dest) {
			return voice.Errorf("httpapi", voice.Busy, "number %s goes there", n.E164)
		}
	}
	return nil
}

// setUser lays what was given over a user.
func (a *API) setUser(ctx context.Context, u *voice.User, in UserInput) error {
	for _, name := range []struct {
		to *string
		v  *string
	}{{&u.FirstName, in.FirstName}, {&u.LastName, in.LastName}} {
		if name.v != nil {
			*name.to = cleanName(*name.v)
		}
	}
	if in.Email != nil && *in.Email != "" {
		if at, err := mail.ParseAddress(*in.Email); err != nil || at.Address != *in.Email {
			return invalid("body.email", "%q is not an e-mail address", *in.Email)
		}
	}
	set(&u.Email, in.Email)
	set((*string)(&u.Role), in.Role)
	set(&u.Location, in.Location)
	if in.Phones != nil {
		if err := setPhones(u, in.Phones); err != nil {
			return err
		}
	}
	if in.Shows != nil {
		var err error
		if u.ShowID, err = shows(*in.Shows, "auto", "body.shows"); err != nil {
			return err
		}
	}
	if in.Incoming == nil {
		return nil
	}
	for _, r := range []struct {
		name string
		to   *voice.CallRule
		v    CallRule
	}{{"first", &u.Incoming.First, in.Incoming.First}, {"second", &u.Incoming.Second, in.Incoming.Second}, {"app", &u.Incoming.App, in.Incoming.App}} {
		rule, err := a.rule(ctx, *u, r.v, "body.incoming."+r.name)
		if err != nil {
			return err
		}
		*r.to = rule
	}
	return nil
}

func setPhones(u *voice.User, phones []UserPhone) error {
	u.Phones = nil
	for i, p := range phones {
		e, err := voice.ParseE164(p.Number)
		if err != nil {
			return invalid(at("body.phones", i)+".number", "%s", voice.Reason(err))
		}
		if p.ID == "" {
			p.ID = voice.NewNumericID(10)
		}
		u.Phones = append(u.Phones, voice.Phone{ID: p.ID, Number: e, Name: cleanName(p.Name), Type: p.Type, Receives: p.Receives, Primary: p.Primary})
	}
	return nil
}

// shows reads what is shown as the caller: the word for automatic, none or a number.
func shows(s, auto, where string) (string, error) {
	if s == "" || s == auto || s == "none" {
		return s, nil
	}
	e, err := voice.ParseE164(s)
	if err != nil {
		return "", invalid(where, "%q is neither %s nor none nor a number", s, auto)
	}
	return string(e), nil
}

// rule checks a call rule: what it leads to must exist.
func (a *API) rule(ctx context.Context, u voice.User, in CallRule, where string) (voice.CallRule, error) {
	r := voice.CallRule{Action: in.Action, To: in.To, ID: in.ID, RingTime: time.Duration(in.RingTime * float64(time.Second))}
	var err error
	if r.Show, err = shows(in.Show, "caller", where+".show"); err != nil {
		return r, err
	}
	switch r.Action {
	case "":
		return voice.CallRule{}, nil
	case "disconnect":
		return voice.CallRule{Action: "disconnect"}, nil
	}
	switch r.To {
	case "":
		return r, invalid(where+".to", "the destination is missing")
	case "phone":
		if !slices.ContainsFunc(u.Phones, func(p voice.Phone) bool { return p.ID == r.ID }) {
			err = voice.Errorf("httpapi", voice.NotExist, "the user has no phone %q", r.ID)
		}
	case "user":
		_, err = a.cfg.Users.User(ctx, u.Tenant, voice.UserID(r.ID))
	case "voiceapp":
		_, err = a.cfg.Apps.App(ctx, u.Tenant, voice.AppID(r.ID))
	case "phnum":
		var e voice.E164
		e, err = voice.ParseE164(r.ID)
		r.ID = string(e)
	case "sip":
		if r.ID == "" {
			return r, invalid(where+".id", "the SIP address is missing")
		}
	}
	if voice.IsKind(err, voice.NotExist) || voice.IsKind(err, voice.Invalid) {
		return r, invalid(where+".id", "%s", voice.Reason(err))
	}
	return r, err
}
