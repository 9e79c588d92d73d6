package route

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"tandem/internal/voice"
)

// user reaches a user by the call settings. Nothing set: the user's phones ring.
func (r *resolver) user(ctx context.Context, id voice.UserID) ([]voice.Attempt, error) {
	if r.users > MaxForwards {
		return nil, nil
	}
	r.users++
	defer func() { r.users-- }()
	u, err := r.s.Users.User(ctx, r.tenant, id)
	if err != nil {
		return nil, err
	}
	rules := []voice.CallRule{u.Incoming.First, u.Incoming.Second}
	if r.fromApp && u.Incoming.App.Action != "" {
		rules = []voice.CallRule{u.Incoming.App}
	}
	rules = slices.DeleteFunc(rules, func(c voice.CallRule) bool { return c.Action == "" })
	if len(rules) == 0 {
		rules = []voice.CallRule{{Action: "ring", To: "myphones"}}
	}
	var all []voice.Attempt
	for _, rule := range rules {
		attempts, err := r.rule(ctx, u, rule)
		if voice.IsKind(err, voice.NotExist) || voice.IsKind(err, voice.Invalid) {
			continue // what the rule names is gone: it fails, and the next one counts
		}
		if err != nil {
			return nil, err
		}
		all = append(all, attempts...)
	}
	return all, nil
}

func (r *resolver) rule(ctx context.Context, u voice.User, c voice.CallRule) ([]voice.Attempt, error) {
	if c.Action == "disconnect" {
		return []voice.Attempt{{Disconnect: true, Text: userName(u) + " takes no calls"}}, nil
	}
	a := voice.Attempt{RingTime: min(cmp.Or(c.RingTime, voice.DefaultRingTime), voice.MaxRingTime), CallerID: shown(c.Show)}
	switch c.To {
	case "", "myphones":
		targets, err := r.sipPhones(ctx, u)
		a.Targets, a.Text = append(targets, outsidePhones(u)...), userName(u)+"'s phones"
		return ringing(a), err
	case "sipphones":
		targets, err := r.sipPhones(ctx, u)
		a.Targets, a.Text = targets, userName(u)+"'s SIP phones"
		return ringing(a), err
	case "phone":
		return phone(u, c.ID, a), nil
	case "voicemail":
		return []voice.Attempt{mailbox(u)}, nil
	}
	d, err := ruleDestination(c)
	if err != nil {
		return nil, err
	}
	attempts, err := r.attempts(ctx, d)
	for i := range attempts {
		attempts[i].CallerID = cmp.Or(attempts[i].CallerID, a.CallerID)
		if d.Kind != voice.ToUser && len(attempts[i].Targets) > 0 && c.RingTime > 0 {
			attempts[i].RingTime = a.RingTime
		}
	}
	return attempts, err
}

// ruleDestination is where a rule forwards to.
func ruleDestination(c voice.CallRule) (voice.Destination, error) {
	kinds := map[string]voice.DestinationKind{
		"user": voice.ToUser, "phnum": voice.ToNumber, "voiceapp": voice.ToApp, "sip": voice.ToSIP,
	}
	kind, ok := kinds[c.To]
	if !ok {
		return voice.Destination{}, voice.Errorf(op, voice.Invalid, "call rule to %q", c.To)
	}
	return voice.Destination{Kind: kind, ID: c.ID}, nil
}

// phone rings one telephone of a user by its id or number.
func phone(u voice.User, id string, a voice.Attempt) []voice.Attempt {
	for _, p := range u.Phones {
		if p.ID == id || string(p.Number) == id {
			a.Targets = []voice.Target{{Kind: voice.ToNumber, ID: string(p.Number)}}
			a.Text = userName(u) + "'s phone " + string(p.Number)
			return []voice.Attempt{a}
		}
	}
	return nil
}

// sipPhones are the user's own extension and others that are assigned.
func (r *resolver) sipPhones(ctx context.Context, u voice.User) ([]voice.Target, error) {
	all, err := r.s.Extensions.Extensions(ctx, r.tenant)
	if err != nil {
		return nil, err
	}
	var targets []voice.Target
	for _, e := range all {
		if e.User == u.ID || u.Extension != "" && e.Number == u.Extension {
			targets = append(targets, voice.Target{Kind: voice.ToExtension, ID: e.Number})
		}
	}
	return targets, nil
}

func outsidePhones(u voice.User) []voice.Target {
	var targets []voice.Target
	for _, p := range u.Phones {
		if p.Receives && p.Number != "" {
			targets = append(targets, voice.Target{Kind: voice.ToNumber, ID: string(p.Number)})
		}
	}
	return targets
}

// ringing gives the attempt unless there is nothing to ring.
func ringing(a voice.Attempt) []voice.Attempt {
	if len(a.Targets) == 0 {
		return nil
	}
	a.Targets = a.Targets[:min(len(a.Targets), voice.MaxTargets)]
	return []voice.Attempt{a}
}

// shown is the number that a rule's show asks for.
func shown(show string) string {
	switch show {
	case "", "caller", "auto", "automatic":
		return ""
	case "none":
		return "anonymous"
	}
	return show
}

func userName(u voice.User) string {
	name := strings.TrimSpace(u.FirstName + " " + u.LastName)
	return cmp.Or(name, u.Email, "user "+string(u.ID))
}
