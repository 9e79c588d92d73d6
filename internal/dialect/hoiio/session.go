package hoiio

import (
	"slices"
	"strings"

	"tandem/internal/flow"
	"tandem/internal/voice"
)

// What begins the ids of sessions and of calls.
const (
	sessionPrefix = "S"
	txnPrefix     = "AA-C-"
)

// What begins the orders of calls that are begun here; the app_id follows.
const (
	orderDial  = "hoiio/"
	orderVoice = "hoiio-voice/"
)

func sessionID(id voice.CallID) string { return sessionPrefix + string(id) }
func txnRef(id voice.CallID) string    { return txnPrefix + string(id) }

// The words of the commands after which a session takes no block but hangup.
const lastHangup, lastTransfer = "hoiio hangup", "hoiio transfer"

// session finds the live session that a request names. Errors: refused as invalid
// when the account has no such one, denied when it is another application's, ended.
func (q *request) session() (voice.LiveCall, error) {
	id, ok := strings.CutPrefix(q.params["session"], sessionPrefix)
	if !ok || id == "" {
		return voice.LiveCall{}, errInvalidSession
	}
	live, err := q.live(voice.CallID(id))
	if err != nil || live != nil {
		if err == nil {
			err = q.allowed(live.Info.Order, live.App)
		}
		if err != nil {
			return voice.LiveCall{}, err
		}
		return *live, nil
	}
	cdr, err := q.d.cfg.Calls.CDR(q, q.tenant, voice.CallID(id))
	if voice.IsKind(err, voice.NotExist) {
		return voice.LiveCall{}, errInvalidSession
	}
	if err != nil {
		return voice.LiveCall{}, err
	}
	if err := q.allowed(cdr.Order, cdr.App); err != nil {
		return voice.LiveCall{}, err
	}
	return voice.LiveCall{}, errSessionEnded
}

// waiting finds the session that a request names, which takes a block.
func (q *request) waiting() (voice.LiveCall, error) {
	c, err := q.session()
	if err == nil {
		err = ready(c, atReady, atRinging)
	}
	return c, err
}

// live finds a call of the account that is up; nil = it is not.
func (q *request) live(id voice.CallID) (*voice.LiveCall, error) {
	c, err := q.d.cfg.Live.LiveCall(q, q.tenant, id)
	switch {
	case voice.IsKind(err, voice.NotExist):
		return nil, nil
	case err != nil:
		return nil, err
	}
	return &c, nil
}

// allowed says whether the application may command a session: one that it began, or
// of a number that is not another's.
func (q *request) allowed(order string, app voice.AppID) error {
	if owner, dialled := dialledBy(order, orderDial); dialled {
		if owner != q.app {
			return errAccessDenied
		}
		return nil
	}
	if app == "" || strings.HasPrefix(order, orderVoice) {
		return errInvalidSession
	}
	a, err := q.d.cfg.Apps.App(q, q.tenant, app)
	if voice.IsKind(err, voice.NotExist) || err == nil && a.Kind != Kind {
		return errInvalidSession
	}
	if err != nil {
		return err
	}
	doc, err := parseDocument(a.Document)
	if err != nil {
		return err
	}
	if doc.App != "" && doc.App != q.app {
		return errAccessDenied
	}
	return nil
}

// dialledBy reads the app_id of an order.
func dialledBy(order, prefix string) (app string, ok bool) {
	rest, ok := strings.CutPrefix(order, prefix)
	if !ok {
		return "", false
	}
	app, _, _ = strings.Cut(rest, "/")
	return app, true
}

// ready says whether a session takes a block at one of places.
func ready(c voice.LiveCall, places ...string) error {
	switch {
	case slices.Contains(places, c.Awaits):
		return nil
	case c.Awaits == "" && (c.Command == lastHangup || c.Command == lastTransfer):
		return errSessionEnded
	}
	return errNotReady
}

// command gives a session its next block, at the place where it waits.
func (q *request) command(c voice.LiveCall, name string, p *flow.Program, data map[string]string) error {
	return q.order(c, flow.Command{At: c.Awaits, Program: p, Text: Kind + " " + name, Data: data})
}

func (q *request) order(c voice.LiveCall, cmd flow.Command) error {
	err := q.d.cfg.Commands.Command(q, q.tenant, c.Info.ID, cmd)
	switch {
	case voice.IsKind(err, voice.NotExist):
		return errSessionEnded
	case voice.IsKind(err, voice.Conflict), voice.IsKind(err, voice.Limit):
		return errNotReady
	}
	return err
}
