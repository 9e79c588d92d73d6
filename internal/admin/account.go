package admin

import (
	"context"
	"fmt"
	"strings"
	"time"

	"tandem/internal/voice"
)

// AccountSpec is a new account.
type AccountSpec struct {
	Name     string
	Email    string // owner's; "" = one that takes no mail: owner@ID.invalid (RFC 2606 §2)
	Language string // "" = "en"
	Timezone string // IANA; "" = "UTC"
	Country  string // ISO 3166 alpha-2; "" = "US"
	Currency string // ISO 4217; "" = "USD"
	Operator bool   // the owner has the server in care, too
}

// maxName bounds names, in characters.
const maxName = 100

// CreateAccount makes the tenant with a nine-digit id, its owner and its first
// apps. Error kinds: Invalid with the flag in Field.
func (a *Admin) CreateAccount(ctx context.Context, s AccountSpec) (voice.Tenant, voice.User, error) {
	const op = "admin.CreateAccount"
	t, owner, err := a.newAccount(ctx, s)
	if err != nil {
		return voice.Tenant{}, voice.User{}, err
	}
	err = draw(func() error {
		t.ID = voice.TenantID(voice.NewNumericID(9))
		return a.Store.CreateTenant(ctx, t)
	})
	if err != nil {
		return voice.Tenant{}, voice.User{}, voice.E(op, voice.KindOf(err), err)
	}
	owner.Tenant = t.ID
	if owner.Email == "" {
		owner.Email = "owner@" + string(t.ID) + ".invalid"
	}
	err = draw(func() error {
		owner.ID = voice.UserID(voice.NewNumericID(10))
		return a.Store.CreateUser(ctx, owner)
	})
	if err != nil {
		return voice.Tenant{}, voice.User{}, voice.E(op, voice.KindOf(err), fmt.Errorf("account %s was made, its owner was not: %w", t.ID, err))
	}
	if err := a.Bootstrap(ctx, t, owner); err != nil {
		return voice.Tenant{}, voice.User{}, voice.E(op, voice.KindOf(err), fmt.Errorf("account %s was made, its first apps were not: %w", t.ID, err))
	}
	return t, owner, nil
}

func (a *Admin) newAccount(ctx context.Context, s AccountSpec) (voice.Tenant, voice.User, error) {
	const op = "admin.CreateAccount"
	fail := func(field, format string, args ...any) (voice.Tenant, voice.User, error) {
		return voice.Tenant{}, voice.User{}, voice.InvalidField(op, field, format, args...)
	}
	name := strings.TrimSpace(s.Name)
	if err := checkName(name); err != nil {
		return fail("name", "%w", err)
	}
	if s.Email != "" {
		if err := a.freeEmail(ctx, s.Email); err != nil {
			return voice.Tenant{}, voice.User{}, err
		}
	}
	if _, err := time.LoadLocation(or(s.Timezone, "UTC")); err != nil {
		return fail("timezone", "%q is no time zone such as Europe/Stockholm", s.Timezone)
	}
	country, currency := strings.ToUpper(or(s.Country, "US")), strings.ToUpper(or(s.Currency, "USD"))
	if len(country) != 2 || !letters(country) {
		return fail("country", "%q is no country code of two letters such as SE", s.Country)
	}
	if len(currency) != 3 || !letters(currency) {
		return fail("currency", "%q is no currency code of three letters such as EUR", s.Currency)
	}
	now := time.Now()
	t := voice.Tenant{Name: name, Language: or(s.Language, "en"), Timezone: or(s.Timezone, "UTC"), Country: country, Currency: currency, Created: now}
	return t, voice.User{FirstName: "Owner", LastName: name, Email: s.Email, Role: voice.RoleAdmin, Operator: s.Operator, Location: country, Created: now}, nil
}

// freeEmail refuses an address that is none or that someone here has.
func (a *Admin) freeEmail(ctx context.Context, email string) error {
	const op = "admin.freeEmail"
	at := strings.LastIndexByte(email, '@')
	if at < 1 || at == len(email)-1 || len(email) > 254 || strings.ContainsAny(email, " \t\r\n<>\"") {
		return voice.InvalidField(op, "email", "%q is not an e-mail address", email)
	}
	tenants, err := a.Store.Tenants(ctx)
	if err != nil {
		return err
	}
	for _, t := range tenants {
		users, err := a.Store.Users(ctx, t.ID)
		if err != nil {
			return err
		}
		for _, u := range users {
			if strings.EqualFold(u.Email, email) {
				return voice.InvalidField(op, "email", "%s is a user of account %s already", email, t.ID)
			}
		}
	}
	return nil
}

// Account is an account with its owner.
type Account struct {
	Tenant voice.Tenant
	Owner  voice.User // zero when it has no admin
}

// Accounts lists the accounts.
func (a *Admin) Accounts(ctx context.Context) ([]Account, error) {
	tenants, err := a.Store.Tenants(ctx)
	if err != nil {
		return nil, err
	}
	list := make([]Account, 0, len(tenants))
	for _, t := range tenants {
		owner, err := a.owner(ctx, t.ID)
		if err != nil && !voice.IsKind(err, voice.NotExist) {
			return nil, err
		}
		list = append(list, Account{t, owner})
	}
	return list, nil
}

// owner gives the account's first admin.
func (a *Admin) owner(ctx context.Context, id voice.TenantID) (voice.User, error) {
	users, err := a.Store.Users(ctx, id)
	if err != nil {
		return voice.User{}, err
	}
	for _, u := range users {
		if u.Role == voice.RoleAdmin {
			return u, nil
		}
	}
	return voice.User{}, voice.Errorf("admin.owner", voice.NotExist, "account %s has no user who is an admin", id)
}

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

func letters(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r < 'A' || r > 'Z' }) < 0
}

func checkName(s string) error {
	if s == "" {
		return fmt.Errorf("it is empty")
	}
	if n := len([]rune(s)); n > maxName {
		return fmt.Errorf("it has %d characters; %d are the most", n, maxName)
	}
	if strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return fmt.Errorf("%q holds a control character", s)
	}
	return nil
}
