package main

import (
	"fmt"
	"io"
	"strconv"

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

type accountLimits struct {
	Account           string `arg:"" help:"The account."`
	OutboundCalls     *int   `placeholder:"N" help:"Calls through trunks at once; 0 = 10."`
	OutboundPerMinute *int   `placeholder:"N" help:"New calls through trunks a minute; 0 = 30."`
	InboundCalls      *int   `placeholder:"N" help:"Incoming calls at once; 0 = no limit of its own."`
	InboundPerSecond  *int   `placeholder:"N" help:"Incoming calls that begin a second; 0 = no limit of its own."`
	InboundPerMinute  *int   `placeholder:"N" help:"The same a minute."`
	CallsPerSecond    *int   `placeholder:"N" help:"Ordered calls that begin a second; 0 = 5."`
	MaxQueued         *int   `placeholder:"N" help:"Ordered calls that wait to begin, more are refused; 0 = 1000."`
}

func (c *accountLimits) Run(p *program) error {
	return p.withAdmin(func(a *admin.Admin) error {
		t, err := a.SetLimits(p.ctx, voice.TenantID(c.Account), admin.LimitsChange{OutboundCalls: c.OutboundCalls,
			OutboundPerMinute: c.OutboundPerMinute, InboundCalls: c.InboundCalls,
			InboundPerSecond: c.InboundPerSecond, InboundPerMinute: c.InboundPerMinute, CallsPerSecond: c.CallsPerSecond, MaxQueued: c.MaxQueued})
		if err != nil {
			return err
		}
		l := t.Limits
		out := map[string]any{"id": t.ID, "outbound_calls": l.OutboundCalls, "outbound_per_minute": l.OutboundPerMinute,
			"inbound_calls": l.InboundCalls, "inbound_per_second": l.InboundPerSecond, "inbound_per_minute": l.InboundPerMinute, "calls_per_second": l.CallsPerSecond, "max_queued": l.MaxQueued}
		return p.show(out, func(w io.Writer) {
			for _, v := range []struct {
				name  string
				n     int
				unset string
			}{
				{"calls through trunks at once", l.OutboundCalls, "10"}, {"new calls through trunks a minute", l.OutboundPerMinute, "30"},
				{"incoming calls at once", l.InboundCalls, "no limit of its own"},
				{"incoming calls that begin a second", l.InboundPerSecond, "no limit of its own"}, {"incoming calls that begin a minute", l.InboundPerMinute, "no limit of its own"},
				{"ordered calls that begin a second", l.CallsPerSecond, "5"},
				{"ordered calls that wait to begin", l.MaxQueued, "1000"},
			} {
				if v.n > 0 {
					v.unset = strconv.Itoa(v.n)
				}
				fmt.Fprintf(w, "%s\t%s\n", v.name, v.unset)
			}
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
