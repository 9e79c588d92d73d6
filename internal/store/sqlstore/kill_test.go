package sqlstore_test

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"tandem/internal/secret"
	"tandem/internal/store/sqlstore"
	"tandem/internal/voice"
)

// killVariable names the database that this test binary, started as a child,
// writes until it is killed.
const killVariable = "TANDEM_TEST_KILL"

func TestMain(m *testing.M) {
	if path := os.Getenv(killVariable); path != "" {
		if err := writeForever(path); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	os.Exit(m.Run())
}

// writeForever stores one message with its mail after the other and prints the
// number of each once the store has answered.
func writeForever(path string) error {
	box, err := secret.OpenFile(path + ".key")
	if err != nil {
		return err
	}
	ctx := context.Background()
	s, err := sqlstore.Open(ctx, sqlstore.Options{SQLitePath: path, Secrets: box})
	if err != nil {
		return err
	}
	first, err := strconv.Atoi(os.Getenv(killVariable + "_FROM"))
	if err != nil {
		return err
	}
	for n := first; ; n++ {
		id := strconv.Itoa(n)
		if err := s.PutCDR(ctx, voice.CDR{Call: voice.CallID(id), Tenant: "1", Start: start}); err != nil {
			return err
		}
		mail := &voice.Mail{ID: voice.MailID("q" + id), State: voice.MailQueued, Created: start}
		if err := s.CreateMessage(ctx, voice.Message{ID: voice.MessageID(id), Tenant: "1", Created: start}, mail); err != nil {
			return err
		}
		fmt.Println(n)
	}
}

// TestKilledAmidWriting kills a writing process at moments of chance, and looks
// that the file is whole, that all it had been told is there, and that no
// message is without its mail.
func TestKilledAmidWriting(t *testing.T) {
	path := filepath.Join(t.TempDir(), "t.db")
	self, err := os.Executable()
	ok(t, err)
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	chance := rand.New(rand.NewPCG(seed, 0))
	next := 0
	for range 8 {
		told := runAndKill(t, self, path, next, chance.IntN(150), time.Duration(chance.IntN(2000))*time.Microsecond)
		s := openSQLite(t, path)
		ok(t, s.Check(t.Context()))
		for n := next; n <= told; n++ {
			if _, err := s.Message(t.Context(), "1", voice.MessageID(strconv.Itoa(n))); err != nil {
				t.Fatalf("message %d of %d was answered and is gone: %v", n, told, err)
			}
			if _, err := s.CDR(t.Context(), "1", voice.CallID(strconv.Itoa(n))); err != nil {
				t.Fatalf("call %d of %d was answered and is gone: %v", n, told, err)
			}
		}
		messages, err := s.Messages(t.Context(), "1", "", 1<<20)
		ok(t, err)
		mails, err := s.DueMails(t.Context(), start, 1<<20)
		ok(t, err)
		if len(messages) != len(mails) {
			t.Fatalf("%d messages, %d mails: half a transaction", len(messages), len(mails))
		}
		ok(t, s.Close())
		next = told + 10
	}
}

// runAndKill starts a writer, kills it after lines and a little more, and gives
// the last number it printed.
func runAndKill(t *testing.T, self, path string, from, lines int, more time.Duration) int {
	t.Helper()
	child := exec.CommandContext(t.Context(), self)
	child.Env = append(os.Environ(), killVariable+"="+path, killVariable+"_FROM="+strconv.Itoa(from))
	child.Stderr = os.Stderr
	out, err := child.StdoutPipe()
	ok(t, err)
	ok(t, child.Start())
	told, seen := from-1, 0
	for in := bufio.NewScanner(out); in.Scan(); seen++ {
		if told, err = strconv.Atoi(in.Text()); err != nil {
			t.Fatal(err)
		}
		if seen == lines {
			time.AfterFunc(more, func() { child.Process.Kill() })
		}
	}
	if err := child.Wait(); err == nil || child.ProcessState.ExitCode() != -1 {
		t.Fatalf("the writer ended by itself: %v", err)
	}
	return told
}
