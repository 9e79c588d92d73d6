// Package route resolves a destination to the attempts that reach it: a user by
// the user's call settings, an extension, a number, a SIP address, a group, an
// app or a mailbox.
//
// It is not a dialler: it says what to ring, in which order and for how long,
// and rings nothing. It keeps no state, starts no goroutine and may be used
// concurrently.
package route

import (
	"context"
	"strconv"
	"strings"

	"tandem/internal/voice"
)

// MaxForwards bounds how many users one destination may be forwarded through.
const MaxForwards = 5

// Users finds the users of a tenant.
type Users interface {
	User(ctx context.Context, t voice.TenantID, id voice.UserID) (voice.User, error)
	Users(ctx context.Context, t voice.TenantID) ([]voice.User, error)
}

// Extensions finds the extensions of a tenant.
type Extensions interface {
	Extension(ctx context.Context, t voice.TenantID, number string) (voice.Extension, error)
	Extensions(ctx context.Context, t voice.TenantID) ([]voice.Extension, error)
}

// Numbers finds the numbers of the installation.
type Numbers interface {
	NumberByE164(ctx context.Context, e voice.E164) (voice.Number, error)
}

// Apps finds the apps of a tenant.
type Apps interface {
	App(ctx context.Context, t voice.TenantID, id voice.AppID) (voice.App, error)
}

// Addresses finds the app of a tenant that is dialled by something other than a
// telephone number; NotExist when there is none.
type Addresses interface {
	DialledApp(ctx context.Context, t voice.TenantID, user string) (voice.AppID, error)
}

// Sources is where destinations are looked up. All but Addresses and Domain are
// needed.
type Sources struct {
	Users      Users
	Extensions Extensions
	Numbers    Numbers
	Apps       Apps
	Addresses  Addresses
	// Domain is the host part of our own SIP addresses, in lower case: addresses
	// there are extensions and apps, not SIP peers.
	Domain string
	// Port is our own SIP port: an address at Domain with another port is a SIP
	// peer on this machine. 0 = whatever the port.
	Port int
}

// Caller is what is known of who asks.
type Caller struct {
	// FromApp says that the call comes from an app (a menu, not straight from a
	// number or an extension); the App rule of a user's call settings applies.
	FromApp bool
}

// Resolve gives the attempts that reach dest. Errors: NotExist when dest names
// nothing of the tenant's, Unavailable when it leads nowhere, for example to a
// user without any telephone or round in circles.
func Resolve(ctx context.Context, s Sources, t voice.TenantID, dest voice.Destination, from Caller) (voice.Route, error) {
	r := resolver{s: s, tenant: t, fromApp: from.FromApp}
	attempts, err := r.attempts(ctx, dest)
	if err != nil {
		return voice.Route{}, err
	}
	attempts = upToEnd(attempts)
	if len(attempts) == 0 {
		return voice.Route{}, voice.Errorf("route.Resolve", voice.Unavailable, "%s leads nowhere", dest)
	}
	return voice.Route{Attempts: attempts}, nil
}

// MailboxApp is the id of the app that stands for a user's mailbox: "mailbox/"
// and the user's id.
func MailboxApp(user voice.UserID) voice.AppID { return voice.AppID("mailbox/" + string(user)) }

type resolver struct {
	s       Sources
	tenant  voice.TenantID
	fromApp bool
	seen    []voice.Destination // on the way here; a destination met again is a circle
	users   int
}

const op = "route.Resolve"

// attempts resolves one destination, leaving a circle or too long a chain empty.
func (r *resolver) attempts(ctx context.Context, d voice.Destination) ([]voice.Attempt, error) {
	for _, before := range r.seen {
		if before == d {
			return nil, nil
		}
	}
	r.seen = append(r.seen, d)
	defer func() { r.seen = r.seen[:len(r.seen)-1] }()
	switch d.Kind {
	case voice.ToUser:
		return r.user(ctx, voice.UserID(d.ID))
	case voice.ToExtension:
		return r.extension(ctx, d.ID)
	case voice.ToNumber:
		return r.number(ctx, d.ID)
	case voice.ToSIP:
		return r.sip(ctx, d.ID)
	case voice.ToGroup:
		return r.group(ctx, d.ID)
	case voice.ToApp:
		app, err := r.s.Apps.App(ctx, r.tenant, voice.AppID(d.ID))
		if err != nil {
			return nil, err
		}
		return []voice.Attempt{{App: app.ID, Text: "app " + app.Name}}, nil
	case voice.ToMailbox:
		u, err := r.s.Users.User(ctx, r.tenant, voice.UserID(d.ID))
		if err != nil {
			return nil, err
		}
		return []voice.Attempt{mailbox(u)}, nil
	case voice.ToPhones:
		return r.phonesOf(ctx, d.ID)
	case voice.ToDialled:
		return r.dialled(ctx, d.ID)
	case "":
		return nil, voice.Errorf(op, voice.NotExist, "the destination is nowhere")
	}
	return nil, voice.Errorf(op, voice.Invalid, "destination of unknown kind %q", d.Kind)
}

