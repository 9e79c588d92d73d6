package replay

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"

	"tandem/internal/flow"
)

// cachedPrograms bounds the programs whose text an Encoder remembers; calls mostly
// run a few.
const cachedPrograms = 64

// Encoder writes tapes as bytes. It keeps what making one costs most, and is for one
// goroutine. The zero value is ready.
type Encoder struct {
	zip   *gzip.Writer
	texts map[*flow.Program]json.RawMessage
}

// encodedTape and encodedRun are a tape and a run as they are written.
type encodedTape struct {
	*Tape
	Runs []encodedRun `json:"runs"`
}

type encodedRun struct {
	*Run
	Program  json.RawMessage            `json:"program"`
	Programs map[string]json.RawMessage `json:"programs,omitempty"`
}

// Encode gives a tape as bytes, compressed.
func (e *Encoder) Encode(t *Tape) ([]byte, error) {
	data, err := e.text(t)
	if err != nil {
		return nil, fmt.Errorf("replay: the tape of call %s: %w", t.Call, err)
	}
	if len(data) > maxBytes {
		data, err = json.Marshal(&Tape{Call: t.Call, Tenant: t.Tenant, Start: t.Start, Full: true})
		if err != nil {
			return nil, err
		}
	}
	var b bytes.Buffer
	if e.zip == nil {
		var err error
		if e.zip, err = gzip.NewWriterLevel(&b, gzip.BestSpeed); err != nil {
			return nil, err
		}
	} else {
		e.zip.Reset(&b)
	}
	if _, err := e.zip.Write(data); err != nil {
		return nil, err
	}
	if err := e.zip.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

func (e *Encoder) text(t *Tape) ([]byte, error) {
	out := encodedTape{Tape: t, Runs: make([]encodedRun, len(t.Runs))}
	for i, r := range t.Runs {
		x := encodedRun{Run: r}
		var err error
		if x.Program, err = e.program(r.Program); err != nil {
			return nil, err
		}
		for id, p := range r.Programs {
			if x.Programs == nil {
				x.Programs = map[string]json.RawMessage{}
			}
			if x.Programs[id], err = e.program(p); err != nil {
				return nil, err
			}
		}
		out.Runs[i] = x
	}
	return json.Marshal(out)
}

// program gives the text of a program, which never changes.
func (e *Encoder) program(p *flow.Program) (json.RawMessage, error) {
	if text, ok := e.texts[p]; ok {
		return text, nil
	}
	text, err := json.Marshal(p)
	if err != nil {
		return nil, err
	}
	if len(e.texts) >= cachedPrograms || e.texts == nil {
		e.texts = map[*flow.Program]json.RawMessage{}
	}
	e.texts[p] = text
	return text, nil
}
