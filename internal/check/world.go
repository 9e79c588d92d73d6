package check

import (
	"context"
	"strings"

	"tandem/internal/dialect"
	"tandem/internal/flow"
	"tandem/internal/voice"
)

// World is what a check knows of the account.
type World struct {
	Sounds     map[voice.SoundID]voice.Sound
	Users      map[voice.UserID]voice.User // those that the program names
	Extensions []voice.Extension
	// Numbers are the account's own, and where their calls go; nil = unknown.
	Numbers  map[voice.E164]voice.Destination
	NoTrunks bool // the account has no trunk
	// Forbids says why policy does not let a destination be called, "" = it does.
	// nil = unknown.
	Forbids func(voice.Destination) string
	// Unheard says why a prompt that is no stored sound can't be made, "" = it can.
	// nil = unknown.
	Unheard func(voice.Prompt) string
}

// Look gathers from r what a check of p needs. Errors are those of the look-ups;
// what does not exist is left out.
func Look(ctx context.Context, r dialect.Resolver, p *flow.Program) (*World, error) {
	w := &World{Sounds: map[voice.SoundID]voice.Sound{}, Users: map[voice.UserID]voice.User{}}
	sounds, err := r.Sounds(ctx, "")
	if err != nil {
		return nil, err
	}
	for _, s := range sounds {
		w.Sounds[s.ID] = s
	}
	if w.Extensions, err = r.Extensions(ctx); err != nil {
		return nil, err
	}
	if p == nil {
		return w, nil
	}
	owners := map[string]voice.UserID{}
	for _, e := range w.Extensions {
		owners[e.Number] = e.User
	}
	for i := range p.Nodes {
		for _, d := range destinations(p.Nodes[i].Step) {
			id := voice.UserID(d.ID)
			if d.Kind == voice.ToExtension {
				id = owners[d.ID]
			} else if d.Kind != voice.ToUser {
				continue
			}
			if _, known := w.Users[id]; known || id == "" {
				continue
			}
			u, err := r.User(ctx, id)
			if err != nil && !voice.IsKind(err, voice.NotExist) {
				return nil, err
			}
			if err == nil {
				w.Users[id] = u
			}
		}
	}
	return w, nil
}

// owner gives the user that a destination rings.
func (w *World) owner(d voice.Destination) (voice.User, bool) {
	id := voice.UserID(d.ID)
	if d.Kind == voice.ToExtension {
		id = ""
		for _, e := range w.Extensions {
			if e.Number == d.ID {
				id = e.User
			}
		}
	} else if d.Kind != voice.ToUser {
		return voice.User{}, false
	}
	u, ok := w.Users[id]
	return u, ok
}

// destinations lists where a step may send a call.
func destinations(s flow.Step) []voice.Destination {
	switch s := s.(type) {
	case flow.Dial:
		list := s.Also
		if s.ToVar == "" {
			list = append([]voice.Destination{s.To}, s.Also...)
		}
		return list
	case flow.Transfer:
		if s.ToVar == "" {
			return []voice.Destination{s.To}
		}
	case flow.Queue:
		return s.Members
	}
	return nil
}

// TrunkPolicy gives World.Forbids for an account with these trunks: a number goes
// out through one that takes it. host is the policy for hosts of SIP addresses;
// nil = every host is allowed.
func TrunkPolicy(trunks []voice.Trunk, host func(string) error) func(voice.Destination) string {
	return func(d voice.Destination) string {
		switch d.Kind {
		case voice.ToNumber:
			return trunkRefuses(trunks, d.ID)
		case voice.ToSIP:
			_, at, _ := strings.Cut(d.ID, "@")
			at, _, _ = strings.Cut(at, ";")
			if host == nil || at == "" {
				return ""
			}
			if err := host(at); err != nil {
				return voice.Reason(err)
			}
		}
		return ""
	}
}

// Own takes down the account's numbers.
func (w *World) Own(numbers []voice.Number) {
	w.Numbers = make(map[voice.E164]voice.Destination, len(numbers))
	for _, n := range numbers {
		w.Numbers[n.E164] = n.Dest
	}
}
