package e2e_test

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"tandem/internal/netlab"
)

// binary is the program under test, built once; builds is where that is done.
var binary, builds string

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	// Calls spend their time waiting for what is said and for keys.
	flag.Parse()
	if atOnce := flag.Lookup("test.parallel"); atOnce.Value.String() == fmt.Sprint(runtime.GOMAXPROCS(0)) {
		if err := atOnce.Value.Set(fmt.Sprint(2 * runtime.GOMAXPROCS(0))); err != nil {
			panic(err)
		}
	}
	dir, err := os.MkdirTemp("", "tandem-e2e-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	builds = dir
	if binary = os.Getenv("TANDEM_BIN"); binary == "" {
		binary = filepath.Join(dir, "tandem")
		build := exec.Command("go", "build", "-o", binary, "tandem/cmd/tandem")
		build.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := build.CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "the program does not build: %v\n%s", err, out)
			return 1
		}
	}
	return m.Run()
}

// programIs before a path, among the settings of a server, has it be another build.
const programIs = "TANDEM_TEST_PROGRAM="

// server is a running tandem with a data folder of its own.
type server struct {
	t     *testing.T
	bin   string // the program; binary, or what programIs says
	data  string
	http  string // host:port
	https string // host:port; "" = it speaks no TLS
	sip   string // host:port
	env   []string
	log   *lockedBuffer
	cmd   *exec.Cmd
	done  chan error
	host  *netlab.Host // where it runs; nil = here

	judged sync.Map // ids of calls that judge gave
}

// start runs a server until the test ends, and checks then that it leaves
// nothing behind and did not complain of a fault of its own.
func start(t *testing.T, more ...string) *server {
	t.Helper()
	s := &server{t: t, bin: binary, data: t.TempDir(), http: freeAddr(t), sip: freeAddr(t)}
	low := 20000 + 2*(os.Getpid()%5000)
	s.env = append(os.Environ(), "TANDEM_ALLOW_LOOPBACK=1", "TANDEM_DRAIN_TIME=0", "TANDEM_SAMPLE=no", "TANDEM_DATA="+s.data,
		"TANDEM_HTTP="+s.http, "TANDEM_SIP="+s.sip, "TANDEM_PUBLIC=127.0.0.1", fmt.Sprintf("TANDEM_RTP=%d-%d", low, low+4000))
	s.env = append(s.env, more...)
	for _, kv := range more {
		if at, ok := strings.CutPrefix(kv, "TANDEM_HTTP_TLS="); ok {
			s.https = at
		}
		if path, ok := strings.CutPrefix(kv, programIs); ok {
			s.bin = path
		}
	}
	s.run()
	t.Cleanup(func() {
		if t.Failed() {
			s.logCalls()
		}
		s.stop()
		s.judgeCalls()
	})
	return s
}

// logCalls prints the timelines of the calls, for a test that failed.
func (s *server) logCalls() {
	var list []struct {
		ID string `json:"id"`
	}
	out, err := s.try("calls", "--limit", "12", "--json")
	if err == nil {
		err = json.Unmarshal([]byte(out), &list)
	}
	if err != nil {
		s.t.Logf("calls: %v\n%s", err, out)
		return
	}
	for _, c := range list {
		shown, _ := s.try("calls", "show", c.ID)
		s.t.Log(shown)
	}
}

// run starts the process and waits until it serves.
func (s *server) run() {
	s.t.Helper()
	s.log = &lockedBuffer{}
	s.cmd = exec.Command(s.bin, "serve")
	if s.host != nil {
		s.cmd = s.host.Command(s.bin, "serve")
	}
	s.cmd.Env = s.env
	s.cmd.Stdout, s.cmd.Stderr = s.log, s.log
	if err := s.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.done = make(chan error, 1)
	go func() { s.done <- s.cmd.Wait() }()
	deadline := time.Now().Add(20 * time.Second)
	for {
		res, err := http.Get("http://" + s.http + "/healthz")
		if err == nil {
			res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return
			}
		}
		select {
		case err := <-s.done:
			s.t.Fatalf("the server ended at once: %v\n%s", err, s.log)
		case <-time.After(20 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			s.t.Fatalf("the server does not answer\n%s", s.log)
		}
	}
}

