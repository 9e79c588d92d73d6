package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"
)

// settings is what the command line asks for.
type settings struct {
	binary   string
	build    bool
	calls    int
	members  int
	seconds  time.Duration
	setUps   int
	setUpFor time.Duration
	keys     time.Duration
	rtp      string
	json     string
	keep     bool
	first    bool
	profile  string
	floor    bool
	overload bool
	held     int
	kinds    int
	knee     bool
	main     bool
}

const (
	generatorCore = 0
	serverCore    = 1
	wholeRun      = 10 * time.Minute
)

func main() {
	var s settings
	quick := false
	seconds, setUpSeconds := 10, 5
	flag.StringVar(&s.binary, "binary", "bin/tandem", "server program")
	flag.BoolVar(&s.build, "build", true, "build the server program first")
	flag.IntVar(&s.calls, "calls", 1000, "calls held at once")
	flag.IntVar(&seconds, "seconds", seconds, "length of the measurement with all calls")
	flag.IntVar(&s.members, "members", 100, "members of one room who all speak, 0 for no room")
	flag.IntVar(&s.setUps, "setups", 500, "set-ups per second")
	flag.IntVar(&setUpSeconds, "setup-seconds", setUpSeconds, "length of that measurement")
	flag.DurationVar(&s.keys, "keys", 4*time.Second, "time between two keys of a call, 0 for none")
	flag.StringVar(&s.rtp, "rtp", "10000-19999", "RTP ports of the server")
	flag.StringVar(&s.json, "json", "", "also write the figures to this file")
	flag.BoolVar(&s.keep, "keep", false, "keep the server's data and output")
	flag.BoolVar(&s.first, "priority", false, "put server and generator before the other work of the machine (needs root)")
	flag.StringVar(&s.profile, "profile", "", "also write profiles of the server's processor and heap to this folder; they cost some of both")
	flag.BoolVar(&s.floor, "floor", true, "also measure a minimal C program with as many calls, before and after the server")
	flag.BoolVar(&s.main, "main", true, "calls held, the room and set-ups per second, and the floor")
	flag.IntVar(&s.kinds, "kinds", 0, "also hold so many calls of each kind: plain, SRTP, recorded, with keys as tones")
	flag.BoolVar(&s.knee, "knee", false, "also add calls until no more are taken")
	flag.BoolVar(&s.overload, "overload", false, "also look for the most set-ups per second and offer three times as many, beside calls that are up")
	flag.IntVar(&s.held, "overload-calls", 100, "calls that are up meanwhile")
	flag.BoolVar(&quick, "quick", false, "100 calls for 3 s and 50 set-ups per second for 2 s")
	flag.Parse()
	if quick {
		s.calls, seconds, s.setUps, setUpSeconds = 100, 3, 50, 2
	}
	s.seconds, s.setUpFor = time.Duration(seconds)*time.Second, time.Duration(setUpSeconds)*time.Second
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, wholeRun)
	defer cancel()
	if err := run(ctx, s); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, s settings) (err error) {
	if s.calls < 1 || s.calls > 20000 || s.setUps < 1 || s.setUps > 10000 || s.members < 0 || s.members > 1000 || s.seconds <= 0 || s.setUpFor <= 0 {
		return errors.New("calls must be 1-20000, setups 1-10000, members 0-1000, times more than 0")
	}
	if s.build {
		cmd := exec.CommandContext(ctx, "go", "build", "-o", s.binary, "./cmd/tandem")
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("build: %w\n%s", err, out)
		}
	}
	if s.binary, err = filepath.Abs(s.binary); err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "bench-")
	if err != nil {
		return err
	}
	if s.keep {
		fmt.Println("data and output are in", dir)
	} else {
		defer os.RemoveAll(dir)
	}
	pinned := runtime.NumCPU() > 1
	core := generatorCore
	if pinned {
		core = serverCore
	}
	command := defaultServer(s.binary)
	if s.profile != "" {
		command.Env = append(command.Env, "TANDEM_DEBUG_SOCKET=yes")
	}
	srv, err := startServer(ctx, command, dir, s.rtp, core, s.first)
	if err != nil {
		return err
	}
	defer func() {
		err = errors.Join(err, srv.stop())
	}()
	if err := configure(ctx, srv); err != nil {
		return fmt.Errorf("configure: %w\n%s", err, srv.tail())
	}
	if pinned {
		if err := pin(generatorCore, s.first); err != nil {
			return err
		}
	}
	prof, err := newProfiler(s.profile, srv.data)
	if err != nil {
		return err
	}
	r := newReport()
	r.Pinned = pinned
	if err := r.phases(ctx, s, srv, dir, prof); err != nil {
		return fmt.Errorf("%w\n%s", err, srv.tail())
	}
	return r.give(s.json)
}

