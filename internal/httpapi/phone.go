package httpapi

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"tandem/internal/browser"
	"tandem/internal/flow"
	"tandem/internal/offer"
	"tandem/internal/voice"
)

// Phones carries the calls that pages in browsers begin.
type Phones interface {
	// Call begins one and gives the session description that answers the page's.
	// Invalid when the page's can't be taken; the line is over after an error.
	Call(ctx context.Context, c PageCall) (sdp []byte, err error)
}

// ToRoom is the kind of PageCall.To for a conference room.
const ToRoom voice.DestinationKind = "room"

// PageCall is what a page calls.
type PageCall struct {
	Line *browser.Line
	Info voice.CallInfo
	User voice.User
	// One of these says what is called.
	Program *flow.Program
	To      voice.Destination
	Listen  voice.CallID // whose talk is joined
	Mode    voice.SuperviseMode
	Show    string // caller ID towards numbers
}

// PhoneCall is a call as a telephone in a browser has it.
type PhoneCall struct {
	ID        string     `json:"id"`
	Call      string     `json:"call,omitempty" doc:"Id of the call that it began in, for its timeline and record"`
	Direction string     `json:"direction" enum:"outgoing,incoming" doc:"As the page sees it"`
	State     string     `json:"state" enum:"ringing,up,over"`
	Since     *time.Time `json:"since"`
	From      string     `json:"from,omitempty" doc:"Who calls, of an incoming call; missing = not shown"`
	FromName  string     `json:"from_name,omitempty"`
	To        string     `json:"to,omitempty" doc:"Who is called, likewise"`
	Cause     string     `json:"cause,omitempty" doc:"Why it is over"`
	Words     string     `json:"words,omitempty" doc:"The same in words"`
	SDP       string     `json:"sdp,omitempty" doc:"Our session description: the answer to the page's, or an offer that the page has to answer"`
}

// PhoneCallInput is a call that a page begins. One of app, to, room and listen says
// what is called.
type PhoneCallInput struct {
	SDP      string       `json:"sdp" minLength:"1" maxLength:"32768" doc:"The browser's offer: audio with DTLS, ICE and rtcp-mux. It need not hold candidates"`
	App      string       `json:"app,omitempty" maxLength:"64" doc:"App that runs as it does for a caller"`
	Revision string       `json:"revision,omitempty" pattern:"^(draft|[1-9][0-9]{0,17})?$" patternDescription:"draft or the number of a revision" doc:"Of the app; missing = what is published. Needs apps:read"`
	To       *Destination `json:"to,omitempty" doc:"Is called as from the user's extension"`
	Dial     string       `json:"dial,omitempty" maxLength:"64" pattern:"^[0-9*#+A-Za-z._-]*$" patternDescription:"what is typed into a telephone" doc:"What is typed into the telephone: a number, an extension, a short code"`
	Room     string       `json:"room,omitempty" maxLength:"64" doc:"Conference room that is joined"`
	Listen   *Listening   `json:"listen,omitempty" doc:"Call whose talk is joined. Needs calls:write"`
	From     string       `json:"from,omitempty" maxLength:"40" pattern:"^(anonymous|\\+?[0-9]{2,20})?$" patternDescription:"a number, or anonymous" doc:"The caller's number that an app sees; missing = the user's"`
	Show     string       `json:"show,omitempty" maxLength:"40" doc:"A number of the account that a called number sees; missing = the user's choice"`
	Page     string       `json:"page,omitempty" maxLength:"64" doc:"The page that is told of the call, as its stream named it; missing = all of the user"`
}

// Listening is how a talk is joined.
type Listening struct {
	Call string `json:"call" maxLength:"64"`
	Mode string `json:"mode" enum:"monitor,whisper,barge" doc:"monitor hears both; whisper is heard by the called side too; barge by both"`
}

// PhoneAnswer answers a call that rings in a page.
type PhoneAnswer struct {
	SDP string `json:"sdp" minLength:"1" maxLength:"32768" doc:"The browser's answer to our offer"`
}

// PhonePath names a call of a page in the path.
type PhonePath struct {
	ID string `path:"id" maxLength:"64"`
}

// created is a made thing with its address.
type created[T any] struct {
	Location string `header:"Location"`
	Body     T
}

