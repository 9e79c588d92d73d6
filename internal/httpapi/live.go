package httpapi

import (
	"context"
	"net/http"
	"slices"
	"time"

	"tandem/internal/dialect"
	"tandem/internal/flow"
	"tandem/internal/voice"
)

// LiveCall is a call that is up.
type LiveCall struct {
	ID        string     `json:"id"`
	Direction string     `json:"direction" enum:"inbound,outbound"`
	From      string     `json:"from"`
	FromName  string     `json:"from_name,omitempty"`
	To        string     `json:"to"`
	App       string     `json:"app,omitempty"`
	State     string     `json:"state" enum:"waiting,ringing,answered,dialling,queued,talking" doc:"waiting = ordered and not begun; queued = in a queue of the flow"`
	Start     *time.Time `json:"start"`
	Answered  *time.Time `json:"answered,omitempty"`
	With      string     `json:"with,omitempty" doc:"Whom the caller talks with or who is rung, in words"`
	Since     *time.Time `json:"since,omitempty" doc:"When the state began"`
	Queue     string     `json:"queue,omitempty"`
	Tag       string     `json:"tag,omitempty"`
	Awaits    string     `json:"awaits,omitempty" doc:"Name of the await step in which the call waits for steps"`
}

// CallOrder begins a call: the first is rung, and on the answer the second, or an
// app or the steps of the order go on with the first.
type CallOrder struct {
	First  Destination   `json:"first" doc:"Who is rung first: a user, extension, number or SIP address"`
	More   []Destination `json:"more,omitempty" maxItems:"20" doc:"Are rung together with the first"`
	Second *Destination  `json:"second,omitempty" doc:"Who is rung when the first has answered"`
	App    string        `json:"app,omitempty" maxLength:"64" doc:"App that goes on with the first, in place of second"`
	Fragment
	MaxSeconds  int    `json:"max_seconds,omitempty" minimum:"1" maximum:"86400" doc:"Longest time of the whole call, from the answer of the first"`
	ShowFirst   string `json:"show_first,omitempty" maxLength:"40" doc:"A number of the account that the first sees; missing = automatic"`
	ShowSecond  string `json:"show_second,omitempty" maxLength:"40" doc:"Likewise"`
	RingSeconds int    `json:"ring_seconds,omitempty" minimum:"5" maximum:"180" doc:"How long the first is rung"`
	Tag         string `json:"tag,omitempty" maxLength:"200" doc:"Your own words, kept with the call"`
	Capture     bool   `json:"capture,omitempty" doc:"Capture the call's packets from the first ringing on"`
}

// Ordered is a call that has begun.
type Ordered struct {
	Call     string `json:"call" doc:"Its id"`
	Repeated bool   `json:"repeated" doc:"The call had begun before, by the same Idempotency-Key"`
}

// Redirection is where a call is sent.
type Redirection struct {
	To   Destination `json:"to"`
	Step string      `json:"step,omitempty" maxLength:"200" doc:"Where in the app it begins, a step's id of GET /apps/{app}/program; missing = at its beginning"`
}

// Supervision is how somebody joins a call.
type Supervision struct {
	Mode string      `json:"mode" enum:"monitor,whisper,barge" doc:"monitor hears both; whisper is heard by the called side too; barge by both"`
	By   Destination `json:"by" doc:"Who is rung and joined"`
}

// Farewell is why a call is hung up.
type Farewell struct {
	Words string `json:"words,omitempty" maxLength:"200" doc:"For the timeline"`
}

func (a *API) registerLive(section string) {
	handle(a, route{id: "list-live-calls", method: http.MethodGet, path: "/calls/live", section: section, scope: CallsRead, title: "List the calls that are up"}, a.listLive)
	handle(a, route{id: "originate-call", method: http.MethodPost, path: "/calls", section: section, scope: CallsWrite, status: http.StatusAccepted,
		title: "Begin a call", text: "With second, app or steps. The answer does not wait for anybody to answer. With an Idempotency-Key, a repeated order begins no second call."}, a.originate)
	handle(a, route{id: "hang-up-call", noted: "hung up", method: http.MethodPost, path: "/calls/{call}/hangup", section: section, scope: CallsWrite, status: http.StatusNoContent, title: "Hang a call up"}, a.hangUp)
	handle(a, route{id: "redirect-call", noted: "redirected", method: http.MethodPost, path: "/calls/{call}/redirect", section: section, scope: CallsWrite, status: http.StatusNoContent,
		title: "Send a caller elsewhere", text: "Whom the caller talked with is hung up."}, a.redirect)
	handle(a, route{id: "supervise-call", noted: "listened in on", method: http.MethodPost, path: "/calls/{call}/supervise", section: section, scope: CallsWrite, status: http.StatusNoContent,
		title: "Listen to a call, or join it", text: "409 when nobody is talking."}, a.supervise)
	a.registerTransfers(section)
	a.registerSteps(section)
	a.registerRooms(section)
}

