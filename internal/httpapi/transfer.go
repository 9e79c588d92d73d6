package httpapi

import (
	"context"
	"net/http"

	"tandem/internal/flow"
	"tandem/internal/voice"
)

// CallTransfer is where a caller is sent, or the call to be joined with.
type CallTransfer struct {
	To   *Destination `json:"to,omitempty" doc:"Where the caller is sent. Whom the caller talks with waits for the result, and talks on when nobody is reached"`
	How  string       `json:"how,omitempty" enum:"refer,dial" doc:"Of to: refer, the caller's side is asked to call by itself (REFER), or not at all; dial, the server dials and bridges; missing = by REFER where the caller's side takes it, else by dialling"`
	Join string       `json:"join,omitempty" maxLength:"64" doc:"In place of to: another call that is up, whose caller is joined with this one's; that call ends, and whom the two talked with is hung up"`
}

func (a *API) registerTransfers(section string) {
	handle(a, route{id: "transfer-call", noted: "transferred", method: http.MethodPost, path: "/calls/{call}/transfer", section: section, scope: CallsWrite, status: http.StatusNoContent,
		title: "Transfer a caller, or join two calls",
		text:  "The answer does not wait for anybody; what comes of it is on the timeline. 404 when a call is not up, 409 when one has another order."}, a.transfer)
}

func (a *API) transfer(ctx context.Context, c caller, in *struct {
	CallPath
	Body CallTransfer
}) (*nothing, error) {
	id, err := a.up(ctx, c, in.Call)
	if err != nil {
		return nil, err
	}
	switch b := in.Body; {
	case (b.To == nil) == (b.Join == ""):
		return nil, invalid("body.to", "give one of to and join")
	case b.Join != "" && b.How != "":
		return nil, invalid("body.how", "how is for to")
	case b.Join != "":
		with, err := a.up(ctx, c, b.Join)
		if err != nil {
			return nil, err
		}
		return nil, there(a.cfg.Transfers.Join(ctx, c.tenant, id, with), "body.join", voice.Invalid)
	}
	to, err := a.reachable(ctx, c, *in.Body.To, "body.to")
	if err != nil {
		return nil, err
	}
	how := flow.TransferHow(in.Body.How)
	if how == flow.TransferByRefer && (to.Kind == voice.ToApp || to.Kind == voice.ToMailbox) {
		return nil, invalid("body.how", "an %s can't be reached by REFER", to.Kind)
	}
	return nil, there(a.cfg.Transfers.Transfer(ctx, c.tenant, id, to, how), "body.to.id")
}