func (a *API) registerPhones() {
	const section = "Browser phone"
	handle(a, route{id: "begin-phone-call", method: http.MethodPost, path: "/phone/calls", section: section, scope: PhoneUse, status: http.StatusCreated, before: withSource,
		title: "Call from a browser", text: "Post the offer of an RTCPeerConnection and set the answer as its remote description: media flows at once, and what is called rings or answers. " +
			"The key has to be a user's."}, a.beginPhoneCall)
	handle(a, route{id: "list-phone-calls", method: http.MethodGet, path: "/phone/calls", section: section, scope: PhoneUse, title: "List the user's calls in browsers"}, a.listPhoneCalls)
	handle(a, route{id: "read-phone-call", method: http.MethodGet, path: "/phone/calls/{id}", section: section, scope: PhoneUse,
		title: "Read a call in a browser", text: "For a minute after its end too."}, a.readPhoneCall)
	handle(a, route{id: "answer-phone-call", method: http.MethodPost, path: "/phone/calls/{id}/answer", section: section, scope: PhoneUse,
		title: "Answer a call that rings in a browser", text: "The first page that answers has the call; 409 for the others."}, a.answerPhoneCall)
	handle(a, route{id: "end-phone-call", method: http.MethodDelete, path: "/phone/calls/{id}", section: section, scope: PhoneUse, status: http.StatusNoContent,
		title: "Hang up a call in a browser, or decline it"}, a.endPhoneCall)
	handle(a, route{id: "leave-phone-call", method: http.MethodPost, path: "/phone/calls/{id}/hangup", section: section, scope: PhoneUse, status: http.StatusNoContent,
		title: "Hang up as a page that is being closed", text: "What DELETE does, for navigator.sendBeacon."}, a.endPhoneCall)
	handle(a, route{id: "stream-phone", method: http.MethodGet, path: "/phone/events", section: section, scope: PhoneUse, content: streamType, before: withSource,
		title: "Be a telephone in a browser", text: "Server-sent events. While the stream is open, calls to the user's extension ring here: " +
			"\"phone.call\" is a call of a browser in its new state, with the offer to answer when it rings. The first event, \"phone.ready\", names the page. " +
			"With calls=true come the events of all calls too, as in /events, for a key with calls:read."}, a.streamPhone)
}

type sourceKey struct{}

// withSource keeps where a request came from.
func withSource(ctx huma.Context, next func(huma.Context)) {
	next(huma.WithValue(ctx, sourceKey{}, ctx.RemoteAddr()))
}

func sourceOf(ctx context.Context) netip.Addr {
	text, _ := ctx.Value(sourceKey{}).(string)
	if at, err := netip.ParseAddrPort(text); err == nil {
		return at.Addr().Unmap()
	}
	return netip.IPv4Unspecified()
}

// owner is whose telephone a request is about.
func (a *API) owner(c caller) (browser.Owner, error) {
	if c.key.User == "" {
		return browser.Owner{}, voice.Errorf("httpapi", voice.Permission, "the key is no user's, and a telephone belongs to a user: make one with the user's id")
	}
	return browser.Owner{Tenant: c.tenant, User: c.key.User}, nil
}

// line finds a call of a browser.
func (a *API) line(c caller, id string) (*browser.Line, error) {
	o, err := a.owner(c)
	if err != nil {
		return nil, err
	}
	return a.cfg.Pages.Line(o, id)
}

func showPhoneCall(s browser.State, sdp string) PhoneCall {
	x := PhoneCall{ID: s.ID, Call: string(s.Call), Direction: "incoming", State: string(s.Stage), Since: moment(s.Since), From: s.From, FromName: s.FromName, To: s.To,
		Cause: string(s.Cause), Words: s.Words, SDP: sdp}
	if s.Outgoing {
		x.Direction = "outgoing"
	}
	return x
}

func (a *API) listPhoneCalls(_ context.Context, c caller, _ *struct{}) (*answer[Page[PhoneCall]], error) {
	o, err := a.owner(c)
	if err != nil {
		return nil, err
	}
	return all(a.cfg.Pages.Lines(o), func(s browser.State) PhoneCall { return showPhoneCall(s, "") }), nil
}

func (a *API) readPhoneCall(_ context.Context, c caller, in *PhonePath) (*answer[PhoneCall], error) {
	l, err := a.line(c, in.ID)
	if err != nil {
		return nil, err
	}
	return body(showPhoneCall(l.State(), "")), nil
}

func (a *API) endPhoneCall(_ context.Context, c caller, in *PhonePath) (*nothing, error) {
	l, err := a.line(c, in.ID)
	if err != nil {
		return nil, err
	}
	l.Leave()
	return nil, nil
}

// described reads a browser's session description.
func described(sdp string) (*offer.Session, error) {
	s, err := offer.Parse([]byte(sdp))
	if err != nil {
		return nil, invalid("body.sdp", "%v", err)
	}
	return s, nil
}

func (a *API) answerPhoneCall(_ context.Context, c caller, in *struct {
	PhonePath
	Body PhoneAnswer
}) (*answer[PhoneCall], error) {
	l, err := a.line(c, in.ID)
	if err != nil {
		return nil, err
	}
	s, err := described(in.Body.SDP)
	if err != nil {
		return nil, err
	}
	if err := l.Take(s); err != nil {
		return nil, there(err, "body.sdp", voice.Invalid)
	}
	return body(showPhoneCall(l.State(), "")), nil
}