func (a *API) listLive(ctx context.Context, c caller, _ *struct{}) (*answer[Page[LiveCall]], error) {
	list, err := a.cfg.Live.Live(ctx, c.tenant)
	if err != nil {
		return nil, err
	}
	return all(list, func(v voice.LiveCall) LiveCall {
		return LiveCall{ID: string(v.Info.ID), Direction: string(v.Info.Direction), From: v.Info.From, FromName: v.Info.FromName, To: v.Info.To,
			App: string(v.App), State: string(v.State), Start: moment(v.Info.Start), Answered: moment(v.Answered), With: v.With, Since: moment(v.Since),
			Queue: v.Queue, Tag: v.Tag, Awaits: v.Awaits}
	}), nil
}

// up refuses a call that is not up, or another account's.
func (a *API) up(ctx context.Context, c caller, id string) (voice.CallID, error) {
	live, err := a.cfg.Live.LiveCall(ctx, c.tenant, voice.CallID(id))
	return live.Info.ID, err
}

// there says which field names what does not exist or is not valid; kinds are
// other kinds of errors that it is about.
func there(err error, where string, kinds ...voice.Kind) error {
	if len(kinds) == 0 {
		kinds = []voice.Kind{voice.NotExist, voice.Invalid}
	}
	if slices.Contains(kinds, voice.KindOf(err)) {
		return invalid(where, "%s", voice.Reason(err))
	}
	return err
}

func (a *API) hangUp(ctx context.Context, c caller, in *struct {
	CallPath
	Body *Farewell `required:"false"`
}) (*nothing, error) {
	id, err := a.up(ctx, c, in.Call)
	if err != nil {
		return nil, err
	}
	words := "hung up by order of " + c.by()
	if in.Body != nil && in.Body.Words != "" {
		words += ": " + cleanName(in.Body.Words)
	}
	return nil, a.cfg.Live.Hangup(ctx, c.tenant, id, words)
}

func (a *API) redirect(ctx context.Context, c caller, in *struct {
	CallPath
	Body Redirection
}) (*nothing, error) {
	id, err := a.up(ctx, c, in.Call)
	if err != nil {
		return nil, err
	}
	to, err := a.reachable(ctx, c, in.Body.To, "body.to")
	if err != nil {
		return nil, err
	}
	switch step := in.Body.Step; {
	case step != "" && to.Kind != voice.ToApp:
		return nil, invalid("body.step", "a step is for an app")
	case step != "":
		return nil, there(a.cfg.Transfers.RedirectToStep(ctx, c.tenant, id, voice.AppID(to.ID), flow.NodeID(step)), "body.step")
	}
	return nil, there(a.cfg.Live.Redirect(ctx, c.tenant, id, to), "body.to.id")
}

func (a *API) supervise(ctx context.Context, c caller, in *struct {
	CallPath
	Body Supervision
}) (*nothing, error) {
	id, err := a.up(ctx, c, in.Call)
	if err != nil {
		return nil, err
	}
	by, err := a.reachable(ctx, c, in.Body.By, "body.by")
	if err != nil {
		return nil, err
	}
	return nil, there(a.cfg.Live.Supervise(ctx, c.tenant, id, voice.SuperviseMode(in.Body.Mode), by), "body.by.id")
}