func mailbox(u voice.User) voice.Attempt {
	return voice.Attempt{App: MailboxApp(u.ID), Text: "mailbox of " + userName(u)}
}

// extension rings the user whose extension it is, else the telephone alone.
func (r *resolver) extension(ctx context.Context, number string) ([]voice.Attempt, error) {
	e, err := r.s.Extensions.Extension(ctx, r.tenant, number)
	if err != nil && !voice.IsKind(err, voice.NotExist) {
		return nil, err
	}
	if err == nil && e.User != "" {
		_, uerr := r.s.Users.User(ctx, r.tenant, e.User)
		if uerr == nil {
			return r.attempts(ctx, voice.Destination{Kind: voice.ToUser, ID: string(e.User)})
		}
		if !voice.IsKind(uerr, voice.NotExist) {
			return nil, uerr
		}
	}
	users, uerr := r.s.Users.Users(ctx, r.tenant)
	if uerr != nil {
		return nil, uerr
	}
	for _, u := range users {
		if u.Extension == number {
			return r.attempts(ctx, voice.Destination{Kind: voice.ToUser, ID: string(u.ID)})
		}
	}
	if err != nil {
		return nil, err
	}
	return []voice.Attempt{{Targets: []voice.Target{{Kind: voice.ToExtension, ID: number}}, Text: "extension " + number}}, nil
}

// number goes straight to what one of the tenant's own numbers is connected to,
// and out through a trunk for any other.
func (r *resolver) number(ctx context.Context, id string) ([]voice.Attempt, error) {
	e, err := voice.ParseE164(id)
	if err != nil {
		return nil, err
	}
	n, err := r.s.Numbers.NumberByE164(ctx, e)
	switch {
	case err == nil && n.Tenant == r.tenant && !n.Dest.IsZero():
		return r.attempts(ctx, n.Dest)
	case err != nil && !voice.IsKind(err, voice.NotExist):
		return nil, err
	}
	return []voice.Attempt{{Targets: []voice.Target{{Kind: voice.ToNumber, ID: string(e)}}, Text: "number " + string(e)}}, nil
}

// sip takes addresses at our own domain for extensions and apps.
func (r *resolver) sip(ctx context.Context, address string) ([]voice.Attempt, error) {
	a := strings.TrimPrefix(strings.TrimPrefix(address, "sip:"), "sips:")
	user, host, ok := strings.Cut(a, "@")
	if !ok || user == "" || host == "" {
		return nil, voice.Errorf(op, voice.Invalid, "%q is not a SIP address: user@host is needed", address)
	}
	if !r.ours(host) {
		return []voice.Attempt{{Targets: []voice.Target{{Kind: voice.ToSIP, ID: a}}, Text: "SIP address " + a}}, nil
	}
	if _, err := r.s.Apps.App(ctx, r.tenant, voice.AppID(user)); err == nil {
		return r.attempts(ctx, voice.Destination{Kind: voice.ToApp, ID: user})
	} else if !voice.IsKind(err, voice.NotExist) {
		return nil, err
	}
	return r.attempts(ctx, voice.Destination{Kind: voice.ToExtension, ID: user})
}

// ours says whether HOST[:PORT][;parameters] of an address is this server.
func (r *resolver) ours(host string) bool {
	host, _, _ = strings.Cut(host, ";")
	if i := strings.LastIndexByte(host, ':'); i >= 0 && !strings.HasSuffix(host, "]") {
		if port := host[i+1:]; r.s.Port != 0 && port != strconv.Itoa(r.s.Port) {
			return false
		}
		host = host[:i]
	}
	return r.s.Domain != "" && strings.EqualFold(host, r.s.Domain)
}

// group rings all users of the tenant at once: the one group there is has the
// tenant's own id.
func (r *resolver) group(ctx context.Context, id string) ([]voice.Attempt, error) {
	if id != string(r.tenant) {
		return nil, voice.Errorf(op, voice.NotExist, "there is no group %s", id)
	}
	users, err := r.s.Users.Users(ctx, r.tenant)
	if err != nil {
		return nil, err
	}
	a := voice.Attempt{RingTime: voice.DefaultRingTime, Text: "all users"}
	for _, u := range users {
		targets, err := r.sipPhones(ctx, u)
		if err != nil {
			return nil, err
		}
		a.Targets = append(a.Targets, append(targets, outsidePhones(u)...)...)
	}
	return ringing(a), nil
}

// upToEnd drops what can't be reached: nothing follows an app or a hang-up.
func upToEnd(attempts []voice.Attempt) []voice.Attempt {
	for i, a := range attempts {
		if a.App != "" || a.Disconnect {
			return attempts[:i+1]
		}
	}
	return attempts
}
