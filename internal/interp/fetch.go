package interp

import (
	"cmp"
	"context"
	"net/url"
	"strconv"

	"tandem/internal/flow"
	"tandem/internal/voice"
)

// fetch asks an application, and at need another one, and goes on in the answer.
func (r *run) fetch(ctx context.Context, s flow.Fetch) (outcome, error) {
	const op = "interp.fetch"
	r.set(flow.VarHTTPStatus, "0")
	if r.depth >= flow.MaxDepth && !s.Replace {
		return outcome{}, voice.Errorf(op, voice.Limit, "depth limit of %d apps reached", flow.MaxDepth)
	}
	q, err := r.question(s)
	if err != nil {
		return outcome{}, err
	}
	var a answered
	err = r.await(ctx, comfort{music: r.prompts(s.Comfort, nil)}, func(ctx context.Context) { a = q.ask(ctx, r.host) })
	for _, words := range a.words {
		r.say("%s", words)
	}
	r.set(flow.VarHTTPStatus, strconv.Itoa(a.status))
	if err != nil {
		words := "is no longer waited for"
		if a.program != nil {
			words = "has come too late and is ignored"
		}
		r.say("%s: the answer of the application %s", voice.Reason(err), words)
		return outcome{}, err
	}
	if a.err != nil {
		return outcome{}, a.err
	}
	r.say("status %d, going on in the answer", a.status)
	return outcome{program: a.program, returns: !s.Replace, replaces: s.Replace}, nil
}

// question is a Fetch that may be asked beside the run: its addresses, in turn.
type question struct {
	step flow.Fetch
	urls []string
	app  voice.AppID
	vars map[string]string
}

// answered is what came of a question: a program, or err.
type answered struct {
	program *flow.Program
	status  int      // of the last answer; 0 = there was none
	words   []string // what was wrong with answers that another address made good
	err     error
}

// question makes s ready to be asked, and counts it.
func (r *run) question(s flow.Fetch) (question, error) {
	const op = "interp.question"
	q := question{app: r.program.App, vars: r.variables()}
	for i, t := range []flow.Template{s.URL, s.Fallback} {
		if i > 0 && t == "" {
			continue
		}
		address := r.expandURL(t)
		if controls(address) {
			return q, voice.Errorf(op, voice.Invalid, "the URL holds control characters")
		}
		q.urls = append(q.urls, address)
	}
	s.Timeout = min(cmp.Or(s.Timeout, flow.DefaultRequestTime), flow.MaxRequestTime)
	s.Method = cmp.Or(s.Method, "POST")
	s.Fallback = ""
	q.step = s
	return q, r.countQuestion(op, q.urls[0])
}

// countQuestion ends loops between a flow and an application.
func (r *run) countQuestion(op, address string) error {
	host := address
	if u, err := url.Parse(address); err == nil && u.Host != "" {
		host = u.Host
	}
	if r.asked == nil {
		r.asked = map[string]int{}
	}
	if r.asked[host] >= flow.MaxQuestions {
		return voice.Errorf(op, voice.Limit, "limit of %d questions of one call to the application at %s reached", flow.MaxQuestions, host)
	}
	r.asked[host]++
	return nil
}

// ask asks each address until one gives a valid answer. It uses nothing of the
// run, so it may go on beside it.
func (q question) ask(ctx context.Context, host Fetcher) answered {
	var a answered
	s := q.step
	for i, address := range q.urls {
		s.URL = flow.Template(address)
		a.program, a.status, a.err = host.Fetch(ctx, s, q.app, q.vars)
		if a.err == nil && a.program == nil {
			a.err = voice.Errorf("interp.ask", voice.Internal, "the answer has no program")
		}
		switch {
		case a.err == nil || ctx.Err() != nil:
			return a
		case i < len(q.urls)-1:
			a.words = append(a.words, "no valid answer: "+voice.Reason(a.err)+"; asking the fallback "+q.urls[i+1])
		case i > 0:
			a.words = append(a.words, "no valid answer from the fallback either: "+voice.Reason(a.err))
		}
	}
	return a
}
