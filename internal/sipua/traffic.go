package sipua

import (
	"slices"
	"sync/atomic"

	"github.com/emiago/sipgo/sip"

	"tandem/internal/sipua/transact"
)

// methods are those that are counted by name; others count together.
var methods = []string{"INVITE", "ACK", "BYE", "CANCEL", "OPTIONS", "REGISTER", "PRACK", "UPDATE", "INFO", "REFER", "NOTIFY", "SUBSCRIBE", "MESSAGE", "PUBLISH", "other"}

const (
	methodCount = 15
	classCount  = 6 // 1xx to 6xx
)

// traffic counts the messages of the wire, retransmissions too.
type traffic struct {
	requests  [2][methodCount]atomic.Uint64 // out, in
	responses [2][methodCount][classCount]atomic.Uint64
}

func (t *traffic) count(s transact.Seen) {
	way := 0
	if s.In {
		way = 1
	}
	switch m := s.Msg.(type) {
	case *sip.Request:
		t.requests[way][methodIndex(string(m.Method))].Add(1)
	case *sip.Response:
		method := ""
		if c := m.CSeq(); c != nil {
			method = string(c.MethodName)
		}
		if class := m.StatusCode/100 - 1; class >= 0 && class < classCount {
			t.responses[way][methodIndex(method)][class].Add(1)
		}
	}
}

func methodIndex(name string) int {
	if i := slices.Index(methods, name); i >= 0 {
		return i
	}
	return methodCount - 1
}

// Traffic is a count of SIP messages.
type Traffic struct {
	In     bool
	Method string // one of a closed list; "other" = none of it
	Class  int    // 1 to 6; 0 = requests
	Count  uint64
}

// Traffic gives the counts of messages so far that are not zero.
func (a *Agent) Traffic() []Traffic {
	var list []Traffic
	add := func(t Traffic, n *atomic.Uint64) {
		if t.Count = n.Load(); t.Count > 0 {
			list = append(list, t)
		}
	}
	for way := range 2 {
		for i, name := range methods {
			add(Traffic{In: way == 1, Method: name}, &a.traffic.requests[way][i])
			for class := range classCount {
				add(Traffic{In: way == 1, Method: name, Class: class + 1}, &a.traffic.responses[way][i][class])
			}
		}
	}
	return list
}