func (a *API) beginPhoneCall(ctx context.Context, c caller, in *struct{ Body PhoneCallInput }) (*created[PhoneCall], error) {
	o, err := a.owner(c)
	if err != nil {
		return nil, err
	}
	s, err := described(in.Body.SDP)
	if err != nil {
		return nil, err
	}
	call, err := a.pageCall(ctx, c, in.Body)
	if err != nil {
		return nil, err
	}
	if call.Line, err = a.cfg.Pages.Begin(o, in.Body.Page, sourceOf(ctx), s); err != nil {
		return nil, err
	}
	sdp, err := a.cfg.Phones.Call(ctx, call)
	if err != nil {
		call.Line.HangupFor("", voice.CauseFailed, voice.Reason(err))
		if e, ok := errors.AsType[*voice.Error](err); ok && e.Field != "" {
			return nil, err
		}
		return nil, there(err, "body.sdp", voice.Invalid)
	}
	state := call.Line.State()
	return &created[PhoneCall]{Prefix + "/phone/calls/" + state.ID, showPhoneCall(state, string(sdp))}, nil
}

// pageCall makes the call of what a page wants.
func (a *API) pageCall(ctx context.Context, c caller, in PhoneCallInput) (PageCall, error) {
	u, err := a.cfg.Users.User(ctx, c.tenant, c.key.User)
	if err != nil {
		return PageCall{}, err
	}
	name := cmp.Or(strings.TrimSpace(u.FirstName+" "+u.LastName), u.Email, string(u.ID))
	x := PageCall{User: u, Show: in.Show, Info: voice.CallInfo{
		ID: voice.NewCallID(a.cfg.Now()), Tenant: c.tenant, Direction: voice.Inbound, Start: a.cfg.Now(),
		FromName: name, Source: "browser of " + name,
	}}
	if err := a.wants(ctx, c, in, &x); err != nil {
		return x, err
	}
	extension, err := a.extensionOf(ctx, u)
	if err != nil {
		return x, err
	}
	x.Info.From = extension
	if in.App == "" {
		x.Info.Extension = extension
	} else if e, err := voice.ParseE164(u.ShowID); err == nil {
		x.Info.From = string(e)
	}
	if in.From == "anonymous" {
		x.Info.FromName = ""
	}
	x.Info.From = cmp.Or(in.From, x.Info.From)
	return x, nil
}

// wants reads what a page calls.
func (a *API) wants(ctx context.Context, c caller, in PhoneCallInput, x *PageCall) (err error) {
	ways := 0
	for _, given := range []bool{in.App != "", in.To != nil, in.Dial != "", in.Room != "", in.Listen != nil} {
		if given {
			ways++
		}
	}
	switch {
	case ways != 1:
		return invalid("body.to", "give one of app, to, dial, room and listen")
	case in.Revision != "" && in.App == "":
		return invalid("body.revision", "a revision is an app's")
	case in.From != "" && in.App == "":
		return invalid("body.from", "only an app is called from a number of one's choice")
	case in.App != "":
		x.Info.To = in.App
		x.Program, err = a.called(ctx, c, in.App, in.Revision)
	case in.Room != "":
		if !voice.IsRoomName(in.Room) {
			return invalid("body.room", "a room is named by letters, digits, \".\", \"_\" and \"-\"")
		}
		x.Info.To = in.Room
		x.To = voice.Destination{Kind: ToRoom, ID: in.Room}
	case in.Dial != "":
		x.Info.To = in.Dial
		x.To = voice.Destination{Kind: voice.ToDialled, ID: in.Dial}
	case in.Listen != nil:
		x.Info.To, x.Listen, x.Mode = in.Listen.Call, voice.CallID(in.Listen.Call), voice.SuperviseMode(in.Listen.Mode)
		if !c.may(CallsWrite) {
			return voice.Errorf("httpapi", voice.Permission, "the key has not the scope calls:write, which joining a call needs")
		}
	default:
		x.To, err = a.reachable(ctx, c, *in.To, "body.to")
		x.Info.To = x.To.ID
	}
	return err
}

// called compiles what an app is as a draft or in a revision; "" = as published.
func (a *API) called(ctx context.Context, c caller, id, revision string) (*flow.Program, error) {
	v, err := a.app(ctx, c, id)
	if err != nil {
		return nil, there(err, "body.app")
	}
	if revision != "" && !c.may(AppsRead) {
		return nil, voice.Errorf("httpapi", voice.Permission, "the key has not the scope apps:read, which calling a draft or revision needs")
	}
	p, ds, _, err := a.programOf(ctx, v, "body.revision", cmp.Or(revision, ofPublished))
	if err != nil {
		return nil, there(err, "body.revision", voice.NotExist)
	}
	if p.Entry == "" || revision != "" { // what is published runs as far as it can, for every caller
		if err := faulty(ds); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// extensionOf gives the extension whose telephone a user's browser is; "" = none.
func (a *API) extensionOf(ctx context.Context, u voice.User) (string, error) {
	if u.Extension != "" {
		return u.Extension, nil
	}
	list, err := a.cfg.Extensions.Extensions(ctx, u.Tenant)
	for _, e := range list {
		if e.User == u.ID {
			return e.Number, err
		}
	}
	return "", err
}
