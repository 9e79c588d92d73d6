package web_test

import (
	"context"
	"slices"
	"sync"
	"time"

	"tandem/internal/voice"
)

// memory keeps log-ins as the store does, across handlers.
type memory struct {
	mu  sync.Mutex
	all []voice.WebSession
}

var _ voice.SessionStore = (*memory)(nil)

func (m *memory) CreateSession(_ context.Context, s voice.WebSession, most int) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.all = append(m.all, s)
	m.all = m.all[max(len(m.all)-most, 0):]
	return nil
}

func (m *memory) SessionByHash(_ context.Context, hash string, now time.Time) (voice.WebSession, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, s := range m.all {
		if s.Hash == hash && s.Expires.After(now) {
			return s, nil
		}
	}
	return voice.WebSession{}, voice.Errorf("memory", voice.NotExist, "no log-in")
}

func (m *memory) Sessions(context.Context, voice.TenantID, voice.UserID, time.Time) ([]voice.WebSession, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.all), nil
}

func (m *memory) MarkSessionSeen(context.Context, string, time.Time) error { return nil }

func (m *memory) EndSessions(_ context.Context, t voice.TenantID, u voice.UserID, only, but string) (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	had := len(m.all)
	m.all = slices.DeleteFunc(m.all, func(s voice.WebSession) bool {
		return s.Tenant == t && s.User == u && (only == "" || s.ID == only) && s.ID != but
	})
	return had - len(m.all), nil
}
