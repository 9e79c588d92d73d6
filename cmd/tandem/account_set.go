package main

import (
	"fmt"
	"io"

	"tandem/internal/admin"
	"tandem/internal/voice"
)

type accountSet struct {
	Account  string `required:"" placeholder:"ID" help:"The account."`
	Rescue   string `required:"" placeholder:"APP_ID" xor:"rescue" help:"App that goes on with callers when an application gives no valid answer, or an app is gone, and the flow has no way for that."`
	NoRescue bool   `required:"" xor:"rescue" help:"Such calls end."`
}

func (c *accountSet) Run(p *program) error {
	return p.withAdmin(func(a *admin.Admin) error {
		t, err := a.SetRescue(p.ctx, voice.TenantID(c.Account), voice.AppID(c.Rescue))
		if err != nil {
			return err
		}
		return p.show(map[string]string{"id": string(t.ID), "rescue": string(t.Rescue)}, func(w io.Writer) {
			if t.Rescue == "" {
				fmt.Fprintf(w, "account %s has no rescue app: calls whose flow can't go on end.\n", t.ID)
				return
			}
			fmt.Fprintf(w, "app %s goes on with callers of account %s whose flow can't.\n", t.Rescue, t.ID)
		})
	})
}

type accountAllow struct {
	Account string   `arg:"" help:"The account."`
	Network []string `arg:"" optional:"" help:"Networks that the account's URLs may lead to although they are not public, such as 10.1.2.0/24; none = list them."`
	Remove  bool     `help:"Take them away again."`
}

func (c *accountAllow) Run(p *program) error {
	return p.withAdmin(func(a *admin.Admin) error {
		nets, err := a.Allow(p.ctx, voice.TenantID(c.Account), c.Network, c.Remove)
		if err != nil {
			return err
		}
		list := make([]string, len(nets))
		for i, n := range nets {
			list[i] = n.String()
		}
		return p.show(map[string]any{"id": c.Account, "allow": list}, func(w io.Writer) {
			if len(list) == 0 {
				fmt.Fprintf(w, "URLs of account %s lead to public addresses alone.\n", c.Account)
			}
			for _, n := range list {
				fmt.Fprintln(w, n)
			}
		})
	})
}