// phases measures what was asked for.
func (r *report) phases(ctx context.Context, s settings, srv *server, dir string, prof *profiler) (err error) {
	addr, err := netip.ParseAddrPort(srv.sip)
	if err != nil {
		return err
	}
	pid := srv.cmd.Process.Pid
	if s.main {
		if err := r.mainPhases(ctx, s, addr, pid, dir, prof); err != nil {
			return err
		}
	}
	if s.kinds > 0 {
		if r.Kinds, err = measureKinds(ctx, srv, s); err != nil {
			return err
		}
	}
	if s.knee {
		if r.Knee, err = measureKnee(ctx, addr, pid, s); err != nil {
			return err
		}
	}
	if s.overload {
		o, err := measureOverload(ctx, addr, pid, s.held)
		if err != nil {
			return err
		}
		r.Overload = &o
	}
	return nil
}

// mainPhases measures calls held, the room and set-ups, between two looks at the floor.
func (r *report) mainPhases(ctx context.Context, s settings, addr netip.AddrPort, pid int, dir string, prof *profiler) error {
	var floor string
	if s.floor {
		var err error
		if floor, err = buildFloor(ctx, dir); err != nil {
			return err
		}
	}
	before, err := floors(ctx, floor, s)
	if err != nil {
		return err
	}
	if err := r.measure(ctx, s, addr, number, pid, prof); err != nil {
		return err
	}
	after, err := floors(ctx, floor, s)
	if err != nil {
		return err
	}
	r.Floors = append(before, after...)
	return nil
}

// give prints the figures, and writes them to a file where one is named.
func (r report) give(file string) error {
	r.print(os.Stdout)
	if file == "" {
		return nil
	}
	b, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(file, append(b, '\n'), 0o644)
}

func newReport() report {
	return report{When: time.Now().UTC(), Machine: machine(), Command: strings.Join(os.Args, " "), Load: load()}
}

// measure runs the phases against a server that answers number at addr; the one of
// the room only where there are to be members.
func (r *report) measure(ctx context.Context, s settings, addr netip.AddrPort, number string, pid int, prof *profiler) error {
	if err := warmUp(ctx, addr, pid, s); err != nil {
		return err
	}
	hold, err := newGenerator(addr, number, s.keys)
	if err != nil {
		return err
	}
	defer hold.close()
	if r.Hold, err = measureHold(ctx, hold, pid, s.calls, s.seconds, prof); err != nil {
		return err
	}
	hold.close()
	hold.finishHold(&r.Hold)
	if s.members > 0 {
		if r.Room, err = measureRoom(ctx, addr, pid, s.members, s.seconds); err != nil {
			return err
		}
	}
	rate, err := newGenerator(addr, number, 0)
	if err != nil {
		return err
	}
	defer rate.close()
	profiled := prof.during(ctx, "setups-cpu", s.setUpFor)
	if r.SetUps, err = measureSetUps(ctx, rate, pid, s.setUps, s.setUpFor); err != nil {
		return err
	}
	if err := profiled(); err != nil || prof == nil {
		return err
	}
	return prof.take(ctx, "setups-allocs", "allocs", 0)
}

// warmUp has calls come and go, so that the server's memory is what it is in use: what
// a first thousand of calls has it take is not taken for each call.
func warmUp(ctx context.Context, target netip.AddrPort, pid int, s settings) error {
	g, err := newGenerator(target, number, 0)
	if err != nil {
		return err
	}
	defer g.close()
	_, err = measureSetUps(ctx, g, pid, min(s.setUps, rampRate), s.setUpFor)
	return err
}

// machine names the processor and the system.
func machine() string {
	model := runtime.GOARCH
	if f, err := os.Open("/proc/cpuinfo"); err == nil {
		defer f.Close()
		for lines := bufio.NewScanner(f); lines.Scan(); {
			if _, name, ok := strings.Cut(lines.Text(), "model name\t: "); ok {
				model = name
				break
			}
		}
	}
	return fmt.Sprintf("%s, %d cores, %s, %s/%s", model, runtime.NumCPU(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
}
