package sipua

import (
	"time"

	"tandem/internal/admission"
	"tandem/internal/sipua/transact"
)

// gate asks whether a request that would begin something is let in. It runs on the
// socket's goroutine, before the request is parsed.
func (a *Agent) gate(o transact.Opening) (again time.Duration, ok bool) {
	if a.cfg.Admission == nil {
		return 0, true
	}
	r := admission.Request{Class: admission.Other, Source: o.Source, Known: o.Exempt, Waited: o.Waited}
	switch o.Method {
	case "INVITE":
		r.Class, r.Urgent = admission.Call, urgent(o.User)
	case "REGISTER":
		r.Class = admission.Register
	}
	d := a.cfg.Admission.Admit(r)
	return d.RetryAfter, d.OK
}

// knows reports whether a call with this Call-ID exists.
func (a *Agent) knows(callID []byte) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.byCall[string(callID)]) > 0
}

// urgent reports whether a number is one that is called in need and hardly
// anybody's extension.
func urgent(user string) bool {
	switch user {
	case "112", "911", "999", "000":
		return true
	}
	return false
}
