// Package pcaptest reads captures with Wireshark's tshark, for tests: the judge of what
// package pcap writes shares no code with it.
package pcaptest

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Dissect gives the fields of each packet of a file that passes the display filter ("" =
// all), as tshark names them. It checks all checksums, and fails the test when one is
// wrong or the file can't be read to its end.
func Dissect(t testing.TB, file []byte, filter string, fields ...string) [][]string {
	t.Helper()
	for _, p := range run(t, file, "ip.checksum.status == 0 || udp.checksum.status == 0 || tcp.checksum.status == 0", "frame.number") {
		t.Errorf("packet %s of the capture has a wrong checksum", p[0])
	}
	return run(t, file, filter, fields...)
}

func run(t testing.TB, file []byte, filter string, fields ...string) (rows [][]string) {
	t.Helper()
	program, err := exec.LookPath("tshark")
	if err != nil {
		t.Fatal("tshark is not installed: run scripts/setup-test.sh")
	}
	dir := t.TempDir()
	name := filepath.Join(dir, "capture.pcapng")
	if err := os.WriteFile(name, file, 0o600); err != nil {
		t.Fatal(err)
	}
	args := []string{"-r", name, "-n", "-o", "ip.check_checksum:TRUE", "-o", "udp.check_checksum:TRUE", "-o", "tcp.check_checksum:TRUE", "-Y", filter, "-T", "fields", "-E", "separator=|"}
	for _, f := range fields {
		args = append(args, "-e", f)
	}
	cmd := exec.Command(program, args...)
	cmd.Env = append(os.Environ(), "HOME="+dir)
	var words bytes.Buffer
	cmd.Stderr = &words
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("tshark: %v\n%s", err, &words)
	}
	for line := range strings.Lines(string(out)) {
		rows = append(rows, strings.Split(strings.TrimSuffix(line, "\n"), "|"))
	}
	return rows
}
