package engine

import (
	"strconv"

	"tandem/internal/sipua"
	"tandem/internal/voice"
)

// sipEvent gives a SIP message as an event, of no leg yet.
func sipEvent(m sipua.Message) voice.Event {
	if m.Note != "" {
		return voice.Event{Kind: voice.EventSIP, At: m.At, Text: m.Note}
	}
	dir, verb, way := "out", "sent", "to "
	if m.In {
		dir, verb, way = "in", "received", "from "
	}
	what := m.Method
	data := map[string]string{"dir": dir, "method": m.Method, "transport": m.Transport, "peer": m.Peer.String()}
	if m.Status != 0 {
		data["status"] = strconv.Itoa(m.Status)
		what = strconv.Itoa(m.Status) + " " + m.Reason + " for " + m.Method
	}
	return voice.Event{Kind: voice.EventSIP, At: m.At, Text: verb + " " + what + " " + way + m.Peer.String(), Data: data}
}
