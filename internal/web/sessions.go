package web

import (
	"crypto/sha256"
	"sync"
	"time"

	"tandem/internal/voice"
)

// maxSessions bounds the log-ins that wait; the one that ends first goes.
const maxSessions = 10_000

// sessions are log-ins that have the password and wait for the second factor, by the hash
// of a token. They are in memory: whoever waits at a restart begins again.
type sessions struct {
	life time.Duration

	mu  sync.Mutex
	all map[[32]byte]session
}

type session struct {
	who  voice.User
	ends time.Time
}

func newSessions(life time.Duration) *sessions {
	return &sessions{life: life, all: map[[32]byte]session{}}
}

// start begins to wait and gives the token, 256 random bits.
func (s *sessions) start(who voice.User) string {
	value := voice.NewSecret() + voice.NewSecret()
	now := time.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.all) >= maxSessions {
		s.makeRoom(now)
	}
	s.all[sha256.Sum256([]byte(value))] = session{who, now.Add(s.life)}
	return value
}

func (s *sessions) makeRoom(now time.Time) {
	var first [32]byte
	var ends time.Time
	for k, v := range s.all {
		if v.ends.Before(now) {
			delete(s.all, k)
		} else if ends.IsZero() || v.ends.Before(ends) {
			first, ends = k, v.ends
		}
	}
	if len(s.all) >= maxSessions {
		delete(s.all, first)
	}
}

func (s *sessions) find(value string) (voice.User, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	v, ok := s.all[sha256.Sum256([]byte(value))]
	if !ok || time.Now().After(v.ends) {
		return voice.User{}, false
	}
	return v.who, true
}

func (s *sessions) end(value string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.all, sha256.Sum256([]byte(value)))
}

// endUser ends every one of one person, when the password has changed.
func (s *sessions) endUser(who voice.User) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for k, v := range s.all {
		if v.who.Tenant == who.Tenant && v.who.ID == who.ID {
			delete(s.all, k)
		}
	}
}
