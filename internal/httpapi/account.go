package httpapi

import (
	"context"
	"net/http"
	"strings"
	"time"

	"tandem/internal/admin"
	"tandem/internal/voice"
)

// Account is a customer.
type Account struct {
	ID       string     `json:"id" example:"704110238"`
	Name     string     `json:"name"`
	Language string     `json:"language" example:"en"`
	Timezone string     `json:"timezone" example:"Europe/Stockholm" doc:"IANA name"`
	Country  string     `json:"country" example:"SE" doc:"ISO 3166, two letters"`
	Currency string     `json:"currency" example:"EUR" doc:"ISO 4217"`
	Limits   Limits     `json:"limits" doc:"What the account may do at once"`
	Rescue   string     `json:"rescue,omitempty" doc:"App that goes on with callers when an application gives no valid answer, or an app is gone, and the flow has no way for that"`
	Factor   string     `json:"second_factor" enum:"off,admins,all" doc:"Whose log-in at the page needs a second factor; off = who wants one has one"`
	Capture  bool       `json:"capture_calls" doc:"The packets of each call are captured, SIP and sound, for Wireshark"`
	Allow    []string   `json:"allow,omitempty" doc:"Networks that the account's URLs may lead to although they are not public; the operator of the host sets them, on the command line"`
	Owner    string     `json:"owner,omitempty" doc:"Id of the owner, in the answer that made the account"`
	Email    string     `json:"email,omitempty" doc:"The owner's e-mail address, likewise"`
	Created  *time.Time `json:"created,omitempty"`
}

// Limits bound what an account may do at once.
type Limits struct {
	OutboundCalls     int `json:"outbound_calls,omitempty" minimum:"0" maximum:"10000" doc:"Calls through trunks at once; 0 = 10"`
	OutboundPerMinute int `json:"outbound_per_minute,omitempty" minimum:"0" maximum:"10000" doc:"New calls through trunks a minute; 0 = 30"`
	InboundCalls      int `json:"inbound_calls,omitempty" minimum:"0" maximum:"100000" doc:"Incoming calls at once; 0 = no limit of its own"`
	InboundPerSecond  int `json:"inbound_per_second,omitempty" minimum:"0" maximum:"10000" doc:"Incoming calls that begin a second; 0 = no limit of its own"`
	InboundPerMinute  int `json:"inbound_per_minute,omitempty" minimum:"0" maximum:"100000" doc:"The same a minute; 0 = no limit of its own"`
	CallsPerSecond    int `json:"calls_per_second,omitempty" minimum:"0" maximum:"1000" doc:"Ordered calls that begin a second; 0 = 5"`
	MaxQueued         int `json:"max_queued,omitempty" minimum:"0" maximum:"100000" doc:"Ordered calls that wait to begin; more are refused; 0 = 1000"`
}

// AccountInput is a new account.
type AccountInput struct {
	Name     string `json:"name" minLength:"1" maxLength:"100"`
	Email    string `json:"email,omitempty" maxLength:"254" doc:"The owner's e-mail address; missing = one that takes no mail"`
	Language string `json:"language,omitempty" maxLength:"35" doc:"Missing = en"`
	Timezone string `json:"timezone,omitempty" maxLength:"64" doc:"IANA name; missing = UTC"`
	Country  string `json:"country,omitempty" maxLength:"2" doc:"Missing = US"`
	Currency string `json:"currency,omitempty" maxLength:"3" doc:"Missing = USD"`
}

// AccountChange changes an account; what is missing stays.
type AccountChange struct {
	Name     *string `json:"name,omitempty" minLength:"1" maxLength:"100"`
	Language *string `json:"language,omitempty" minLength:"2" maxLength:"35"`
	Timezone *string `json:"timezone,omitempty" minLength:"1" maxLength:"64"`
	Country  *string `json:"country,omitempty" pattern:"^[A-Z]{2}$" patternDescription:"two capital letters"`
	Currency *string `json:"currency,omitempty" pattern:"^[A-Z]{3}$" patternDescription:"three capital letters"`
	Rescue   *string `json:"rescue,omitempty" maxLength:"64" doc:"Id of an app of the account; empty = none"`
	Factor   *string `json:"second_factor,omitempty" enum:"off,admins,all" doc:"People without one set it up at their next log-in; who asks for it has one first"`
	Capture  *bool   `json:"capture_calls,omitempty" doc:"Calls that begin from now on; GET /calls/{call}/captures lists what there is of a call"`
}

