package main

import (
	"bufio"
	"bytes"
	"testing"
)

func TestSealing(t *testing.T) {
	for _, by := range []suite{counterSuite, galoisSuite} {
		a, b := newSealing(by), newSealing(by)
		if !a.answered(b.offer()) || !b.answered(a.offer()) || a.answered("a=crypto:1 F8_128_HMAC_SHA1_80 inline:x\r\n") {
			t.Fatalf("%s: keys are not agreed", by.name)
		}
		for i := range 2 * openFirst {
			packet := append([]byte{0x80, 0, 0, byte(i), 0, 0, 0, 0, 1, 2, 3, 4}, quiet[:]...)
			room := append(bytes.Clone(packet), make([]byte, sealRoom)...)
			n := a.close(room, len(packet))
			got := b.open(room[:n])
			if n <= len(packet) || len(got) < len(packet) || i < openFirst && !bytes.Equal(got, packet) {
				t.Fatalf("%s: packet %d of %d octets opens as %d", by.name, i, n, len(got))
			}
		}
		b.opened = 0
		if got := b.open(make([]byte, packetSize+sealRoom)); got != nil {
			t.Errorf("%s: a packet that nobody sealed opens", by.name)
		}
	}
}

func TestReadMessage(t *testing.T) {
	in := bufio.NewReader(bytes.NewBufferString("\r\n\r\nSIP/2.0 200 OK\r\nCall-ID: a\r\nCSeq: 1 INVITE\r\nContent-Length: 4\r\n\r\nv=0\nSIP/2.0 180 Ringing\r\nCall-ID: b\r\nCSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n"))
	for _, want := range []string{"a", "b"} {
		b, err := readMessage(in)
		if err != nil {
			t.Fatal(err)
		}
		if m, ok := parseMessage(b); !ok || m.callID != want {
			t.Errorf("%q", b)
		}
	}
}
