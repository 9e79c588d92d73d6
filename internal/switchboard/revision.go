package switchboard

import (
	"context"

	"tandem/internal/flow"
	"tandem/internal/voice"
)

// programFor gives the program of an app for a call. A call that has been in an app
// finds the same revision there when it comes again, whatever was published
// meanwhile; and who gets the app's canary is told on the timeline.
func (s *Switchboard) programFor(ctx context.Context, c Call, t voice.TenantID, app voice.AppID) (*flow.Program, error) {
	info := c.Info()
	lc := s.liveCall(info.ID)
	if p := s.entered(lc, app); p != nil {
		return p, nil
	}
	p, canary, err := s.cfg.Library.ProgramFor(ctx, t, app, info.From, info.To)
	if err != nil {
		return nil, err
	}
	if canary {
		c.Note(voice.Event{Kind: voice.EventStep, Text: "this caller gets the canary of app " + string(app), Data: map[string]string{"app": string(app), "canary": "yes"}})
	}
	if lc != nil {
		s.mu.Lock()
		defer s.mu.Unlock()
		if len(lc.revisions) < maxRevisions {
			lc.revisions = append(lc.revisions, p)
		}
	}
	return p, nil
}

// maxRevisions bounds the apps whose revision a call keeps to.
const maxRevisions = 100

// entered gives the program of an app that a call has been in; nil when it has not.
func (s *Switchboard) entered(lc *liveCall, app voice.AppID) *flow.Program {
	if lc == nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range lc.revisions {
		if p.App == app {
			return p
		}
	}
	return nil
}
