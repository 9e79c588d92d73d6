package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"tandem/internal/voice"
)

// Passkeys registers passkeys; package passkey does.
type Passkeys interface {
	Place() (party string, origins []string)
	BeginPasskey(ctx context.Context, u voice.User, origin string) (voice.Ceremony, error)
	AddPasskey(ctx context.Context, u voice.User, token, name string, credential []byte) (voice.Passkey, error)
}

// PasswordChecker asks people for their password again; package admin does.
type PasswordChecker interface {
	CheckPassword(ctx context.Context, u voice.User, password string) error
}

// Passkey is a key pair of a person's device, security key or password manager.
type Passkey struct {
	ID      string     `json:"id"`
	Name    string     `json:"name"`
	Party   string     `json:"party" doc:"Host name that it was made for; it works nowhere else"`
	Synced  bool       `json:"synced" doc:"It may be copied to other devices of the person"`
	Created *time.Time `json:"created,omitempty"`
	Used    *time.Time `json:"used,omitempty" doc:"Last; missing = never"`
}

// PasskeyList are one's passkeys and where they work.
type PasskeyList struct {
	Items   []Passkey `json:"items"`
	Most    int       `json:"most" doc:"How many there may be"`
	Party   string    `json:"party" doc:"Host name that new ones are made for"`
	Origins []string  `json:"origins" doc:"Where the page has to be open for them: browsers allow them over https alone, and on localhost"`
}

// PasskeyCeremony is what a browser is asked for a passkey.
type PasskeyCeremony struct {
	Token   string          `json:"token" doc:"Comes back with the answer, once, within five minutes"`
	Options json.RawMessage `json:"options" doc:"PublicKeyCredentialCreationOptionsJSON of Web Authentication"`
}

// PasskeyInput is the answer of the browser.
type PasskeyInput struct {
	Token      string          `json:"token" minLength:"1" maxLength:"200"`
	Name       string          `json:"name" minLength:"1" maxLength:"100" doc:"By which one knows the device again"`
	Credential json.RawMessage `json:"credential" doc:"RegistrationResponseJSON of Web Authentication, at most 16 KiB"`
}

// PasskeyName is another name of a passkey.
type PasskeyName struct {
	Name string `json:"name" minLength:"1" maxLength:"100"`
}

// PasswordAgain is the password of who is logged in.
type PasswordAgain struct {
	Password string `json:"password" minLength:"1" maxLength:"200" doc:"Of who is logged in: not everybody who finds an open page may do this"`
}

// PasskeyPath names it in the path.
type PasskeyPath struct {
	Passkey string `path:"passkey" maxLength:"40"`
}

func (a *API) registerPasskeys() {
	const section = "Users"
	const own = "For people who are logged in at the page; keys have no passkeys."
	handle(a, route{id: "list-passkeys", method: http.MethodGet, path: "/me/passkeys", section: section, title: "List your passkeys", text: own}, a.listPasskeys)
	handle(a, route{id: "begin-passkey", method: http.MethodPost, path: "/me/passkeys/begin", section: section,
		title: "Begin to register a passkey", text: "What is given is for navigator.credentials.create. " + own}, a.beginPasskey)
	handle(a, route{id: "add-passkey", method: http.MethodPost, path: "/me/passkeys", section: section, status: http.StatusCreated,
		title: "Register a passkey", text: "From then on it logs in without a password, and is asked for after the password as the second factor. " + own}, a.addPasskey)
	handle(a, route{id: "rename-passkey", method: http.MethodPatch, path: "/me/passkeys/{passkey}", section: section, title: "Rename a passkey", text: own}, a.renamePasskey)
	handle(a, route{id: "remove-passkey", method: http.MethodPost, path: "/me/passkeys/{passkey}/remove", section: section, status: http.StatusNoContent,
		title: "Remove a passkey", text: own}, a.removePasskey)
	handle(a, route{id: "remove-user-passkeys", method: http.MethodDelete, path: "/users/{user}/passkeys", section: section, scope: ConfigWrite, status: http.StatusNoContent,
		title: "Remove a user's passkeys", text: "All of them, for somebody who has lost them. Who removes them may do all that the user may do."}, a.removeUserPasskeys)
}

func showPasskey(p voice.Passkey) Passkey {
	return Passkey{ID: string(p.ID), Name: p.Name, Party: p.Party, Synced: p.Synced, Created: moment(p.Created), Used: moment(p.Used)}
}

