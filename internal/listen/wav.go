package listen

import (
	"bytes"
	"encoding/binary"
	"io"

	"tandem/internal/media"
)

// WriteWAV writes the sound as a WAV file, with the chapters as cue points and
// their names as labels (RIFF: chunks "cue " and LIST adtl, labl).
func (r *Recording) WriteWAV(w io.Writer) error {
	var b bytes.Buffer
	if err := media.WriteWAV(&b, r.PCM()); err != nil {
		return err
	}
	cue := binary.LittleEndian.AppendUint32(nil, uint32(len(r.Chapters)))
	labels := []byte("adtl")
	for i, c := range r.Chapters {
		id, at := uint32(i+1), uint32(samples(c.At))
		for _, v := range []any{id, at, []byte("data"), uint32(0), uint32(0), at} {
			cue, _ = binary.Append(cue, binary.LittleEndian, v) // of numbers and bytes there is no error
		}
		text := append([]byte(c.Name), 0)
		labels = append(labels, chunk("labl", append(binary.LittleEndian.AppendUint32(nil, id), text...))...)
	}
	b.Write(chunk("cue ", cue))
	b.Write(chunk("LIST", labels))
	out := b.Bytes()
	binary.LittleEndian.PutUint32(out[4:], uint32(len(out)-8))
	_, err := w.Write(out)
	return err
}

// chunk makes a RIFF chunk, of even length.
func chunk(name string, data []byte) []byte {
	out := append([]byte(name), binary.LittleEndian.AppendUint32(nil, uint32(len(data)))...)
	out = append(out, data...)
	if len(data)%2 == 1 {
		out = append(out, 0)
	}
	return out
}
