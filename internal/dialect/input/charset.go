package input

import (
	"bytes"
	"unicode/utf8"
)

// UTF8 gives data as UTF-8: what is none is taken for windows-1251, which clients
// on Russian Windows send.
func UTF8(data []byte) []byte {
	if utf8.Valid(data) {
		return data
	}
	const upper = "ЂЃ‚ѓ„…†‡€‰Љ‹ЊЌЋЏђ‘’“”•–—\u0098™љ›њќћџ\u00a0ЎўЈ¤Ґ¦§Ё©Є«¬\u00ad®Ї°±Ііґµ¶·ё№є»јЅѕї"
	table := []rune(upper)
	var b bytes.Buffer
	for _, c := range data {
		switch {
		case c < 0x80:
			b.WriteByte(c)
		case c < 0xc0:
			b.WriteRune(table[c-0x80])
		default:
			b.WriteRune('А' + rune(c-0xc0))
		}
	}
	return b.Bytes()
}
