package main

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"tandem/internal/admin"
	"tandem/internal/voice"
)

type extensionCmd struct {
	Add    extensionAdd    `cmd:"" help:"Make an extension and print what to type into its phone."`
	List   extensionList   `cmd:"" help:"List an account's extensions."`
	Set    extensionSet    `cmd:"" help:"Change whether media with an extension's phones is secured."`
	Remove extensionRemove `cmd:"" help:"Remove an extension; its user stays."`
}

type extensionAdd struct {
	Number  string `arg:"" help:"Short number, 2 to 6 digits: 101."`
	Account string `required:"" placeholder:"ID" help:"The account."`
	User    string `placeholder:"USER_ID" help:"User whose extension it is (default a new one)."`
	Name    string `help:"Name of the new user."`
	Email   string `placeholder:"ADDRESS" help:"E-mail of the new user."`
	SRTP    string `name:"srtp" placeholder:"off|preferred|required" help:"Whether media with its phones is secured (default: preferred)."`
}

type phoneJSON struct {
	Username string       `json:"username"`
	Password string       `json:"password"`
	Domain   string       `json:"domain"`
	Realm    string       `json:"realm"`
	Server   string       `json:"server"` // HOST:PORT where it registers
	UserID   voice.UserID `json:"user_id"`
	Number   string       `json:"number"`
}

func (c *extensionAdd) Run(p *program) error {
	return p.withAdmin(func(a *admin.Admin) error {
		ph, err := a.AddExtension(p.ctx, voice.TenantID(c.Account), admin.ExtensionSpec{
			Number: c.Number, User: voice.UserID(c.User), Name: c.Name, Email: c.Email, SRTP: c.SRTP})
		if err != nil {
			return err
		}
		out := phoneJSON{ph.Username, ph.Password, ph.Domain, ph.Realm, ph.Registrar, ph.User, ph.Number}
		return p.show(out, func(w io.Writer) {
			fmt.Fprintf(w, "username\t%s\npassword\t%s\ndomain\t%s\nserver\t%s\nuser\t%s\n",
				ph.Username, ph.Password, ph.Domain, ph.Registrar, ph.User)
			fmt.Fprintln(w, "The password is not shown again.")
		})
	})
}

type extensionSet struct {
	Number  string `arg:"" help:"The extension."`
	Account string `required:"" placeholder:"ID" help:"The account."`
	SRTP    string `name:"srtp" required:"" placeholder:"off|preferred|required" help:"Whether media with its phones is secured, from the next call on."`
}

func (c *extensionSet) Run(p *program) error {
	return p.withAdmin(func(a *admin.Admin) error {
		if err := a.SecureExtension(p.ctx, voice.TenantID(c.Account), c.Number, c.SRTP); err != nil {
			return err
		}
		return p.show(map[string]string{"number": c.Number, "srtp": c.SRTP}, func(w io.Writer) {
			fmt.Fprintf(w, "extension %s has SRTP %s\n", c.Number, c.SRTP)
		})
	})
}

type extensionRemove struct {
	Number  string `arg:"" help:"The extension."`
	Account string `required:"" placeholder:"ID" help:"The account."`
}

func (c *extensionRemove) Run(p *program) error {
	return p.withAdmin(func(a *admin.Admin) error {
		if err := a.RemoveExtension(p.ctx, voice.TenantID(c.Account), c.Number); err != nil {
			return err
		}
		return p.removed("extension " + c.Number)
	})
}

type extensionList struct {
	Account string `required:"" placeholder:"ID" help:"The account."`
}

type extensionJSON struct {
	Number   string        `json:"number"`
	Username string        `json:"username"`
	UserID   voice.UserID  `json:"user_id"`
	SRTP     string        `json:"srtp,omitempty"`
	Phones   int           `json:"registered_phones"`
	Bindings []bindingJSON `json:"phones,omitempty"`
}

type bindingJSON struct {
	Contact   string    `json:"contact"`
	Source    string    `json:"source"`
	Transport string    `json:"transport"`
	UserAgent string    `json:"user_agent,omitempty"`
	Path      []string  `json:"path,omitempty"`
	Expires   time.Time `json:"expires"`
}

func (c *extensionList) Run(p *program) error {
	return p.withAdmin(func(a *admin.Admin) error {
		list, err := a.Extensions(p.ctx, voice.TenantID(c.Account))
		if err != nil {
			return err
		}
		out := make([]extensionJSON, len(list))
		for i, e := range list {
			out[i] = extensionJSON{e.Number, e.Username, e.User, e.SRTP, e.Phones, nil}
			for _, b := range e.Bindings {
				out[i].Bindings = append(out[i].Bindings, bindingJSON{b.Contact, b.Source, b.Transport, b.UserAgent, b.Path, b.Expires})
			}
		}
		return p.show(out, func(w io.Writer) {
			for _, e := range out {
				phones := strconv.Itoa(e.Phones) + " phones registered"
				if e.SRTP != "" {
					phones += ", SRTP " + e.SRTP
				}
				row(w, e.Number, e.Username, "user "+string(e.UserID), phones)
				for _, b := range e.Bindings {
					if len(b.Path) > 0 {
						row(w, "", b.Contact, "by way of "+strings.Join(b.Path, ", "))
					}
				}
			}
		})
	})
}