// OperatorChange is what an operator changes of an account.
type OperatorChange struct {
	AccountChange
	Limits *Limits `json:"limits,omitempty"`
}

// AccountPath names it in the path.
type AccountPath struct {
	Account string `path:"account" maxLength:"18" example:"704110238"`
}

func (a *API) registerAccounts() {
	const section, own = "Accounts", "Account"
	handle(a, route{id: "read-own-account", method: http.MethodGet, path: "/account", section: own, scope: ConfigRead, title: "Read the key's account"}, a.readOwnAccount)
	handle(a, route{id: "change-own-account", method: http.MethodPatch, path: "/account", section: own, scope: ConfigWrite, title: "Change the key's account"}, a.changeOwnAccount)
	handle(a, route{id: "list-accounts", method: http.MethodGet, path: "/accounts", section: section, scope: Operator, title: "List the accounts"}, a.listAccounts)
	handle(a, route{id: "create-account", method: http.MethodPost, path: "/accounts", section: section, scope: Operator, status: http.StatusCreated,
		title: "Make an account", text: "With an owner and its first apps. POST /accounts/{account}/keys makes its first key."}, a.createAccount)
	handle(a, route{id: "read-account", method: http.MethodGet, path: "/accounts/{account}", section: section, scope: Operator, title: "Read an account"}, a.readAccount)
	handle(a, route{id: "change-account", method: http.MethodPatch, path: "/accounts/{account}", section: section, scope: Operator,
		title: "Change an account or its limits"}, a.changeAccount)
	handle(a, route{id: "list-account-keys", method: http.MethodGet, path: "/accounts/{account}/keys", section: section, scope: Operator, title: "List the keys of an account"}, a.listAccountKeys)
	handle(a, route{id: "create-account-key", method: http.MethodPost, path: "/accounts/{account}/keys", section: section, scope: Operator, status: http.StatusCreated,
		title: "Make a key of an account", text: "The key is shown this once."}, a.createAccountKey)
	handle(a, route{id: "delete-account-key", method: http.MethodDelete, path: "/accounts/{account}/keys/{key}", section: section, scope: Operator, status: http.StatusNoContent,
		title: "Delete a key of an account"}, a.deleteAccountKey)
}

func showAccount(t voice.Tenant) Account {
	v := Account{ID: string(t.ID), Name: t.Name, Language: t.Language, Timezone: t.Timezone, Country: t.Country, Currency: t.Currency,
		Limits: Limits(t.Limits), Rescue: string(t.Rescue), Factor: factorText(t.SecondFactor), Capture: t.CaptureCalls, Created: moment(t.Created)}
	for _, n := range t.Allow {
		v.Allow = append(v.Allow, n.String())
	}
	return v
}

func (a *API) readOwnAccount(ctx context.Context, c caller, _ *struct{}) (*answer[Account], error) {
	return a.readAccount(ctx, c, &AccountPath{string(c.tenant)})
}

func (a *API) changeOwnAccount(ctx context.Context, c caller, in *struct{ Body AccountChange }) (*answer[Account], error) {
	if in.Body.Factor != nil {
		rule := factorRule(*in.Body.Factor)
		if c.person.ID != "" && rule.Covers(c.person.Role) && !c.person.HasFactor() {
			return nil, invalid("body.second_factor", "set up your own second factor first")
		}
	}
	return a.change(ctx, c.tenant, OperatorChange{AccountChange: in.Body})
}

