// Package siptest gives tests of SIP the messages of RFC 4475 and mutations of
// messages. It is used by tests alone and starts no goroutine.
package siptest

import (
	"bytes"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Soak gives how much of something there is: in an ordinary run, or in a soak,
// which TANDEM_SOAK=1 makes of it.
func Soak(short, long int) int {
	if os.Getenv("TANDEM_SOAK") != "" {
		return long
	}
	return short
}

// Message is one of RFC 4475, with the name that it has there.
type Message struct {
	Name string
	Data []byte
}

// Torture gives the messages of RFC 4475, which come with sipgo's module.
func Torture(tb testing.TB) []Message {
	tb.Helper()
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/emiago/sipgo").Output()
	if err != nil {
		tb.Fatalf("the RFC 4475 messages are in sipgo's module: %v", err)
	}
	names, err := filepath.Glob(filepath.Join(strings.TrimSpace(string(out)), "sip", "testdata", "torture", "*", "*.dat"))
	if err != nil || len(names) < 49 {
		tb.Fatalf("there are %d RFC 4475 messages, not 49: %v", len(names), err)
	}
	var list []Message
	for _, name := range names {
		b, err := os.ReadFile(name)
		if err != nil {
			tb.Fatal(err)
		}
		list = append(list, Message{strings.TrimSuffix(filepath.Base(name), ".dat"), b})
	}
	return list
}

// Corpus is what messages are made of by mutation: RFC 4475's, sample with other
// methods and as a response, and the committed inputs of a fuzz target in dir.
func Corpus(tb testing.TB, sample, dir string) [][]byte {
	tb.Helper()
	var list [][]byte
	for _, m := range Torture(tb) {
		list = append(list, m.Data)
	}
	list = append(list, []byte(sample))
	method, rest, _ := strings.Cut(sample, " ")
	for _, m := range []string{"REGISTER", "OPTIONS", "BYE", "CANCEL", "ACK", "PRACK", "REFER", "SUBSCRIBE", "NOTIFY", "INFO", "UPDATE", "MESSAGE"} {
		list = append(list, []byte(strings.ReplaceAll(sample, method, m)))
	}
	_, headers, _ := strings.Cut(rest, "\r\n")
	list = append(list, []byte("SIP/2.0 200 OK\r\n"+headers), []byte("SIP/2.0 180 Ringing\r\n"+headers))
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		tb.Fatal(err)
	}
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			tb.Fatal(err)
		}
		list = append(list, b)
	}
	return list
}

// Mutate changes a message in a few places: bytes, lines, pieces of another.
func Mutate(r *rand.Rand, b []byte, list [][]byte) []byte {
	b = bytes.Clone(b)
	odd := []string{"\r\n", "\r\n ", "\x00", ":", ";", ",", "\"", "<", ">", "%", "=", "@", "[", "]", "::", "\r", "\n", "\xff", "4294967296", "-1", ";tag=", ";branch=", "sip:", "Content-Length: 99\r\n"}
	for range 1 + r.IntN(6) {
		if len(b) == 0 {
			return []byte(odd[r.IntN(len(odd))])
		}
		at := r.IntN(len(b))
		switch r.IntN(9) {
		case 0:
			b[at] ^= 1 << r.IntN(8)
		case 1:
			b[at] = byte(r.IntN(256))
		case 2:
			b = append(b[:at], b[min(len(b), at+1+r.IntN(40)):]...)
		case 3, 4:
			b = append(b[:at], append([]byte(odd[r.IntN(len(odd))]), b[at:]...)...)
		case 5: // a line twice, or somewhere else
			lines := bytes.SplitAfter(b, []byte("\r\n"))
			i, j := r.IntN(len(lines)), r.IntN(len(lines))
			lines[i] = append(bytes.Clone(lines[j]), lines[i]...)
			b = bytes.Join(lines, nil)
		case 6: // without a line
			lines := bytes.SplitAfter(b, []byte("\r\n"))
			lines[r.IntN(len(lines))] = nil
			b = bytes.Join(lines, nil)
		case 7:
			n := min(len(b)-at, 1+r.IntN(60))
			b = append(b[:at], append(bytes.Repeat(b[at:at+n], 1+r.IntN(8)), b[at:]...)...)
		default:
			other := list[r.IntN(len(list))]
			if len(other) > 0 {
				from := r.IntN(len(other))
				b = append(b[:at], append(bytes.Clone(other[from:min(len(other), from+80)]), b[at:]...)...)
			}
		}
		if len(b) > 20000 {
			b = b[:20000]
		}
	}
	return b
}
