// Package doctor finds out what is wrong with an installation: folders, database,
// clock, ports, addresses, speech, mail, trunks, and a test call through the
// real stack. Each check says in words what is wrong and how to mend it.
//
// It is not a monitor: it looks once, changes nothing but a file that it removes
// again, and stays within a bounded time. It works beside a running server,
// which it asks, and without one. Run owns every goroutine and waits for them;
// it may be called from several goroutines.
package doctor

import (
	"context"
	"fmt"
	"time"

	"tandem/internal/config"
	"tandem/internal/voice"
)

// State is how a check came out.
type State string

// The states. Only Failed makes the whole examination fail.
const (
	OK      State = "ok"
	Warning State = "warning"
	Failed  State = "failed"
	Skipped State = "skipped"
)

// Finding is what one check found.
type Finding struct {
	Check string `json:"check"`
	State State  `json:"state"`
	Words string `json:"words"`
	Mend  string `json:"mend,omitempty"` // what to do about it
}

// Store is what is looked at in the database.
type Store interface {
	// Check reads the whole database through and says what is broken.
	Check(ctx context.Context) error
	CDRs(ctx context.Context, f voice.CDRFilter) ([]voice.CDR, error)
	Trunks(ctx context.Context, t voice.TenantID) ([]voice.Trunk, error)
}

// Patient is the installation to be examined.
type Patient struct {
	Settings config.Config
	Store    Store // nil when it could not be opened; StoreError says why
	// StoreError is why the store could not be opened.
	StoreError error
	// Running is the server that has said where it is; zero = none.
	Running Running
	// TrunkState tells what the running server knows of a trunk's registration.
	TrunkState func(ctx context.Context, k voice.Trunk) (registered bool, words string, err error)
	// TestCall calls a menu through the real stack and says what it heard.
	TestCall func(ctx context.Context) (words string, err error)
}

// Running says where a running server is.
type Running struct {
	HTTP string // HOST:PORT
	SIP  string // HOST:PORT
}

// checkTime bounds one check; the test call takes the longest.
const checkTime = 30 * time.Second

type check struct {
	name string
	run  func(context.Context, *Patient) []Finding
}

// Run makes every check in order and tells each finding as it comes.
func Run(ctx context.Context, p Patient, tell func(Finding)) []Finding {
	checks := []check{
		{"data folder", dataFolder},
		{"database", database},
		{"clock", clock},
		{"web port", webPort},
		{"SIP port", sipPort},
		{"certificate", certificate},
		{"audio ports", audioPorts},
		{"public address", publicAddress},
		{"speech", speech},
		{"mail", mail},
		{"trunks", trunks},
		{"test call", testCall},
	}
	var all []Finding
	for _, c := range checks {
		within, cancel := context.WithTimeout(ctx, checkTime)
		for _, f := range c.run(within, &p) {
			f.Check = c.name
			all = append(all, f)
			if tell != nil {
				tell(f)
			}
		}
		cancel()
	}
	return all
}

// Healthy reports whether nothing failed.
func Healthy(all []Finding) bool {
	for _, f := range all {
		if f.State == Failed {
			return false
		}
	}
	return true
}

func good(format string, args ...any) []Finding {
	return []Finding{{State: OK, Words: fmt.Sprintf(format, args...)}}
}

func warn(mend, format string, args ...any) []Finding {
	return []Finding{{State: Warning, Words: fmt.Sprintf(format, args...), Mend: mend}}
}

func bad(mend, format string, args ...any) []Finding {
	return []Finding{{State: Failed, Words: fmt.Sprintf(format, args...), Mend: mend}}
}

func skip(format string, args ...any) []Finding {
	return []Finding{{State: Skipped, Words: fmt.Sprintf(format, args...)}}
}

func testCall(ctx context.Context, p *Patient) []Finding {
	if p.TestCall == nil {
		return skip("no test call was asked for")
	}
	said, err := p.TestCall(ctx)
	if err != nil {
		return bad("mend what failed above first; tandem call and tandem calls show what happened on the line", "the test call failed: %v", err)
	}
	return good("%s", said)
}
