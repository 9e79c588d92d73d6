package main

import (
	"bufio"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

//go:embed testdata/floor.c
var floorSource []byte

// floorResult is what a minimal C program took for the packets of as many calls
// as the server held, on sockets of its own, beside the same generator.
type floorResult struct {
	Calls      int     `json:"calls"`
	Connected  bool    `json:"connected_sockets"`
	CPUPercent float64 `json:"cpu_percent"`
	Other      float64 `json:"other_work_on_its_core_percent"`
	Pacing     spread  `json:"pacing_error"`
	Packets    int     `json:"packets_received"`
	Lost       int     `json:"packets_lost"`
}

// buildFloor compiles the program; the error says that there is no compiler.
func buildFloor(ctx context.Context, dir string) (string, error) {
	source, binary := filepath.Join(dir, "floor.c"), filepath.Join(dir, "floor")
	if err := os.WriteFile(source, floorSource, 0o644); err != nil {
		return "", err
	}
	if out, err := exec.CommandContext(ctx, "cc", "-O2", "-Wall", "-o", binary, source).CombinedOutput(); err != nil {
		return "", fmt.Errorf("build the C floor: %w\n%s", err, out)
	}
	return binary, nil
}

// measureFloor runs the program on the server's core with n calls. Its ports
// begin at first.
func measureFloor(ctx context.Context, binary string, s settings, n, first int, connected bool) (res floorResult, err error) {
	res = floorResult{Calls: n, Connected: connected}
	g, err := newGenerator(netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), 9), "", 0)
	if err != nil {
		return res, err
	}
	defer g.close()
	how := "0"
	if connected {
		how = "1"
	}
	cmd := exec.CommandContext(ctx, binary, strconv.Itoa(n), strconv.Itoa(first), strconv.Itoa(int(g.rtpAddr.Port())), how)
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return res, err
	}
	if err := onCore(coreOfServer(), cmd.Start); err != nil {
		return res, err
	}
	defer func() {
		cmd.Process.Signal(syscall.SIGTERM)
		if endErr := cmd.Wait(); ctx.Err() == nil {
			err = errors.Join(err, endErr)
		}
	}()
	if s.first {
		if err := favour(cmd.Process.Pid); err != nil {
			return res, err
		}
	}
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil {
		return res, fmt.Errorf("the C floor did not start: %q, %w", line, err)
	}
	for i := range n {
		c := g.newCall(uint64(i))
		c.onWheel(netip.AddrPortFrom(g.target.Addr(), uint16(first+2*i)))
	}
	if err := pause(ctx, settle); err != nil {
		return res, err
	}
	start, end, err := g.watch(ctx, cmd.Process.Pid, min(s.seconds, floorTime))
	g.close()
	res.CPUPercent, res.Other = percent(start, end), others(start, end)
	res.Pacing, res.Packets, res.Lost = g.tally.pacing.spread(), g.tally.packets, g.tally.lost
	return res, err
}

// floorTime is the most that one look at the floor takes.
const floorTime = 5 * time.Second

// floors measures the program with plain and with connected sockets; none
// where there is no program.
func floors(ctx context.Context, binary string, s settings) (all []floorResult, err error) {
	if binary == "" {
		return nil, nil
	}
	for _, connected := range []bool{false, true} {
		one, err := measureFloor(ctx, binary, s, s.calls, floorPort, connected)
		if err != nil {
			return all, err
		}
		all = append(all, one)
	}
	return all, nil
}

// floorPort is the first port of the program, beyond those of the server.
const floorPort = 20002

// mean gives the mean of what plain or connected sockets took; 0 = not measured.
func (r report) mean(connected bool) float64 {
	sum, n := 0.0, 0
	for _, f := range r.Floors {
		if f.Connected == connected {
			sum, n = sum+f.CPUPercent, n+1
		}
	}
	return sum / float64(max(n, 1))
}

func (r report) printFloors(row func(name, value string, good bool)) {
	plain, connected := r.mean(false), r.mean(true)
	if plain == 0 {
		return
	}
	var each []string
	for _, f := range r.Floors {
		each = append(each, fmt.Sprintf("%.1f", f.CPUPercent))
	}
	row("C floor", fmt.Sprintf("%.1f%% of a core, connected %.1f%% (each: %s)", plain, connected, strings.Join(each, ", ")), true)
	ratio := r.Hold.CPUPercent / plain
	row("server to floor", fmt.Sprintf("%.2f", ratio), ratio <= aimFloor && r.Hold.Held == r.Hold.Calls)
}

// aimFloor is what the server may take of processor time for one of the floor.
const aimFloor = 1.25
