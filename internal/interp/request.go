package interp

import (
	"cmp"
	"context"
	"fmt"
	"strconv"

	"tandem/internal/flow"
	"tandem/internal/voice"
)

// request makes an HTTP request and takes values out of the answer.
func (r *run) request(ctx context.Context, s flow.Request) (outcome, error) {
	r.set(flow.VarHTTPStatus, "0")
	req, err := r.httpRequest(s)
	if err != nil {
		return outcome{}, err
	}
	var answer voice.HTTPAnswer
	var failed error
	music := r.prompts(s.Music, nil)
	err = r.await(ctx, comfort{music, len(music) > 0}, func(ctx context.Context) { answer, failed = r.host.Request(ctx, req) })
	if err = cmp.Or(err, failed); err != nil {
		return outcome{}, err
	}
	r.set(flow.VarHTTPStatus, strconv.Itoa(answer.Status))
	words := "status " + strconv.Itoa(answer.Status)
	if answer.Status < 200 || answer.Status > 299 {
		return outcome{exit: flow.Failed, words: words}, nil
	}
	if fault := r.extract(s.Extract, answer.Body); fault != nil {
		r.noteError(r.place() + ": " + fault.Error())
		return outcome{exit: flow.Failed, words: words + ", but " + fault.Error()}, nil
	}
	return outcome{exit: flow.Next, words: words}, nil
}

func (r *run) httpRequest(s flow.Request) (voice.HTTPRequest, error) {
	const op = "interp.request"
	req := voice.HTTPRequest{
		Tenant: r.info.Tenant, Method: cmp.Or(s.Method, "GET"), URL: r.expandURL(s.URL), Headers: make(map[string]string, len(s.Headers)),
		Timeout: min(cmp.Or(s.Timeout, flow.DefaultRequestTime), flow.MaxRequestTime),
	}
	for name, t := range s.Headers {
		req.Headers[name] = t.Expand(r.reveal)
	}
	if s.Body != "" {
		req.Type = cmp.Or(s.Type, "application/json")
		req.Body = []byte(r.expandBody(s.Body, req.Type))
	}
	if controls(req.URL) {
		return req, voice.Errorf(op, voice.Invalid, "the URL holds control characters")
	}
	for name, value := range req.Headers {
		if controls(value) {
			return req, voice.Errorf(op, voice.Invalid, "header %s holds control characters", name)
		}
	}
	return req, nil
}

// extract puts values of a JSON answer into variables: all of them or none.
func (r *run) extract(list []flow.Extraction, body []byte) error {
	if len(list) == 0 {
		return nil
	}
	doc, err := readJSON(body)
	if err != nil {
		return err
	}
	values := make([]string, len(list))
	for i, x := range list {
		v, ok := pointed(doc, x.Pointer)
		if !ok && !x.Optional {
			return fmt.Errorf("the answer has nothing at %q", x.Pointer)
		}
		values[i] = jsonText(v)
	}
	for i, x := range list {
		r.set(x.Variable, values[i])
		r.say("%s is %q", x.Variable, r.get(x.Variable))
	}
	return nil
}