// reachable checks that a destination is the account's and gives it in canonical form.
func (a *API) reachable(ctx context.Context, c caller, d Destination, where string) (voice.Destination, error) {
	to := d.dest()
	var err error
	switch to.Kind {
	case voice.ToApp:
		_, err = a.cfg.Apps.App(ctx, c.tenant, voice.AppID(to.ID))
	case voice.ToUser, voice.ToMailbox:
		_, err = a.cfg.Users.User(ctx, c.tenant, voice.UserID(to.ID))
	case voice.ToExtension:
		_, err = a.cfg.Extensions.Extension(ctx, c.tenant, to.ID)
	case voice.ToNumber:
		var e voice.E164
		e, err = voice.ParseE164(to.ID)
		to.ID = string(e)
	case voice.ToSIP:
		if to.ID == "" {
			err = voice.Errorf("httpapi", voice.Invalid, "the SIP address is missing")
		}
	}
	return to, there(err, where+".id")
}

func (a *API) originate(ctx context.Context, c caller, in *struct {
	Key  string `header:"Idempotency-Key" maxLength:"200" doc:"Your own word for this order; it counts for a day"`
	Body CallOrder
}) (*answer[Ordered], error) {
	order, err := a.callBack(ctx, c, in.Body)
	if err != nil {
		return nil, err
	}
	begin := func() (voice.CallID, error) {
		id, err := a.cfg.Control.Originate(ctx, order)
		return id, there(err, "body")
	}
	if in.Key == "" {
		id, err := begin()
		if err != nil {
			return nil, err
		}
		return body(Ordered{Call: string(id)}), nil
	}
	order.Order = orderRef(c.tenant, in.Key)
	id, repeated, err := a.orders.once(ctx, order.Order, in.Body, a.cfg.Now(), func() (voice.CallID, error) {
		before, err := a.cfg.Calls.CDRs(ctx, voice.CDRFilter{Tenant: c.tenant, Order: order.Order, After: a.cfg.Now().Add(-orderLife), Limit: 1})
		if err != nil {
			return "", err
		}
		if len(before) > 0 { // begun by this server before it was started anew
			return before[0].Call, errRepeated
		}
		return begin()
	})
	if err != nil {
		return nil, err
	}
	return body(Ordered{Call: string(id), Repeated: repeated}), nil
}

// callBack makes the order of what a client wants.
func (a *API) callBack(ctx context.Context, c caller, in CallOrder) (dialect.CallBack, error) {
	order := dialect.CallBack{Tenant: c.tenant, User: c.key.User, App: c.by(), Tag: in.Tag, Capture: in.Capture, RingFirst: time.Duration(in.RingSeconds) * time.Second}
	rung := func(d Destination, where string) (voice.Destination, error) {
		if d.Kind == string(voice.ToApp) || d.Kind == string(voice.ToMailbox) {
			return voice.Destination{}, invalid(where+".kind", "an %s can't be rung", d.Kind)
		}
		return a.reachable(ctx, c, d, where)
	}
	var err error
	if order.First, err = rung(in.First, "body.first"); err != nil {
		return order, err
	}
	for i, d := range in.More {
		to, err := rung(d, at("body.more", i))
		if err != nil {
			return order, err
		}
		order.More = append(order.More, to)
	}
	for _, s := range []struct {
		to       *string
		v, where string
	}{{&order.ShowFirst, in.ShowFirst, "body.show_first"}, {&order.ShowSecond, in.ShowSecond, "body.show_second"}} {
		if s.v == "" {
			continue
		}
		e, err := voice.ParseE164(s.v)
		if err != nil {
			return order, invalid(s.where, "%s", voice.Reason(err))
		}
		*s.to = string(e)
	}
	order.MaxDuration = time.Duration(in.MaxSeconds) * time.Second
	ways := 0
	for _, given := range []bool{in.Second != nil, in.App != "", len(in.Steps) > 0} {
		if given {
			ways++
		}
	}
	switch {
	case ways != 1:
		return order, invalid("body.second", "give one of second, app and steps")
	case len(in.Steps) > 0:
		order.Program, err = a.fragment(ctx, c, in.Fragment, "steps, by order of "+c.by(), "")
	case in.Second != nil:
		order.Second, err = rung(*in.Second, "body.second")
	default:
		order.Second = voice.Destination{Kind: voice.ToApp, ID: in.App}
		order.Program, err = a.cfg.Programs.Program(ctx, c.tenant, voice.AppID(in.App))
		err = there(err, "body.app")
	}
	return order, err
}
