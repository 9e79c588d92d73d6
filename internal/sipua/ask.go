package sipua

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/emiago/sipgo/sip"

	"tandem/internal/sipua/transact"
	"tandem/internal/voice"
)

// askTime bounds a question to a trunk, over all the places where it could go.
const askTime = 10 * time.Second

// Asked is what became of a question to a trunk.
type Asked struct {
	Reached bool          // an answer came that a working peer could give
	Places  []string      // where it could go, first choice first (RFC 3263)
	Place   string        // where the answer came from; "" = none came
	Status  int           // of the answer; 0 = none came
	Took    time.Duration // from the question to the answer, names looked up before
	Words   string        // one sentence that says how it stands
}

// AskTrunk asks a trunk for what it can (OPTIONS, RFC 3261 §11), with its credentials
// where it wants them, and has it registered anew at once where it registers. It
// takes 10 s at most.
func (a *Agent) AskTrunk(ctx context.Context, k voice.Trunk) Asked {
	ctx, cancel := context.WithTimeoutCause(ctx, askTime, fmt.Errorf("no answer within %v", askTime))
	defer cancel()
	a.registerNow(k.ID)
	uri, routes, places, err := a.place(ctx, Target{Trunk: &k, User: k.Username})
	if err != nil {
		return Asked{Words: "It was not asked: " + voice.Reason(err) + "."}
	}
	uri.User = ""
	var out Asked
	for _, p := range places {
		out.Places = append(out.Places, p.String())
	}
	begun := time.Now()
	res, dest, err := a.ask(ctx, k, uri, routes, places)
	out.Took = time.Since(begun)
	if err != nil {
		words := voice.Reason(err)
		if errors.Is(err, errNoAnswer) {
			words = a.silenceOf(dest)
		}
		out.Words = "It can't be reached: " + words + "."
		return out
	}
	out.Place, out.Status = placeOf(dest).String(), res.StatusCode
	out.Reached, out.Words = judgeAnswer(k, res, out.Place)
	return out
}

// ask sends the OPTIONS, and again with credentials when it is challenged.
func (a *Agent) ask(ctx context.Context, k voice.Trunk, uri sip.Uri, routes []sip.Uri, places []Place) (*sip.Response, transact.Dest, error) {
	to := destOf(places[0])
	from := sip.Uri{Scheme: "sip", User: cleanUser(k.Username), Host: a.hostText(to)}
	if k.Username != "" {
		from.Host = uri.Host
	} else {
		from.User = "tandem"
	}
	req := a.optionsRequest(from, uri, routes, to)
	creds := &credentials{username: k.Username, password: k.Password}
	for try := 0; ; try++ {
		res, dest, err := a.tryPlaces(ctx, &req, places, false, a.roundTripWithin)
		if err != nil || !challenged(res) || k.Username == "" || try >= maxAuthTries-1 {
			return res, dest, err
		}
		again, err := creds.answer(req, res)
		if err != nil {
			return res, dest, nil // the refusal itself says it
		}
		again.CSeq().SeqNo = req.CSeq().SeqNo + 1
		req = again
	}
}

// judgeAnswer says what an answer to OPTIONS means for calls.
func judgeAnswer(k voice.Trunk, res *sip.Response, place string) (reached bool, words string) {
	answer := (&Failure{Status: res.StatusCode, Reason: cleanText(res.Reason)}).Error()
	switch {
	case res.IsSuccess():
		return true, fmt.Sprintf("%s answers: %s.", place, answer)
	case challenged(res) && k.Username == "":
		return false, fmt.Sprintf("%s answers, and wants a user name and a password (%s).", place, answer)
	case challenged(res), res.StatusCode == 403:
		return false, fmt.Sprintf("%s answers, and refuses the user name, the password or this address (%s).", place, answer)
	case res.StatusCode == 503, res.StatusCode == 408, res.StatusCode >= 500 && res.StatusCode != 501:
		return false, fmt.Sprintf("%s answers that it is out of order (%s).", place, answer)
	}
	// 404, 405, 481, 501 …: it has no use for OPTIONS, and is there.
	return true, fmt.Sprintf("%s answers: %s. It has no use for this question, which says nothing of calls.", place, answer)
}

// registerNow has a trunk registered anew at once, where it registers.
func (a *Agent) registerNow(id voice.TrunkID) {
	a.trunks.mu.RLock()
	r := a.trunks.regs[id]
	a.trunks.mu.RUnlock()
	if r == nil {
		return
	}
	select {
	case r.poke <- struct{}{}:
	default:
	}
}

// optionsRequest gives an OPTIONS outside of a dialog.
func (a *Agent) optionsRequest(from, uri sip.Uri, routes []sip.Uri, to transact.Dest) *sip.Request {
	req := sip.NewRequest(sip.OPTIONS, uri)
	for _, u := range routes {
		req.AppendHeader(&sip.RouteHeader{Address: *u.Clone()})
	}
	sender := &sip.FromHeader{Address: from}
	sender.Params.Add("tag", sip.GenerateTagN(16))
	callID := sip.CallIDHeader(sip.GenerateTagN(24))
	forwards := sip.MaxForwardsHeader(70)
	for _, h := range []sip.Header{sender, &sip.ToHeader{Address: sip.Uri{Scheme: "sip", User: uri.User, Host: uri.Host}},
		&callID, &sip.CSeqHeader{SeqNo: 1, MethodName: sip.OPTIONS}, &forwards, a.contact(from.User, to)} {
		req.AppendHeader(h)
	}
	a.stamp(req)
	return req
}
