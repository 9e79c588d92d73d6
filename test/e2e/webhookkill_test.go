package e2e_test

import (
	"database/sql"
	"errors"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	_ "modernc.org/sqlite" // driver "sqlite"
)

// The run of aimed kills.
const (
	aimHooks  = 2
	aimEvents = 300              // that are delivered at the least
	aimRounds = 4                // kills of each kind, at the least
	aimMisses = 10               // kills in a row that came too late
	aimWait   = 60 * time.Second // for what is aimed at
)

// door is a listener that lets nobody in while it is shut.
type door struct {
	net.Listener
	shut atomic.Bool
}

func (d *door) Accept() (net.Conn, error) {
	for {
		c, err := d.Listener.Accept()
		if err != nil || !d.shut.Load() {
			return c, err
		}
		c.Close()
	}
}

// aim is a sink that takes everything, and holds a request up where the test asks
// for one.
type aim struct {
	*sink
	door  *door
	held  chan heldUp
	kills int
}

// heldUp is a request that has come whole and is not answered.
type heldUp struct {
	id     string
	answer chan struct{} // closed by the test: it is to be answered
	over   chan bool     // gets whether it was answered, when the server has hung up
}

func (a *aim) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := heldUp{id: a.take(r, true), answer: make(chan struct{}), over: make(chan bool, 1)}
	if h.id == "" {
		return
	}
	select {
	case a.held <- h:
	default:
		return
	}
	answered := false
	select {
	case <-h.answer:
		w.Header().Set("Content-Length", "0")
		w.WriteHeader(http.StatusOK)
		answered = http.NewResponseController(w).Flush() == nil
		<-r.Context().Done() // who has read an answer closes the connection: it is kept for no other request
	case <-r.Context().Done():
	}
	h.over <- answered
}

// often gives how often a message came.
func (a *aim) often(id string) int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.came[id]
}

// next holds up one of the next requests.
func (a *aim) next(t *testing.T) heldUp {
	t.Helper()
	for n := rand.IntN(20); ; n-- {
		select {
		case h := <-a.held:
			if n <= 0 {
				return h
			}
			close(h.answer)
		case <-time.After(aimWait):
			t.Fatal("nothing is sent")
		}
	}
}

func (a *aim) kill(s *server) {
	s.t.Helper()
	a.kills++
	s.kill()
}

// killUnanswered kills the server when a message has come whole and is not
// answered. It gives the message's id.
func (a *aim) killUnanswered(t *testing.T, s *server) string {
	t.Helper()
	h := a.next(t)
	a.kill(s)
	<-h.over
	s.run()
	return h.id
}

// killUnnoted kills the server when it has read the answer to a message, and could
// not store what came of it: the database is locked. It gives the message's id.
func (a *aim) killUnnoted(t *testing.T, s *server) string {
	t.Helper()
	for range aimMisses {
		h := a.next(t)
		db := database(t, s, "_txlock=immediate&")
		tx, err := db.BeginTx(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		close(h.answer)
		answered := <-h.over
		a.kill(s)
		err = tx.Rollback()
		s.run()
		if err = errors.Join(err, db.Close()); err != nil {
			t.Fatal(err)
		}
		if answered {
			return h.id
		}
		// To get the lock took so long that the server waited no more for the answer.
	}
	t.Fatal("no answer was in time")
	return ""
}

// killUnsent kills the server when a message is committed, and its turn, and
// nothing of it has left: nobody is let in. It gives the message's id.
func (a *aim) killUnsent(t *testing.T, s *server) string {
	t.Helper()
	for range aimMisses {
		if id := a.tryUnsent(t, s); id != "" {
			return id
		}
	}
	t.Fatal("no kill was in time")
	return ""
}

// tryUnsent gives "" where the kill came after an attempt was noted.
func (a *aim) tryUnsent(t *testing.T, s *server) string {
	t.Helper()
	db := database(t, s, "mode=ro&")
	defer db.Close()
	a.door.shut.Store(true)
	defer a.door.shut.Store(false)
	var before int64
	if err := db.QueryRow(`SELECT COALESCE(MAX(seq), 0) FROM deliveries`).Scan(&before); err != nil {
		t.Fatal(err)
	}
	id := ""
	for deadline := time.Now().Add(aimWait); id == ""; {
		err := db.QueryRow(`SELECT id FROM deliveries WHERE seq > ? AND head AND attempts = 0 ORDER BY seq DESC LIMIT 1`, before).Scan(&id)
		switch {
		case errors.Is(err, sql.ErrNoRows):
			<-time.After(time.Millisecond)
		case err != nil:
			t.Fatal(err)
		}
		if id == "" && time.Now().After(deadline) {
			t.Fatal("nothing is committed")
		}
	}
	a.kill(s)
	var attempts int
	if err := db.QueryRow(`SELECT attempts FROM deliveries WHERE id = ?`, id).Scan(&attempts); err != nil {
		t.Fatalf("%s was committed and is gone: %v", id, err)
	}
	if a.often(id) > 0 {
		t.Fatalf("%s came through a door that is shut", id)
	}
	a.door.shut.Store(false)
	s.run()
	if attempts > 0 {
		return ""
	}
	return id
}

// database opens the server's database beside it.
func database(t *testing.T, s *server, options string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(s.data, "tandem.db")+"?"+options+"_pragma=busy_timeout(10000)")
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	return db
}

// TestWebhookKills kills the server at the three moments that count: a message is
// committed and nothing of it was sent; it was taken and not answered; the answer
// was read and not stored. None is lost, the order of each call holds, every
// signature verifies, and what was taken before a kill comes again with the same id.
func TestWebhookKills(t *testing.T) {
	s := start(t, "TANDEM_WEBHOOKS_PAUSE_UNIT=300")
	a := &aim{sink: newSink(), held: make(chan heldUp)}
	web := httptest.NewUnstartedServer(a)
	a.door = &door{Listener: web.Listener}
	web.Listener = a.door
	web.Config.SetKeepAlivesEnabled(false)
	web.Start()
	t.Cleanup(web.Close)
	k := tellAll(t, s, a.sink, web.URL, aimHooks)

	var over atomic.Bool
	calling := callers(t, s.sip, func(int) bool { return over.Load() })
	hangUp := sync.OnceFunc(func() { over.Store(true); calling.Wait() })
	defer hangUp()
	var unsent, taken []string
	for range aimRounds {
		taken = append(taken, a.killUnanswered(t, s))
		unsent = append(unsent, a.killUnsent(t, s))
		taken = append(taken, a.killUnnoted(t, s))
	}
	hangUp()
	for range 2 { // that nothing breaks off
		callOnce(t, s.sip)
	}
	settle(t, k)
	compare(t, k, a.sink, aimEvents, a.kills)
	for _, id := range unsent {
		if a.often(id) == 0 {
			t.Errorf("%s was committed before a kill and never came", id)
		}
	}
	for _, id := range taken {
		if n := a.often(id); n < 2 {
			t.Errorf("%s was taken before a kill, which nobody noted, and came %d times", id, n)
		}
	}
}
