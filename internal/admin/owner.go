package admin

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"time"

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

// setup is what is stored of a one-time link, under the hash of its token.
type setup struct {
	Tenant  voice.TenantID `json:"tenant"`
	User    voice.UserID   `json:"user"`
	Expires time.Time      `json:"expires"`
}

func setupKey(token string) string {
	h := sha256.Sum256([]byte(token))
	return "setup/" + hex.EncodeToString(h[:])
}

// SetupLink makes a link by which the account's owner sets a password, once,
// within SetupLife. Only the hash of its token is stored.
func (a *Admin) SetupLink(ctx context.Context, account voice.TenantID) (string, error) {
	const op = "admin.SetupLink"
	t, err := a.tenant(ctx, op, account)
	if err != nil {
		return "", err
	}
	owner, err := a.owner(ctx, t.ID)
	if err != nil {
		return "", err
	}
	raw, err := json.Marshal(setup{t.ID, owner.ID, time.Now().Add(SetupLife)})
	if err != nil {
		return "", voice.E(op, voice.Internal, err)
	}
	token := voice.NewSecret() + voice.NewSecret()
	if err := a.Store.PutSetting(ctx, setupKey(token), string(raw)); err != nil {
		return "", err
	}
	return a.URL + "/setup?token=" + url.QueryEscape(token), nil
}

// CheckSetup tells whose one-time token it is; Permission when it is none, was
// used or has run out.
func (a *Admin) CheckSetup(ctx context.Context, token string) (voice.User, error) {
	const op = "admin.CheckSetup"
	refused := voice.Errorf(op, voice.Permission, "the link was used, has run out or is not whole")
	if token == "" || len(token) > 200 {
		return voice.User{}, refused
	}
	raw, err := a.Store.Setting(ctx, setupKey(token))
	if voice.IsKind(err, voice.NotExist) {
		return voice.User{}, refused
	}
	if err != nil {
		return voice.User{}, err
	}
	var s setup
	if err := json.Unmarshal([]byte(raw), &s); err != nil {
		return voice.User{}, voice.E(op, voice.Internal, err)
	}
	if time.Now().After(s.Expires) {
		return voice.User{}, refused
	}
	if _, err := a.Store.Setting(ctx, setupKey(token)+"/used"); err == nil {
		return voice.User{}, refused
	} else if !voice.IsKind(err, voice.NotExist) {
		return voice.User{}, err
	}
	u, err := a.Store.User(ctx, s.Tenant, s.User)
	if voice.IsKind(err, voice.NotExist) {
		return voice.User{}, refused
	}
	return u, err
}

// SetUp uses a one-time token up and sets its owner's password.
func (a *Admin) SetUp(ctx context.Context, token, password string) (voice.User, error) {
	const op = "admin.SetUp"
	if n := len([]rune(password)); n < MinPassword {
		return voice.User{}, voice.InvalidField(op, "password", "The password has %d characters; %d are the least.", n, MinPassword)
	}
	if len(password) > MaxPassword {
		return voice.User{}, voice.InvalidField(op, "password", "The password has %d bytes; %d are the most.", len(password), MaxPassword)
	}
	u, err := a.CheckSetup(ctx, token)
	if err != nil {
		return voice.User{}, err
	}
	// Of two who come at once, the one whose mark is stored has it.
	mark := voice.NewSecret()
	stored, err := a.Store.InitSetting(ctx, setupKey(token)+"/used", mark)
	if err != nil {
		return voice.User{}, err
	}
	if stored != mark {
		return voice.User{}, voice.Errorf(op, voice.Permission, "the link was used")
	}
	if err := a.Passwords.SetPassword(ctx, ownerKind, u, password); err != nil {
		return voice.User{}, fmt.Errorf("%s: %w", op, err)
	}
	return u, nil
}

// Login checks an owner's e-mail and password; Permission when they do not fit.
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
