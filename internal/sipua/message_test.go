package sipua_test

import (
	"bytes"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"

	"tandem/internal/sipua"
	"tandem/internal/voice"
)

// wireLog keeps the messages of a dialog.
type wireLog struct {
	mu  sync.Mutex
	all []sipua.Message
}

func (w *wireLog) add(m sipua.Message) {
	w.mu.Lock()
	defer w.mu.Unlock()
	m.Raw = bytes.Clone(m.Raw)
	w.all = append(w.all, m)
}

// raws gives what passed one way, and the addresses that it passed between.
func (w *wireLog) raws(in bool) (list []string, from, to netip.AddrPort) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, m := range w.all {
		if m.In == in {
			list = append(list, string(m.Raw))
			from, to = m.Local, m.Peer
		}
	}
	if in {
		from, to = to, from
	}
	slices.Sort(list)
	return list, from, to
}

// TestMessagesAsOnTheWire has both sides of a call see the same octets, from the INVITE
// that came before anybody looked on.
func TestMessagesAsOnTheWire(t *testing.T) {
	for _, transport := range []string{"udp", "tcp"} {
		t.Run(transport, func(t *testing.T) {
			var called, caller wireLog
			ended := make(chan struct{})
			server := start(t, sipua.Config{Handler: answering(4000, func(inc *sipua.Incoming) {
				inc.OnMessage(called.add)
				<-inc.Done()
				close(ended)
			})})
			client := start(t, sipua.Config{})
			d, err := client.Dial(t.Context(), sipua.Target{URI: uri("100", server), From: "alice", Transport: transport, Trace: caller.add}, sdp(5000), nil)
			if err != nil {
				t.Fatal(err)
			}
			d.Hangup(voice.CauseNormal, "enough")
			receive(t, ended, "the end")
			if err := client.Close(); err != nil { // after the answer to its BYE
				t.Error(err)
			}
			for _, in := range []bool{true, false} {
				theirs, from, to := caller.raws(!in)
				ours, from2, to2 := called.raws(in)
				if !slices.Equal(ours, theirs) {
					t.Errorf("in %v: one side wrote\n%q\nand the other read\n%q", in, theirs, ours)
				}
				if from != from2 || to != to2 || !from.IsValid() || from == to {
					t.Errorf("in %v: from %v to %v on one side, from %v to %v on the other", in, from, to, from2, to2)
				}
				if all := strings.Join(ours, ""); in && (!strings.Contains(all, "INVITE sip:") || !strings.Contains(all, "ACK sip:") || !strings.Contains(all, "BYE sip:")) ||
					!in && strings.Count(all, "SIP/2.0 200 OK") != 2 {
					t.Errorf("in %v: %q", in, all)
				}
			}
		})
	}
}