func (a *API) listPasskeys(ctx context.Context, c caller, _ *struct{}) (*answer[PasskeyList], error) {
	u, err := personOf(c)
	if err != nil {
		return nil, err
	}
	list, err := a.cfg.PasskeyStore.Passkeys(ctx, u.Tenant, u.ID)
	if err != nil {
		return nil, err
	}
	party, origins := a.cfg.Passkeys.Place()
	return body(PasskeyList{all(list, showPasskey).Body.Items, voice.MaxPasskeys, party, origins}), nil
}

// passwordOf gives who is logged in once the password was right, again.
func (a *API) passwordOf(ctx context.Context, c caller, password string) (voice.User, error) {
	u, err := personOf(c)
	if err != nil {
		return u, err
	}
	err = a.cfg.Passwords.CheckPassword(ctx, u, password)
	if voice.IsKind(err, voice.Permission) {
		return u, invalid("body.password", "%s", voice.Reason(err))
	}
	return u, err
}

func (a *API) beginPasskey(ctx context.Context, c caller, in *struct{ Body PasswordAgain }) (*answer[PasskeyCeremony], error) {
	u, err := a.passwordOf(ctx, c, in.Body.Password)
	if err != nil {
		return nil, err
	}
	begun, err := a.cfg.Passkeys.BeginPasskey(ctx, u, "")
	if err != nil {
		return nil, err
	}
	return body(PasskeyCeremony(begun)), nil
}

func (a *API) addPasskey(ctx context.Context, c caller, in *struct{ Body PasskeyInput }) (*answer[Passkey], error) {
	u, err := personOf(c)
	if err != nil {
		return nil, err
	}
	made, err := a.cfg.Passkeys.AddPasskey(ctx, u, in.Body.Token, in.Body.Name, in.Body.Credential)
	if err != nil {
		return nil, inBody(err)
	}
	return body(showPasskey(made)), nil
}

// inBody says that a field at fault is one of the body.
func inBody(err error) error {
	if e, ok := errors.AsType[*voice.Error](err); ok && e.Kind == voice.Invalid && e.Field != "" {
		return invalid("body."+e.Field, "%s", voice.Reason(err))
	}
	return err
}

func (a *API) renamePasskey(ctx context.Context, c caller, in *struct {
	PasskeyPath
	Body PasskeyName
}) (*answer[Passkey], error) {
	u, err := personOf(c)
	if err != nil {
		return nil, err
	}
	name := cleanName(in.Body.Name)
	if name == "" {
		return nil, invalid("body.name", "the passkey needs a name")
	}
	if err := a.cfg.PasskeyStore.RenamePasskey(ctx, u.Tenant, u.ID, voice.PasskeyID(in.Passkey), name); err != nil {
		return nil, err
	}
	list, err := a.cfg.PasskeyStore.Passkeys(ctx, u.Tenant, u.ID)
	if err != nil {
		return nil, err
	}
	for _, p := range list {
		if string(p.ID) == in.Passkey {
			return body(showPasskey(p)), nil
		}
	}
	return nil, voice.Errorf("httpapi", voice.NotExist, "passkey %s does not exist", in.Passkey)
}

func (a *API) removePasskey(ctx context.Context, c caller, in *struct {
	PasskeyPath
	Body PasswordAgain
}) (*nothing, error) {
	u, err := a.passwordOf(ctx, c, in.Body.Password)
	if err != nil {
		return nil, err
	}
	return nil, a.cfg.PasskeyStore.DeletePasskey(ctx, u.Tenant, u.ID, voice.PasskeyID(in.Passkey))
}

func (a *API) removeUserPasskeys(ctx context.Context, c caller, in *UserPath) (*nothing, error) {
	u, err := a.cfg.Users.User(ctx, c.tenant, voice.UserID(in.User))
	if err != nil {
		return nil, err
	}
	if u.ID == c.person.ID {
		return nil, voice.Errorf("httpapi", voice.Conflict, "your own passkeys are removed with the password")
	}
	if err := outranks(c, u); err != nil {
		return nil, err
	}
	if _, err := a.cfg.Sessions.EndSessions(ctx, u.Tenant, u.ID, "", ""); err != nil {
		return nil, err
	}
	return nil, a.cfg.PasskeyStore.DeletePasskeys(ctx, u.Tenant, u.ID)
}
