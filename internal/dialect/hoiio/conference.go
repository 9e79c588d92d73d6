package hoiio

import (
	"strings"

	"tandem/internal/dialect"
	"tandem/internal/voice"
)

// maxMembers bounds the parties that one request rings.
const maxMembers = 8

// conferenceCall rings parties and puts each into a room as it answers; it answers
// with a list of references.
func conferenceCall(q *request) (answer, error) {
	room, refs, err := q.conference()
	return answer{"room": room, "txn_refs": refs}, err
}

// voiceConference is the same under its former name: one text of references.
func voiceConference(q *request) (answer, error) {
	room, refs, err := q.conference()
	return answer{"room": room, "txn_refs": strings.Join(refs, ",")}, err
}

func (q *request) conference() (room string, refs []string, err error) {
	var all []voice.Destination
	for one := range strings.SplitSeq(q.params["dest"], ",") {
		to, err := q.dest(strings.TrimRight(one, " "), errDestInvalid)
		if err != nil {
			return "", nil, err
		}
		all = append(all, to)
	}
	if room, err = roomOf(q.params["room"]); err != nil {
		return "", nil, err
	}
	show, err := q.callerID()
	if err != nil {
		return "", nil, err
	}
	b, err := q.common(blockVoice)
	if err != nil {
		return "", nil, err
	}
	if len(all) > maxMembers {
		return "", nil, errConcurrent
	}
	for _, to := range all {
		data := b.data(q.app)
		data[keyDest1], data[keyRoom] = to.ID, room
		id, err := q.originate(orderVoice, b, dialect.CallBack{First: to, ShowFirst: show, Program: roomProgram(b, nil, q.app, room, false), Data: data})
		if err != nil && len(refs) == 0 {
			return "", nil, originateFault(err, errDestNotSupported)
		}
		if err != nil { // the others ring already
			q.d.cfg.Log.Warn("member of a conference not called", "dest", to.ID, "err", err)
			continue
		}
		refs = append(refs, txnRef(id))
	}
	return room, refs, nil
}
