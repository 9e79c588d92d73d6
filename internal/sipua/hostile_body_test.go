package sipua_test

import (
	"fmt"
	"strings"
	"testing"
)

// B-02, B-03, B-07, B-08: bodies that broke parsers of multiparts and of session
// descriptions.
func TestHostileBodies(t *testing.T) {
	inv := asks("INVITE")
	description := string(sdp(5000))
	multi := "--b\r\nContent-Type: text/plain\r\n\r\nhi\r\n--b\r\nContent-Type: application/sdp\r\n\r\n" + description + "\r\n--b--\r\n"
	var rows []row
	add := func(id, want, kind, body, format string, args ...any) {
		rows = append(rows, row{id, fmt.Sprintf(format, args...), inv.with(kind, body), want})
	}
	add("B-02", "400 415", "multipart/mixed;boundary=\"--++=AAA\"", strings.ReplaceAll(multi, "\r\n", "\n"), "line feeds alone")
	for _, b := range []string{"", "x", "--++=AAA", "\"", "\"b", "b;boundary=c", " ", strings.Repeat("b", 71), strings.Repeat("b", 9000)} {
		add("B-02", "400 415", "multipart/mixed;boundary="+b, multi, "boundary %.20q", b)
	}
	add("B-02", "513", "multipart/mixed;boundary="+strings.Repeat("b", 70000), multi, "a boundary of 70 KB")
	add("B-02", "400 415", "multipart/mixed", multi, "no boundary")
	add("B-02", "400 415", "multipart/mixed;boundary=b", times(2000, "--b\r\n"), "2,000 parts")
	for n := 1; n < len(multi); n += soak(7, 1) {
		want := "400 415 200" // 200 as soon as the description is whole
		if n < strings.Index(multi, "v=0") {
			want = "400 415"
		}
		add("B-03", want, "multipart/mixed;boundary=b", multi[:n], "%d bytes of a multipart", n)
	}
	ls := strings.SplitAfter(description, "\r\n")
	for i, line := range ls[:len(ls)-1] {
		at := len(line) / 2
		body := strings.Join(ls[:i], "") + line[:at] + "\x00" + line[at:] + strings.Join(ls[i+1:], "")
		add("B-07", "400 488", "application/sdp", body, "NUL in %q", strings.TrimSpace(line))
	}
	formats := func(s string) string {
		head, _, _ := strings.Cut(description, "m=audio")
		return head + "m=audio 5000 RTP/AVP" + s + "\r\n"
	}
	for _, f := range []string{" -1", " 128", " 2147483648", " 4294967296", " 18446744073709551616", "", " 0x0", " +0", times(10000, " 96")} {
		add("B-08", "400 488 513", "application/sdp", formats(f), "formats %.20q", f)
	}
	add("B-08", "400 488", "application/sdp", formats(times(900, " 96")), "900 formats")
	run(t, besieged(t, hostileConfig()), rows)
}
