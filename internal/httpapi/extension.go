package httpapi

import (
	"cmp"
	"context"
	"net/http"
	"time"

	"tandem/internal/admin"
	"tandem/internal/voice"
)

// Extension is a short number and the SIP account of its telephones.
type Extension struct {
	Number   string     `json:"number" example:"101"`
	Username string     `json:"username" doc:"SIP user"`
	Realm    string     `json:"realm" doc:"SIP digest realm"`
	User     string     `json:"user" doc:"Whose it is"`
	SRTP     string     `json:"srtp" enum:"off,preferred,required" doc:"Whether media with its telephones is secured"`
	Phones   []Phone    `json:"phones" doc:"Telephones that are registered now"`
	Created  *time.Time `json:"created,omitempty"`
}

// Phone is a registered telephone.
type Phone struct {
	Contact   string     `json:"contact"`
	Source    string     `json:"source" doc:"Network address it registered from"`
	Transport string     `json:"transport"`
	UserAgent string     `json:"user_agent,omitempty"`
	Path      []string   `json:"path,omitempty" doc:"Proxies that it registered through and that calls to it pass, nearest first"`
	Expires   *time.Time `json:"expires"`
}

// ExtensionInput is a new extension.
type ExtensionInput struct {
	Number string `json:"number" pattern:"^[0-9]{2,6}$" patternDescription:"2 to 6 digits" example:"101"`
	User   string `json:"user,omitempty" maxLength:"40" doc:"Id of the user whose it is; missing = a new user"`
	Name   string `json:"name,omitempty" maxLength:"100" doc:"Name of the new user; missing = \"Extension 101\""`
	Email  string `json:"email,omitempty" maxLength:"254" doc:"E-mail address of the new user"`
	SRTP   string `json:"srtp,omitempty" enum:"off,preferred,required" doc:"Whether media with its telephones is secured, by keys in encrypted signalling (SDES) or by DTLS; missing = preferred. Browsers always speak DTLS."`
}

// ExtensionChange is what may be changed of an extension.
type ExtensionChange struct {
	ExtensionPath
	Body struct {
		SRTP string `json:"srtp" enum:"off,preferred,required" doc:"Whether media with its telephones is secured, from the next call on"`
	}
}

// NewExtension is what is typed into the telephone. The password is shown once.
type NewExtension struct {
	Number    string `json:"number"`
	Username  string `json:"username"`
	Password  string `json:"password" doc:"Shown this once"`
	Domain    string `json:"domain"`
	Realm     string `json:"realm"`
	Registrar string `json:"registrar" doc:"HOST:PORT where the telephone registers"`
	User      string `json:"user"`
}

// ExtensionPath names it in the path.
type ExtensionPath struct {
	Number string `path:"number" maxLength:"6" example:"101"`
}

func (a *API) registerExtensions() {
	const section = "Extensions"
	handle(a, route{id: "list-extensions", method: http.MethodGet, path: "/extensions", section: section, scope: ConfigRead,
		title: "List the extensions and their telephones"}, a.listExtensions)
	handle(a, route{id: "add-extension", method: http.MethodPost, path: "/extensions", section: section, scope: ConfigWrite, status: http.StatusCreated,
		title: "Add an extension", text: "The answer has the telephone's password, which is not shown again."}, a.addExtension)
	handle(a, route{id: "read-extension", method: http.MethodGet, path: "/extensions/{number}", section: section, scope: ConfigRead,
		title: "Read an extension"}, a.readExtension)
	handle(a, route{id: "change-extension", method: http.MethodPatch, path: "/extensions/{number}", section: section, scope: ConfigWrite,
		title: "Change an extension"}, a.changeExtension)
	handle(a, route{id: "remove-extension", method: http.MethodDelete, path: "/extensions/{number}", section: section, scope: ConfigWrite, status: http.StatusNoContent,
		title: "Remove an extension", text: "Its telephones are no longer known; its user stays."}, a.removeExtension)
}

func showExtension(e voice.Extension, bindings []voice.Binding) Extension {
	x := Extension{Number: e.Number, Username: e.Username, Realm: e.Realm, User: string(e.User), SRTP: cmp.Or(e.SRTP, "preferred"), Phones: []Phone{}, Created: moment(e.Created)}
	for _, b := range bindings {
		if b.Extension == e.Number {
			x.Phones = append(x.Phones, Phone{b.Contact, b.Source, b.Transport, b.UserAgent, b.Path, moment(b.Expires)})
		}
	}
	return x
}

func (a *API) listExtensions(ctx context.Context, c caller, _ *struct{}) (*answer[Page[Extension]], error) {
	list, err := a.cfg.Extensions.Extensions(ctx, c.tenant)
	if err != nil {
		return nil, err
	}
	bindings, err := a.cfg.Bindings.Bindings(ctx, c.tenant, "", a.cfg.Now())
	if err != nil {
		return nil, err
	}
	return all(list, func(e voice.Extension) Extension { return showExtension(e, bindings) }), nil
}

func (a *API) addExtension(ctx context.Context, c caller, in *struct{ Body ExtensionInput }) (*answer[NewExtension], error) {
	p, err := a.cfg.Admin.AddExtension(ctx, c.tenant, admin.ExtensionSpec{Number: in.Body.Number, User: voice.UserID(in.Body.User), Name: in.Body.Name, Email: in.Body.Email,
		SRTP: in.Body.SRTP})
	if err != nil {
		return nil, err
	}
	return body(NewExtension{p.Number, p.Username, p.Password, p.Domain, p.Realm, p.Registrar, string(p.User)}), nil
}

func (a *API) changeExtension(ctx context.Context, c caller, in *ExtensionChange) (*answer[Extension], error) {
	if _, err := a.cfg.Extensions.Extension(ctx, c.tenant, in.Number); err != nil {
		return nil, err
	}
	if err := a.cfg.Admin.SecureExtension(ctx, c.tenant, in.Number, in.Body.SRTP); err != nil {
		return nil, err
	}
	return a.readExtension(ctx, c, &in.ExtensionPath)
}

func (a *API) readExtension(ctx context.Context, c caller, in *ExtensionPath) (*answer[Extension], error) {
	e, err := a.cfg.Extensions.Extension(ctx, c.tenant, in.Number)
	if err != nil {
		return nil, err
	}
	bindings, err := a.cfg.Bindings.Bindings(ctx, c.tenant, e.Number, a.cfg.Now())
	if err != nil {
		return nil, err
	}
	return body(showExtension(e, bindings)), nil
}

func (a *API) removeExtension(ctx context.Context, c caller, in *ExtensionPath) (*nothing, error) {
	if _, err := a.cfg.Extensions.Extension(ctx, c.tenant, in.Number); err != nil {
		return nil, err
	}
	return nil, a.cfg.Admin.RemoveExtension(ctx, c.tenant, in.Number)
}