func (a *API) listAccounts(ctx context.Context, _ caller, _ *struct{}) (*answer[Page[Account]], error) {
	list, err := a.cfg.Tenants.Tenants(ctx)
	if err != nil {
		return nil, err
	}
	return all(list, showAccount), nil
}

func (a *API) createAccount(ctx context.Context, _ caller, in *struct{ Body AccountInput }) (*answer[Account], error) {
	t, owner, err := a.cfg.Admin.CreateAccount(ctx, admin.AccountSpec{Name: in.Body.Name, Email: in.Body.Email, Language: in.Body.Language, Timezone: in.Body.Timezone, Country: in.Body.Country, Currency: in.Body.Currency})
	if err != nil {
		return nil, err
	}
	made := showAccount(t)
	made.Owner, made.Email = string(owner.ID), owner.Email
	return body(made), nil
}

func (a *API) readAccount(ctx context.Context, _ caller, in *AccountPath) (*answer[Account], error) {
	t, err := a.cfg.Tenants.Tenant(ctx, voice.TenantID(in.Account))
	if err != nil {
		return nil, err
	}
	return body(showAccount(t)), nil
}

func (a *API) changeAccount(ctx context.Context, _ caller, in *struct {
	AccountPath
	Body OperatorChange
}) (*answer[Account], error) {
	return a.change(ctx, voice.TenantID(in.Account), in.Body)
}

func (a *API) change(ctx context.Context, id voice.TenantID, change OperatorChange) (*answer[Account], error) {
	t, err := a.cfg.Tenants.Tenant(ctx, id)
	if err != nil {
		return nil, err
	}
	if change.Name != nil {
		if t.Name = cleanName(*change.Name); t.Name == "" {
			return nil, invalid("body.name", "the name is empty")
		}
	}
	if change.Timezone != nil {
		if _, err := time.LoadLocation(*change.Timezone); err != nil || strings.EqualFold(*change.Timezone, "local") {
			return nil, invalid("body.timezone", "%q is no time zone such as Europe/Stockholm", *change.Timezone)
		}
		t.Timezone = *change.Timezone
	}
	if change.Capture != nil {
		t.CaptureCalls = *change.Capture
	}
	if change.Rescue != nil {
		t.Rescue = voice.AppID(*change.Rescue)
		if t.Rescue != "" {
			if _, err := a.cfg.Apps.App(ctx, t.ID, t.Rescue); err != nil {
				return nil, there(err, "body.rescue")
			}
		}
	}
	if change.Factor != nil {
		t.SecondFactor = factorRule(*change.Factor)
	}
	set(&t.Language, change.Language)
	set(&t.Country, change.Country)
	set(&t.Currency, change.Currency)
	if change.Limits != nil {
		t.Limits = voice.Limits(*change.Limits)
	}
	if err := a.cfg.Tenants.UpdateTenant(ctx, t); err != nil {
		return nil, err
	}
	return body(showAccount(t)), nil
}

// set takes a value that was given.
func set[T any](to *T, v *T) {
	if v != nil {
		*to = *v
	}
}

func (a *API) listAccountKeys(ctx context.Context, _ caller, in *AccountPath) (*answer[Page[Key]], error) {
	t, err := a.cfg.Tenants.Tenant(ctx, voice.TenantID(in.Account))
	if err != nil {
		return nil, err
	}
	return a.keysOf(ctx, t.ID)
}

func (a *API) createAccountKey(ctx context.Context, _ caller, in *struct {
	AccountPath
	Body KeyInput
}) (*answer[NewKey], error) {
	t, err := a.cfg.Tenants.Tenant(ctx, voice.TenantID(in.Account))
	if err != nil {
		return nil, err
	}
	return a.makeKey(ctx, t.ID, in.Body)
}

func (a *API) deleteAccountKey(ctx context.Context, _ caller, in *struct {
	AccountPath
	KeyPath
}) (*nothing, error) {
	return nil, a.removeKey(ctx, voice.TenantID(in.Account), in.Key)
}
