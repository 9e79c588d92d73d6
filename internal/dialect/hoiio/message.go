package hoiio

import (
	"context"
	"encoding/xml"
	"errors"
	"io"
	"net/url"
	"path"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"tandem/internal/voice"
)

// Bounds of sounds at addresses.
const (
	fetchTime = 5 * time.Second // before the answer to the request
	maxPieces = 20
)

// The statuses of messages.
const (
	errMsgLength     = refusal("error_msg_invalid_length")
	errMsgText       = refusal("error_msg_cannot_convert_text")
	errMsgLanguage   = refusal("error_msg_invalid_language")
	errMsgGender     = refusal("error_msg_invalid_gender")
	errMsgXML        = refusal("error_msg_invalid_xml")
	errMsgURL        = refusal("error_msg_invalid_url")
	errMsgDownload   = refusal("error_msg_download_failed")
	errMsgFileFormat = refusal("error_msg_invalid_file_format")
	errMsgFileSize   = refusal("error_msg_invalid_file_size")
)

// message reads msg: text to be spoken, or a mixture of text, <speech> and <url>.
// What is wrong with it is said at once; a sound that is not here within fetchTime
// is tried again when it is to be heard, and passed over when it can't be had then.
func (q *request) message() ([]voice.Prompt, error) {
	msg := q.params["msg"]
	switch {
	case utf8.RuneCountInString(msg) > maxMessage:
		return nil, errMsgLength
	case msg == "":
		return nil, nil
	case !strings.Contains(msg, "<"):
		return q.speech(nil, msg, "", "")
	}
	var list []voice.Prompt
	dec := xml.NewDecoder(strings.NewReader("<msg>" + msg + "</msg>"))
	dec.Strict = true
	if t, err := dec.Token(); err != nil || !isStart(t, "msg") {
		return nil, errMsgXML
	}
	for {
		t, err := dec.Token()
		if err != nil {
			return nil, errMsgXML
		}
		switch t := t.(type) {
		case xml.CharData:
			list, err = q.speech(list, string(t), "", "")
		case xml.StartElement:
			list, err = q.element(dec, t, list)
		case xml.EndElement: // of msg: those of the others are read with them
			if _, err := dec.Token(); !errors.Is(err, io.EOF) {
				return nil, errMsgXML
			}
			return list, nil
		case xml.ProcInst, xml.Directive:
			err = errMsgXML
		}
		if err != nil {
			return nil, err
		}
		if len(list) > maxPieces {
			return nil, errMsgLength
		}
	}
}

func isStart(t xml.Token, name string) bool {
	s, ok := t.(xml.StartElement)
	return ok && s.Name.Local == name
}

// element reads one tag and what is in it.
func (q *request) element(dec *xml.Decoder, start xml.StartElement, list []voice.Prompt) ([]voice.Prompt, error) {
	var text strings.Builder
	for {
		t, err := dec.Token()
		if err != nil {
			return nil, errMsgXML
		}
		if c, ok := t.(xml.CharData); ok {
			text.Write(c)
			continue
		}
		if _, ended := t.(xml.EndElement); !ended {
			return nil, errMsgXML
		}
		break
	}
	switch start.Name.Local {
	case "speech":
		var language, gender string
		for _, a := range start.Attr {
			switch a.Name.Local {
			case "language":
				language = a.Value
			case "gender":
				gender = a.Value
			default:
				return nil, errMsgXML
			}
		}
		return q.speech(list, text.String(), language, gender)
	case "url":
		p, err := q.sound(strings.TrimSpace(text.String()))
		return append(list, p), err
	}
	return nil, errMsgXML
}

// speech adds text that is spoken, by a voice of the language and, where there is
// one, of the gender.
func (q *request) speech(list []voice.Prompt, text, language, gender string) ([]voice.Prompt, error) {
	if gender = strings.ToLower(gender); !slices.Contains([]string{"", "female", "male"}, gender) {
		return nil, errMsgGender
	}
	if strings.TrimSpace(text) == "" {
		return list, nil
	}
	if len(text) > voice.MaxSpeechText || strings.ContainsFunc(text, func(r rune) bool { return r < ' ' && r != '\n' && r != '\t' && r != '\r' }) {
		return nil, errMsgText
	}
	voices, err := q.d.cfg.Audio.Voices(q)
	if err != nil {
		return nil, err
	}
	wanted := language
	if wanted == "" {
		wanted = "en"
	}
	base := func(s string) string {
		s, _, _ = strings.Cut(strings.ReplaceAll(strings.ToLower(s), "_", "-"), "-")
		return s
	}
	best, rank := "", -1
	for _, v := range voices {
		if base(v.Language) != base(wanted) {
			continue
		}
		r := 0
		if strings.EqualFold(v.Language, wanted) {
			r += 2
		}
		if v.Gender == gender || gender == "" && v.Gender == "female" {
			r++
		}
		if r > rank {
			best, rank = v.ID, r
		}
	}
	if rank < 0 && language != "" {
		return nil, errMsgLanguage
	}
	if rank < 0 && len(voices) == 0 {
		return nil, errMsgText
	}
	return append(list, voice.Prompt{Kind: voice.PromptSpeech, Text: strings.TrimSpace(text), Voice: best}), nil
}

// sound gives the prompt of a sound at an address, which is fetched to see that it
// is one; it is then here when it is to be heard.
func (q *request) sound(address string) (voice.Prompt, error) {
	none := voice.Prompt{}
	u, err := url.Parse(address)
	if err != nil || !isURL(address) {
		return none, errMsgURL
	}
	if !slices.Contains([]string{".mp3", ".wav", ".gsm"}, strings.ToLower(path.Ext(u.Path))) {
		return none, errMsgFileFormat
	}
	if q.d.cfg.Sound == nil {
		return none, errMsgDownload
	}
	ctx, cancel := context.WithTimeout(q, fetchTime)
	defer cancel()
	p := voice.Prompt{Kind: voice.PromptURL, Text: address}
	err = q.d.cfg.Sound(ctx, q.tenant, address)
	known, is := errors.AsType[*voice.Error](err)
	switch {
	case err == nil:
		return p, nil
	case errors.Is(ctx.Err(), context.DeadlineExceeded): // one that is slow alone may come later
		return p, nil
	case is && known.Kind == voice.Invalid && known.Field == "file":
		return none, errMsgFileFormat
	case is && (known.Kind == voice.Permission || known.Kind == voice.Invalid):
		return none, errMsgURL
	case is && known.Kind == voice.Limit:
		return none, errMsgFileSize
	}
	return none, errMsgDownload
}
