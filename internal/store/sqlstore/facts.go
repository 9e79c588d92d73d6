package sqlstore

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
)

// appendFacts appends a run as it is stored: the JSON of its facts. Timelines are most of
// what is stored of calls, so this is written out where jsonText would reflect.
func appendFacts(b []byte, run []fact) []byte {
	b = append(b, '[')
	for i := range run {
		if i > 0 {
			b = append(b, ',')
		}
		b = run[i].append(b)
	}
	return append(b, ']')
}

func (f *fact) append(b []byte) []byte {
	b = strconv.AppendInt(append(b, `{"s":`...), int64(f.Seq), 10)
	b = strconv.AppendInt(append(b, `,"a":`...), f.At, 10)
	b = appendText(append(b, `,"k":`...), string(f.Kind))
	for _, x := range [...]struct{ name, text string }{{`,"l":`, string(f.Leg)}, {`,"o":`, string(f.App)}, {`,"p":`, f.Pointer}} {
		if x.text != "" {
			b = appendText(append(b, x.name...), x.text)
		}
	}
	b = appendText(append(b, `,"t":`...), f.Text)
	if len(f.Data) == 0 {
		return append(b, '}')
	}
	b = append(b, `,"d":{`...)
	var room [16]string
	for i, key := range slices.AppendSeq(room[:0], maps.Keys(f.Data)) {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(appendText(b, key), ':')
		b = appendText(b, f.Data[key])
	}
	return append(b, '}', '}')
}

// appendText appends a JSON string.
func appendText(b []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c == '"' || c == '\\' || c >= 0x7f {
			quoted, err := json.Marshal(s)
			if err != nil { // of a string it never fails
				quoted = []byte(`""`)
			}
			return append(b, quoted...)
		}
	}
	return append(append(append(b, '"'), s...), '"')
}
