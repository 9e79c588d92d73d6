package replay

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"maps"
	"slices"
	"time"

	"tandem/internal/flow"
	"tandem/internal/voice"
)

const (
	// cachedPrograms bounds the programs whose text an Encoder remembers; calls mostly
	// run a few.
	cachedPrograms = 64
	// smallText is up to how many bytes a text is not worth compressing: making the
	// tables of its code takes longer than all else that is done for a short call's tape.
	smallText = 2048
)

// Encoder writes tapes as bytes. It keeps what making one costs most, and is for one
// goroutine. The zero value is ready.
//
// A tape is JSON in several members of gzip (RFC 1952 §2.2), which readers take as one
// text: programs are members that were compressed once, for all calls that ran them.
type Encoder struct {
	zip      *gzip.Writer
	programs map[*flow.Program]packed

	out   bytes.Buffer // the members so far
	plain []byte       // the text that no member has yet
	size  int          // bytes of text in all
}

// packed is a program's text as a member.
type packed struct {
	member []byte
	size   int // of the text
}

// tapeHead and runHead are what a tape and a run begin with.
type tapeHead struct {
	Call   voice.CallID   `json:"call"`
	Tenant voice.TenantID `json:"tenant"`
	Start  time.Time      `json:"start"`
	Full   bool           `json:"full,omitempty"`
}

type runHead struct {
	*Run
	Program  struct{} `json:"program,omitzero"` // both are written apart
	Programs struct{} `json:"programs,omitzero"`
}

// Encode gives a tape as bytes, compressed.
func (e *Encoder) Encode(t *Tape) ([]byte, error) {
	err := e.write(t)
	if err == nil && e.size > maxBytes {
		err = e.write(&Tape{Call: t.Call, Tenant: t.Tenant, Start: t.Start, Full: true})
	}
	if err != nil {
		return nil, fmt.Errorf("replay: the tape of call %s: %w", t.Call, err)
	}
	return bytes.Clone(e.out.Bytes()), nil
}

func (e *Encoder) write(t *Tape) error {
	e.out.Reset()
	e.plain, e.size = e.plain[:0], 0
	if err := e.object(tapeHead{t.Call, t.Tenant, t.Start, t.Full}); err != nil {
		return err
	}
	e.plain = append(e.plain, `,"runs":[`...)
	for i, r := range t.Runs {
		if i > 0 {
			e.plain = append(e.plain, ',')
		}
		if err := e.run(r); err != nil {
			return err
		}
	}
	e.plain = append(e.plain, "]}"...)
	return e.flush()
}

func (e *Encoder) run(r *Run) error {
	if err := e.object(runHead{Run: r}); err != nil {
		return err
	}
	e.plain = append(e.plain, `,"program":`...)
	if err := e.program(r.Program); err != nil {
		return err
	}
	if len(r.Programs) > 0 {
		e.plain = append(e.plain, `,"programs":{`...)
		for i, id := range slices.Sorted(maps.Keys(r.Programs)) {
			if i > 0 {
				e.plain = append(e.plain, ',')
			}
			key, err := json.Marshal(id)
			if err != nil {
				return err
			}
			e.plain = append(append(e.plain, key...), ':')
			if err := e.program(r.Programs[id]); err != nil {
				return err
			}
		}
		e.plain = append(e.plain, '}')
	}
	e.plain = append(e.plain, '}')
	return nil
}

// object begins an object with the fields of v.
func (e *Encoder) object(v any) error {
	data, err := json.Marshal(v)
	if err != nil {
		return err
	}
	e.plain = append(e.plain, data[:len(data)-1]...)
	return nil
}

// program puts in a program, which never changes.
func (e *Encoder) program(p *flow.Program) error {
	if err := e.flush(); err != nil {
		return err
	}
	known, ok := e.programs[p]
	if !ok {
		text, err := json.Marshal(p)
		if err != nil {
			return err
		}
		var b bytes.Buffer
		if err := e.compress(&b, text); err != nil {
			return err
		}
		known = packed{b.Bytes(), len(text)}
		if len(e.programs) >= cachedPrograms || e.programs == nil {
			e.programs = map[*flow.Program]packed{}
		}
		e.programs[p] = known
	}
	e.size += known.size
	e.out.Write(known.member)
	return nil
}

// flush makes a member of the text that none has.
func (e *Encoder) flush() error {
	text := e.plain
	e.plain, e.size = text[:0], e.size+len(text)
	if len(text) > smallText {
		return e.compress(&e.out, text)
	}
	if len(text) > 0 {
		e.out.Write(appendStored(e.out.AvailableBuffer(), text))
	}
	return nil
}

// compress appends a member with text to b.
func (e *Encoder) compress(b *bytes.Buffer, text []byte) error {
	if e.zip == nil {
		var err error
		if e.zip, err = gzip.NewWriterLevel(b, flate.BestSpeed); err != nil {
			return err
		}
	} else {
		e.zip.Reset(b)
	}
	if _, err := e.zip.Write(text); err != nil {
		return err
	}
	return e.zip.Close()
}

// appendStored appends a member that holds text, of less than 64 KiB, as it is: the
// header of RFC 1952 §2.3, one block by RFC 1951 §3.2.4, checksum and length.
func appendStored(b, text []byte) []byte {
	const lastStored, unknownSystem = 1, 255
	b = append(b, 0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, unknownSystem, lastStored)
	b = binary.LittleEndian.AppendUint16(b, uint16(len(text)))
	b = binary.LittleEndian.AppendUint16(b, ^uint16(len(text)))
	b = append(b, text...)
	b = binary.LittleEndian.AppendUint32(b, crc32.ChecksumIEEE(text))
	return binary.LittleEndian.AppendUint32(b, uint32(len(text)))
}
