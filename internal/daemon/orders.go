package daemon

import (
	"context"

	"tandem/internal/flow"
	"tandem/internal/voice"
)

// vendorCalls are the live calls as the vendors' APIs order them: what takes a call
// from whom it is with is noted in the account's audit log, as the native API's orders
// are. What an application plays and asks is its calls' ordinary course, which their
// timelines tell. Orders that no request gave, as those of campaigns, are the server's own.
type vendorCalls struct{ liveCalls }

func (d *Daemon) vendorCalls() vendorCalls { return vendorCalls{liveCalls{d}} }

func (c vendorCalls) Hangup(ctx context.Context, t voice.TenantID, id voice.CallID, words string) error {
	return c.noted(ctx, t, id, "hung up", c.liveCalls.Hangup(ctx, t, id, words))
}

func (c vendorCalls) Redirect(ctx context.Context, t voice.TenantID, id voice.CallID, to voice.Destination) error {
	return c.noted(ctx, t, id, "redirected", c.liveCalls.Redirect(ctx, t, id, to))
}

func (c vendorCalls) Supervise(ctx context.Context, t voice.TenantID, id voice.CallID, mode voice.SuperviseMode, by voice.Destination) error {
	return c.noted(ctx, t, id, "listened in on", c.liveCalls.Supervise(ctx, t, id, mode, by))
}

func (c vendorCalls) Command(ctx context.Context, t voice.TenantID, id voice.CallID, cmd flow.Command) error {
	err := c.liveCalls.Command(ctx, t, id, cmd)
	if what := orderOf(cmd); what != "" {
		return c.noted(ctx, t, id, what, err)
	}
	return err
}

func (c vendorCalls) StartTape(ctx context.Context, t voice.TenantID, id voice.CallID, s voice.TapeSpec) (voice.RecordingID, error) {
	r, err := c.liveCalls.StartTape(ctx, t, id, s)
	return r, c.noted(ctx, t, id, "recorded", err)
}

// orderOf says what a command does to whom the call is with; "" = nothing.
func orderOf(cmd flow.Command) string {
	if cmd.Program == nil {
		return ""
	}
	for _, n := range cmd.Program.Nodes {
		switch n.Step.(type) {
		case flow.Dial, flow.Transfer, flow.Queue, flow.Conference:
			return "transferred"
		}
	}
	if n, ok := cmd.Program.Node(cmd.Program.Entry); ok {
		switch n.Step.(type) {
		case flow.Hangup, flow.Return:
			return "hung up"
		}
	}
	return ""
}

// noted writes an order that was taken into the audit log and gives err back.
func (c vendorCalls) noted(ctx context.Context, t voice.TenantID, id voice.CallID, action string, err error) error {
	actor, ok := voice.ActorOf(ctx)
	if err != nil || !ok {
		return err
	}
	e := voice.AuditEntry{Tenant: t, Actor: actor, Action: action, Kind: "call", Object: string(id)}
	if err := c.d.store.AppendAudit(context.WithoutCancel(ctx), e); err != nil {
		c.d.log.Error("not noted in the audit log", "operation", action+" a call by "+actor.Via, "err", err)
	}
	return nil
}
