package auth

import (
	"fmt"
	"strings"
	"unicode/utf16"
)

// ascii writes JSON without any letter beyond ASCII: some clients read a
// token's payload byte by byte.
func ascii(text []byte) []byte {
	var b strings.Builder
	for _, r := range string(text) {
		if r < 0x80 {
			b.WriteByte(byte(r))
			continue
		}
		for _, unit := range utf16.AppendRune(nil, r) {
			fmt.Fprintf(&b, `\u%04x`, unit)
		}
	}
	return []byte(b.String())
}
