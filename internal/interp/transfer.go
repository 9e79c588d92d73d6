package interp

import (
	"context"

	"tandem/internal/flow"
	"tandem/internal/voice"
)

// transfer hands the caller over: the caller's side is asked to call, where that
// comes to the same, and else we dial. Where nobody is to be called it does what a
// dial does.
func (r *run) transfer(ctx context.Context, s flow.Transfer) (outcome, error) {
	d, err := r.dialling(ctx, s.Dialled())
	if err != nil {
		return outcome{}, err
	}
	if len(d.tries) == 0 || d.tries[0].App != "" || d.tries[0].Disconnect {
		return r.reach(ctx, s.Dialled(), d, nil)
	}
	why := "the step asks for it"
	if s.How != flow.TransferByDial {
		target, words := referable(s, d)
		res := voice.TransferResult{End: voice.TransferRefused, Cause: voice.CausePolicy, Words: words}
		if words == "" {
			if res, err = r.call.Transfer(ctx, voice.TransferSpec{Target: target, MaxTime: s.RingTime}); err != nil {
				return outcome{}, err
			}
		}
		r.answered = r.answered || res.Asked
		switch {
		case res.End == voice.TransferDone:
			r.say("%s → the flow is over", res.Words)
			return outcome{end: &Result{Reason: voice.EndTransferred, Cause: voice.CauseNormal, Words: res.Words}, left: true}, nil
		case res.End != voice.TransferRefused || s.How == flow.TransferByRefer:
			return r.notReached(dialResult(res)), nil
		}
		why = "a REFER is not possible: " + res.Words
	}
	return r.handOver(ctx, s, d, why)
}

// handOver dials the transfer, and tells of it as one.
func (r *run) handOver(ctx context.Context, s flow.Transfer, d dialling, why string) (outcome, error) {
	data := map[string]string{"to": d.list[0].String(), "how": string(flow.TransferByDial)}
	r.noteTransfer(voice.EventTransferStarted, "the transfer to "+data["to"]+" begins by dialling: "+why, data)
	over := false
	end := func(e voice.TransferEnd, words string) {
		if over {
			return
		}
		over = true
		r.noteTransfer(voice.EventTransferEnded, "the transfer to "+data["to"]+" ended: "+words,
			map[string]string{"to": data["to"], "how": data["how"], "end": string(e)})
	}
	out, err := r.reach(ctx, s.Dialled(), d, func() { end(voice.TransferDone, "somebody answered") })
	switch {
	case voice.IsKind(err, voice.HungUp):
		end(voice.TransferLeft, "the caller left")
	case err != nil:
		end(voice.TransferFailed, voice.Reason(err))
	case out.program != nil:
		end(voice.TransferDone, "the call goes on in app "+out.program.Name)
	case out.end != nil:
		end(voice.TransferFailed, out.end.Words)
	case out.exit == flow.Busy:
		end(voice.TransferBusy, out.words)
	case out.exit == flow.NoAnswer:
		end(voice.TransferNoAnswer, out.words)
	default:
		end(voice.TransferFailed, out.reason())
	}
	return out, err
}

func (r *run) noteTransfer(kind voice.EventKind, text string, data map[string]string) {
	r.call.Note(voice.Event{Kind: kind, Origin: r.origin(), Text: text, Data: data})
}

// referable gives the one target that the caller's side may be asked to call in
// place of all of d, or says why there is none. Who calls an extension gets the
// call settings behind it, and with them whatever is tried after its telephones.
func referable(s flow.Transfer, d dialling) (target voice.Target, why string) {
	switch {
	case s.Record:
		return target, "the talk is to be recorded"
	case d.list[0].Kind == voice.ToPhones:
		return target, "only the telephones are to ring, without the call settings"
	case d.list[0].Kind == voice.ToExtension:
		return voice.Target{Kind: voice.ToExtension, ID: d.list[0].ID}, ""
	case len(d.tries[0].Targets) != 1:
		return target, "several are rung at once"
	}
	target = d.tries[0].Targets[0]
	switch {
	case target.Kind == voice.ToSIP:
		return target, target.String() + " is not at this server"
	case len(d.tries) > 1:
		return target, "there is more to try after " + target.String()
	}
	return target, ""
}

// dialResult gives what came of a REFER that reached nobody as a dial's.
func dialResult(t voice.TransferResult) voice.DialResult {
	res := voice.DialResult{End: voice.DialFailed, Cause: t.Cause, Words: t.Words}
	switch t.End {
	case voice.TransferBusy:
		res.End = voice.DialBusy
	case voice.TransferNoAnswer:
		res.End = voice.DialNoAnswer
	}
	return res
}
