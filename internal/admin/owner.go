package admin

import (
	"context"
	"fmt"
	"net/url"
	"time"

	"tandem/internal/auth"
	"tandem/internal/voice"
)

// Bounds of owners' log-ins.
const (
	SetupLife   = 7 * 24 * time.Hour // a one-time link works so long
	MinPassword = 10                 // characters
	MaxPassword = 200                // bytes
)

// ownerKind is the kind of credential that opens the web pages.
const ownerKind = "owner"

// SetupLink makes a link by which the account's owner sets a password, once,
// within SetupLife.
func (a *Admin) SetupLink(ctx context.Context, account voice.TenantID) (string, error) {
	t, err := a.tenant(ctx, "admin.SetupLink", account)
	if err != nil {
		return "", err
	}
	owner, err := a.owner(ctx, t.ID)
	if err != nil {
		return "", err
	}
	token, err := a.Links.Create(ctx, auth.SetUp, t.ID, owner.ID, SetupLife)
	if err != nil {
		return "", err
	}
	return a.URL + "/setup?token=" + url.QueryEscape(token), nil
}

// SetUp uses a one-time token up and sets its owner's password. Error kinds:
// Invalid for a password that will not do, which leaves the token as it is;
// Permission when the token was used, has run out or never was.
func (a *Admin) SetUp(ctx context.Context, token, password string) (voice.User, error) {
	const op = "admin.SetUp"
	if n := len([]rune(password)); n < MinPassword {
		return voice.User{}, voice.InvalidField(op, "password", "The password has %d characters; %d are the least.", n, MinPassword)
	}
	if len(password) > MaxPassword {
		return voice.User{}, voice.InvalidField(op, "password", "The password has %d bytes; %d are the most.", len(password), MaxPassword)
	}
	t, id, err := a.Links.Take(ctx, auth.SetUp, token)
	if err != nil {
		return voice.User{}, err
	}
	u, err := a.Store.User(ctx, t, id)
	if voice.IsKind(err, voice.NotExist) {
		return voice.User{}, voice.Errorf(op, voice.Permission, "the user of this link is gone")
	}
	if err != nil {
		return voice.User{}, err
	}
	voice.ActsAs(ctx, voice.ActorUser, string(u.ID), u.Called())
	if err := a.Passwords.SetPassword(ctx, ownerKind, u, password); err != nil {
		return voice.User{}, fmt.Errorf("%s: %w", op, err)
	}
	return u, a.Note(ctx, u, "set the password of")
}

// Note writes into the audit log what a person did about himself or herself.
func (a *Admin) Note(ctx context.Context, u voice.User, action string) error {
	voice.ActsAs(ctx, voice.ActorUser, string(u.ID), u.Called())
	actor, ok := voice.ActorOf(ctx)
	if !ok {
		actor = voice.Actor{Kind: voice.ActorUser, ID: string(u.ID), Name: u.Called(), Via: "page"}
	}
	return a.Store.AppendAudit(ctx, voice.AuditEntry{Tenant: u.Tenant, Actor: actor, Action: action, Kind: "user", Object: string(u.ID), Name: u.Called()})
}

// CheckPassword checks a person's password again, who is logged in: what changes how one
// logs in is not for whoever finds an open page. Permission when it is wrong, Limit after
// too many.
func (a *Admin) CheckPassword(ctx context.Context, u voice.User, password string) error {
	const op = "admin.CheckPassword"
	if len(password) > MaxPassword {
		return voice.Errorf(op, voice.Permission, "the password is wrong")
	}
	actor, _ := voice.ActorOf(ctx)
	err := a.Passwords.UserPassword(ctx, ownerKind, u, password, actor.Source)
	if voice.IsKind(err, voice.Permission) {
		return voice.Errorf(op, voice.Permission, "the password is wrong")
	}
	return err
}

// Login checks a person's e-mail and password; Permission when they do not fit. Whether
// more is asked for, FactorNeeded says.
func (a *Admin) Login(ctx context.Context, name, password, source string) (voice.User, error) {
	if len(password) > MaxPassword || len(name) > 254 {
		return voice.User{}, voice.Errorf("admin.Login", voice.Permission, "name and password do not fit")
	}
	t, err := a.Passwords.Password(ctx, ownerKind, name, password, source)
	if err != nil {
		return voice.User{}, err
	}
	return a.Store.User(ctx, t.Tenant, t.User)
}
