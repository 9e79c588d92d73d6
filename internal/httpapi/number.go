package httpapi

import (
	"context"
	"net/http"
	"time"

	"tandem/internal/voice"
)

// Destination is where calls go.
type Destination struct {
	Kind string `json:"kind" enum:"app,user,extension,number,sip,mailbox" doc:"What id names"`
	ID   string `json:"id" maxLength:"255" doc:"Id of the app or user, short number, telephone number, or SIP address"`
}

// Number is a telephone number of the account.
type Number struct {
	Number  string       `json:"number" example:"+4685550100" doc:"In full international form (E.164)"`
	To      *Destination `json:"to,omitempty" doc:"Where its calls go; missing = nowhere"`
	Created *time.Time   `json:"created,omitempty"`
}

// NumberInput is a new number.
type NumberInput struct {
	Number string       `json:"number" maxLength:"40" example:"+4685550100" doc:"In full international form"`
	To     *Destination `json:"to,omitempty" doc:"Where its calls go; missing = nowhere"`
}

// NumberRoute is where a number's calls go.
type NumberRoute struct {
	To *Destination `json:"to,omitempty" doc:"Where its calls go; missing = nowhere"`
}

// NumberPath names it in the path.
type NumberPath struct {
	Number string `path:"number" maxLength:"40" example:"+4685550100"`
}

func showNumber(n voice.Number) Number {
	return Number{string(n.E164), showDest(n.Dest), moment(n.Created)}
}

func showDest(d voice.Destination) *Destination {
	if d.IsZero() {
		return nil
	}
	return &Destination{string(d.Kind), d.ID}
}

func (d *Destination) dest() voice.Destination {
	if d == nil {
		return voice.Destination{}
	}
	return voice.Destination{Kind: voice.DestinationKind(d.Kind), ID: d.ID}
}

func (a *API) registerNumbers() {
	const section = "Numbers"
	handle(a, route{id: "list-numbers", method: http.MethodGet, path: "/numbers", section: section, scope: ConfigRead,
		title: "List the account's telephone numbers"}, a.listNumbers)
	handle(a, route{id: "add-number", method: http.MethodPost, path: "/numbers", section: section, scope: ConfigWrite, status: http.StatusCreated,
		title: "Add a telephone number", text: "The number must be one that a trunk brings in; no other account may have it."}, a.addNumber)
	handle(a, route{id: "read-number", method: http.MethodGet, path: "/numbers/{number}", section: section, scope: ConfigRead,
		title: "Read a telephone number"}, a.readNumber)
	handle(a, route{id: "route-number", method: http.MethodPut, path: "/numbers/{number}", section: section, scope: ConfigWrite,
		title: "Send a number's calls elsewhere"}, a.routeNumber)
	handle(a, route{id: "remove-number", method: http.MethodDelete, path: "/numbers/{number}", section: section, scope: ConfigWrite, status: http.StatusNoContent,
		title: "Remove a telephone number"}, a.removeNumber)
}

func (a *API) listNumbers(ctx context.Context, c caller, _ *struct{}) (*answer[Page[Number]], error) {
	list, err := a.cfg.Numbers.Numbers(ctx, c.tenant)
	if err != nil {
		return nil, err
	}
	return all(list, showNumber), nil
}

func (a *API) addNumber(ctx context.Context, c caller, in *struct{ Body NumberInput }) (*answer[Number], error) {
	n, err := a.cfg.Admin.AddNumber(ctx, c.tenant, in.Body.Number, in.Body.To.dest())
	if err != nil {
		return nil, err
	}
	return body(showNumber(n)), nil
}

// number finds a number of the account by the path.
func (a *API) number(ctx context.Context, c caller, text string) (voice.Number, error) {
	e, err := voice.ParseE164(text)
	if err != nil {
		return voice.Number{}, invalid("path.number", "%s", voice.Reason(err))
	}
	n, err := a.cfg.Numbers.NumberByE164(ctx, e)
	if err != nil && !voice.IsKind(err, voice.NotExist) {
		return n, err
	}
	if err != nil || n.Tenant != c.tenant {
		return n, voice.Errorf("httpapi", voice.NotExist, "the account has no number %s", e)
	}
	return n, nil
}

func (a *API) readNumber(ctx context.Context, c caller, in *NumberPath) (*answer[Number], error) {
	n, err := a.number(ctx, c, in.Number)
	if err != nil {
		return nil, err
	}
	return body(showNumber(n)), nil
}

func (a *API) routeNumber(ctx context.Context, c caller, in *struct {
	NumberPath
	Body NumberRoute
}) (*answer[Number], error) {
	n, err := a.number(ctx, c, in.Number)
	if err != nil {
		return nil, err
	}
	changed, err := a.cfg.Admin.RouteNumber(ctx, c.tenant, string(n.E164), in.Body.To.dest())
	if err != nil {
		return nil, err
	}
	n.Dest = changed.Dest
	return body(showNumber(n)), nil
}

func (a *API) removeNumber(ctx context.Context, c caller, in *NumberPath) (*nothing, error) {
	n, err := a.number(ctx, c, in.Number)
	if err != nil {
		return nil, err
	}
	return nil, a.cfg.Numbers.RemoveNumber(ctx, c.tenant, n.E164)
}
