package sipua

import (
	"bytes"
	"io"
	"mime"
	"mime/multipart"
	"strings"

	"github.com/emiago/sipgo/sip"

	"tandem/internal/offer"
	"tandem/internal/sipua/transact"
)

// maxParts bounds a multipart body.
const maxParts = 16

// sdpBody gives the session description in a request or response, nil when
// there is none; a code refuses the body (RFC 3261 §8.2.3).
func sdpBody(m sip.Message) (sdp []byte, code int, reason string) {
	body := m.Body()
	if len(body) == 0 {
		return nil, 0, ""
	}
	for _, t := range tokens(m, "content-encoding", "e") {
		if !strings.EqualFold(t, "identity") {
			return nil, 415, "Unsupported Media Type"
		}
	}
	kind, params, err := mime.ParseMediaType(contentType(m))
	switch {
	case err != nil && contentType(m) == "":
		return nil, 400, "Missing Content-Type"
	case kind == "application/sdp":
		return body, 0, ""
	case err == nil && kind == "multipart/mixed", err == nil && kind == "multipart/alternative":
		return sdpPart(body, params["boundary"])
	}
	if hasToken(m, "optional", "content-disposition") || strings.Contains(header(m, "content-disposition"), "handling=optional") {
		return nil, 0, ""
	}
	return nil, 415, "Unsupported Media Type"
}

func contentType(m sip.Message) string {
	if h := header(m, "content-type"); h != "" {
		return h
	}
	return header(m, "c")
}

// sdpPart takes the first application/sdp part of a multipart body.
func sdpPart(body []byte, boundary string) ([]byte, int, string) {
	if boundary == "" || len(boundary) > 70 { // RFC 2046 §5.1.1
		return nil, 400, "Bad Multipart Boundary"
	}
	r := multipart.NewReader(bytes.NewReader(body), boundary)
	for range maxParts {
		p, err := r.NextRawPart()
		if err == io.EOF {
			return nil, 415, "Unsupported Media Type"
		}
		if err != nil {
			return nil, 400, "Bad Multipart Body"
		}
		if kind, _, err := mime.ParseMediaType(p.Header.Get("Content-Type")); err != nil || kind != "application/sdp" {
			continue
		}
		b, err := io.ReadAll(io.LimitReader(p, offer.MaxSize+1))
		if err != nil {
			return nil, 400, "Bad Multipart Body"
		}
		return b, 0, ""
	}
	return nil, 400, "Too Many Parts"
}

// checkInvite finds what a call cannot begin with.
func checkInvite(req *sip.Request) (code int, reason string, headers []sip.Header) {
	accepts := tokens(req, "accept")
	ok := len(accepts) == 0
	for _, t := range accepts {
		kind, _, _ := strings.Cut(t, ";")
		switch strings.ToLower(strings.TrimSpace(kind)) {
		case "application/sdp", "application/*", "*/*":
			ok = true
		}
	}
	if !ok {
		return 406, "Not Acceptable", []sip.Header{sip.NewHeader("Accept", "application/sdp")}
	}
	if req.Contact() != nil && !soundContact(req) {
		return 400, "Bad Contact", nil
	}
	if len(req.GetHeaders("contact")) > 1 {
		return 400, "Several Contacts", nil
	}
	return 0, "", nil
}

// soundContact reports whether a Contact is there that requests can go to.
func soundContact(m interface{ Contact() *sip.ContactHeader }) bool {
	c := m.Contact()
	if c == nil || c.Address.Wildcard {
		return false
	}
	u := c.Address
	return (u.Scheme == "sip" || u.Scheme == "sips") && transact.ValidHost(u.Host) &&
		u.Port >= 0 && u.Port <= 65535 && len(u.User) <= 256
}