// stop ends the server as an operator would, with SIGTERM.
func (s *server) stop() {
	if s.cmd.ProcessState != nil {
		return
	}
	s.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case err := <-s.done:
		if err != nil {
			s.t.Errorf("the server ended with %v\n%s", err, s.log)
		}
	case <-time.After(20 * time.Second):
		s.cmd.Process.Kill()
		s.t.Errorf("the server did not stop\n%s", s.log)
	}
	for _, bad := range []string{"panic", "DATA RACE", "fatal error"} {
		if strings.Contains(s.log.String(), bad) {
			s.t.Errorf("the server's log holds %q\n%s", bad, s.log)
		}
	}
}

// cli runs a command and gives its output; a failure ends the test.
func (s *server) cli(args ...string) string {
	s.t.Helper()
	out, err := s.try(args...)
	if err != nil {
		s.t.Fatalf("tandem %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out
}

func (s *server) try(args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, binary, args...)
	cmd.Env = s.env
	var out, fault bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &fault
	err := cmd.Run()
	if err != nil {
		return out.String() + fault.String(), err
	}
	return out.String(), nil
}

// fields runs a command with --json and gives its object.
func (s *server) fields(args ...string) map[string]any {
	s.t.Helper()
	out := s.cli(append(args, "--json")...)
	var v map[string]any
	if err := json.Unmarshal([]byte(out), &v); err != nil {
		s.t.Fatalf("tandem %s: no JSON object: %v\n%s", strings.Join(args, " "), err, out)
	}
	return v
}

func text(t *testing.T, m map[string]any, key string) string {
	t.Helper()
	v, ok := m[key]
	if !ok {
		t.Fatalf("no field %q in %v", key, m)
	}
	return fmt.Sprint(v)
}

// ports counts those that were given to tests, from 10000 to 19999.
var ports atomic.Uint32

// freePorts gives the first of n ports of loopback that follow one another and that no
// test was given, free for UDP and TCP; it is even. The kernel's own choice would come
// from the range that it takes the ports of outgoing connections from, and might be
// taken by one before it is listened on.
func freePorts(t *testing.T, n int) int {
	t.Helper()
	const low, all = 10000, 10000
	ports.CompareAndSwap(0, uint32(2+os.Getpid()*98%all))
	step := uint32(n+1) &^ 1
	for range 200 {
		first := low + int((ports.Add(step)-step)%all)
		if free(first, n) {
			return first
		}
	}
	t.Fatal("no ports are free")
	return 0
}

func free(first, n int) bool {
	for port := first; port < first+n; port++ {
		addr := fmt.Sprintf("127.0.0.1:%d", port)
		l, err := net.Listen("tcp", addr)
		if err != nil {
			return false
		}
		l.Close()
		c, err := net.ListenPacket("udp", addr)
		if err != nil {
			return false
		}
		c.Close()
	}
	return true
}

// freeAddr gives an address of loopback whose port is free for UDP and TCP.
func freeAddr(t *testing.T) string {
	t.Helper()
	return fmt.Sprintf("127.0.0.1:%d", freePorts(t, 1))
}

// request is one call of the vendor's API, as JSON both ways.
func (s *server) request(method, path, token string, body any) map[string]any {
	s.t.Helper()
	var r io.Reader
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			s.t.Fatal(err)
		}
		r = bytes.NewReader(b)
	}
	req, err := http.NewRequest(method, "http://"+s.http+path, r)
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json;charset=UTF-8")
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	var v map[string]any
	if err := json.Unmarshal(raw, &v); err != nil {
		s.t.Fatalf("%s %s: %d, no JSON object: %v\n%s", method, path, res.StatusCode, err, raw)
	}
	return v
}
