package main

import (
	"fmt"
	"io"

	"tandem/internal/admin"
	"tandem/internal/voice"
)

type accountCmd struct {
	Create accountCreate `cmd:"" help:"Make an account with its owner and first apps."`
	List   accountList   `cmd:"" help:"List the accounts."`
	Link   accountLink   `cmd:"" help:"Make a one-time link by which the owner sets a password."`
	Set    accountSet    `cmd:"" help:"Choose the account's rescue app."`
	Limits accountLimits `cmd:"" help:"Show what an account may do at once, or change it."`
	Allow  accountAllow  `cmd:"" help:"Let the URLs of an account lead into networks that are not public."`
}

type accountJSON struct {
	ID       voice.TenantID `json:"id"`
	Name     string         `json:"name"`
	OwnerID  voice.UserID   `json:"owner_id,omitempty"`
	Email    string         `json:"owner_email,omitempty"`
	SetupURL string         `json:"setup_url,omitempty"`
}

type accountCreate struct {
	Name     string `arg:"" help:"Name of the customer."`
	Email    string `placeholder:"ADDRESS" help:"E-mail of the owner, who logs in with it and gets the voicemail."`
	Timezone string `placeholder:"ZONE" help:"IANA time zone, such as Europe/Stockholm (default UTC)."`
	Country  string `placeholder:"CC" help:"Country code of two letters (default US)."`
	Currency string `placeholder:"CCC" help:"Currency code of three letters (default USD)."`
	Language string `placeholder:"LANG" help:"Language (default en)."`
	Operator bool   `help:"The owner has the server in care, too: trunks and every account."`
}

func (c *accountCreate) Run(p *program) error {
	p.create = true
	return p.withAdmin(func(a *admin.Admin) error {
		t, owner, err := a.CreateAccount(p.ctx, admin.AccountSpec{Name: c.Name, Email: c.Email,
			Timezone: c.Timezone, Country: c.Country, Currency: c.Currency, Language: c.Language, Operator: c.Operator})
		if err != nil {
			return err
		}
		link, err := a.SetupLink(p.ctx, t.ID)
		if err != nil {
			return err
		}
		return p.show(accountJSON{t.ID, t.Name, owner.ID, owner.Email, link}, func(w io.Writer) {
			fmt.Fprintf(w, "account\t%s\nname\t%s\nowner\t%s\nset-up link\t%s\n", t.ID, t.Name, owner.Email, link)
		})
	})
}

type accountList struct{}

func (accountList) Run(p *program) error {
	return p.withAdmin(func(a *admin.Admin) error {
		list, err := a.Accounts(p.ctx)
		if err != nil {
			return err
		}
		out := make([]accountJSON, len(list))
		for i, acc := range list {
			out[i] = accountJSON{ID: acc.Tenant.ID, Name: acc.Tenant.Name, OwnerID: acc.Owner.ID, Email: acc.Owner.Email}
		}
		return p.show(out, func(w io.Writer) {
			for _, acc := range out {
				row(w, string(acc.ID), acc.Name, acc.Email)
			}
		})
	})
}

type accountLink struct {
	Account  string `required:"" placeholder:"ID" help:"The account."`
	Reset    bool   `name:"reset-second-factor" help:"Forget the owner's second factor, too: the device and the recovery codes are lost."`
	Passkeys bool   `name:"remove-passkeys" help:"Remove the owner's passkeys, too."`
}

func (c *accountLink) Run(p *program) error {
	return p.withAdmin(func(a *admin.Admin) error {
		if c.Reset {
			if err := a.ResetOwnerFactor(p.ctx, voice.TenantID(c.Account)); err != nil {
				return err
			}
		}
		if c.Passkeys {
			if err := a.RemoveOwnerPasskeys(p.ctx, voice.TenantID(c.Account)); err != nil {
				return err
			}
		}
		link, err := a.SetupLink(p.ctx, voice.TenantID(c.Account))
		if err != nil {
			return err
		}
		return p.show(map[string]string{"id": c.Account, "setup_url": link}, func(w io.Writer) { fmt.Fprintln(w, link) })
	})
}

type credentialCmd struct {
	Create credentialCreate `cmd:"" help:"Make a credential and print every field that the vendor's client asks for."`
}

type credentialCreate struct {
	Account string `required:"" placeholder:"ID" help:"The account."`
	For     string `required:"" placeholder:"VENDOR" help:"sonetel, telphin, smartflo, or api for a key of Tandem's own API."`
	User    string `placeholder:"ID" help:"User whose it is (default the owner). A former password of that user stops working; applications and keys stand beside others."`
	Name    string `help:"Name of the application or key, for people."`

	Type     string   `placeholder:"TYPE" help:"Of a telphin application: trusted (the default), password or public."`
	Redirect []string `placeholder:"URL" sep:"none" help:"Address that users of a public application are sent back to; may be repeated."`
	Access   string   `enum:"all,call," default:"" help:"What a telphin application reaches: all, or call for calls alone (default all)."`
	Scope    []string `help:"What a key of the own API may do; may be repeated."`
}

func (c *credentialCreate) Run(p *program) error {
	return p.withAdmin(func(a *admin.Admin) error {
		fields, err := a.CreateCredential(p.ctx, admin.CredentialSpec{
			Account: voice.TenantID(c.Account), For: c.For, User: voice.UserID(c.User), Name: c.Name,
			Type: voice.ApplicationType(c.Type), Redirects: c.Redirect, Access: c.Access, Scopes: c.Scope,
		})
		if err != nil {
			return err
		}
		out := map[string]string{"for": c.For}
		for _, f := range fields {
			out[f.Name] = f.Value
		}
		return p.show(out, func(w io.Writer) {
			for _, f := range fields {
				fmt.Fprintf(w, "%s\t%s\n", f.Name, f.Value)
			}
			fmt.Fprintln(w, "What is secret here is not shown again.")
		})
	})
}
