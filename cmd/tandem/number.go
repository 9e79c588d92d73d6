package main

import (
	"fmt"
	"io"

	"tandem/internal/admin"
	"tandem/internal/voice"
)

type numberCmd struct {
	Add    numberAdd    `cmd:"" help:"Give an account a number."`
	List   numberList   `cmd:"" help:"List an account's numbers."`
	Route  numberRoute  `cmd:"" help:"Send the calls of a number elsewhere."`
	Remove numberRemove `cmd:"" help:"Take a number away."`
}

// destination is where a number's calls go.
type destination struct {
	App       string `placeholder:"APP_ID" xor:"to" help:"To an app."`
	User      string `placeholder:"USER_ID" xor:"to" help:"To a user, per the user's call settings."`
	Extension string `placeholder:"NUMBER" xor:"to" help:"To an extension."`
	ToNumber  string `placeholder:"+E164" xor:"to" help:"To a telephone number, through a trunk."`
	SIP       string `name:"sip" placeholder:"ADDRESS" xor:"to" help:"To a SIP address."`
}

func (d destination) dest() voice.Destination {
	switch {
	case d.App != "":
		return voice.Destination{Kind: voice.ToApp, ID: d.App}
	case d.User != "":
		return voice.Destination{Kind: voice.ToUser, ID: d.User}
	case d.Extension != "":
		return voice.Destination{Kind: voice.ToExtension, ID: d.Extension}
	case d.ToNumber != "":
		return voice.Destination{Kind: voice.ToNumber, ID: d.ToNumber}
	case d.SIP != "":
		return voice.Destination{Kind: voice.ToSIP, ID: d.SIP}
	}
	return voice.Destination{}
}

type numberJSON struct {
	Number  voice.E164        `json:"number"`
	Account voice.TenantID    `json:"account_id"`
	To      voice.Destination `json:"to"`
}

func (p *program) showNumber(n voice.Number) error {
	return p.show(numberJSON{n.E164, n.Tenant, n.Dest}, func(w io.Writer) {
		if n.Dest.IsZero() {
			fmt.Fprintf(w, "%s goes nowhere yet; tandem number route sends its calls to an app.\n", n.E164)
			return
		}
		fmt.Fprintf(w, "%s goes to %s.\n", n.E164, n.Dest)
	})
}

type numberAdd struct {
	Number      string `arg:"" help:"Full international number: +4685000000."`
	Account     string `required:"" placeholder:"ID" help:"The account."`
	destination `embed:""`
}

func (c *numberAdd) Run(p *program) error {
	return p.withAdmin(func(a *admin.Admin) error {
		n, err := a.AddNumber(p.ctx, voice.TenantID(c.Account), c.Number, c.dest())
		if err != nil {
			return err
		}
		return p.showNumber(n)
	})
}

type numberRoute struct {
	Number      string `arg:"" help:"The number."`
	Account     string `required:"" placeholder:"ID" help:"The account."`
	destination `embed:""`
	Nowhere     bool `xor:"to" help:"Calls are refused with 404."`
}

func (c *numberRoute) Run(p *program) error {
	if c.dest().IsZero() && !c.Nowhere {
		return fmt.Errorf("say where the calls go: --app, --user, --extension, --to-number, --sip or --nowhere")
	}
	return p.withAdmin(func(a *admin.Admin) error {
		n, err := a.RouteNumber(p.ctx, voice.TenantID(c.Account), c.Number, c.dest())
		if err != nil {
			return err
		}
		return p.showNumber(n)
	})
}

type numberRemove struct {
	Number  string `arg:"" help:"The number."`
	Account string `required:"" placeholder:"ID" help:"The account."`
}

func (c *numberRemove) Run(p *program) error {
	return p.withAdmin(func(a *admin.Admin) error {
		if err := a.RemoveNumber(p.ctx, voice.TenantID(c.Account), c.Number); err != nil {
			return err
		}
		return p.removed(c.Number)
	})
}

// removed says that something is gone.
func (p *program) removed(what string) error {
	return p.show(map[string]string{"removed": what}, func(w io.Writer) { fmt.Fprintf(w, "%s is removed.\n", what) })
}

type numberList struct {
	Account string `required:"" placeholder:"ID" help:"The account."`
}

func (c *numberList) Run(p *program) error {
	return p.withAdmin(func(a *admin.Admin) error {
		list, err := a.Numbers(p.ctx, voice.TenantID(c.Account))
		if err != nil {
			return err
		}
		out := make([]numberJSON, len(list))
		for i, n := range list {
			out[i] = numberJSON{n.E164, n.Tenant, n.Dest}
		}
		return p.show(out, func(w io.Writer) {
			for _, n := range out {
				row(w, string(n.Number), n.To.String())
			}
		})
	})
}
