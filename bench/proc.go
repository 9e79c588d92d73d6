package main

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// usage is what the kernel says a process has used.
type usage struct {
	cpu time.Duration // user and system
	rss int64         // bytes
	all time.Duration // that the server's core was busy, whoever used it
	at  time.Time
}

const clockTick = 10 * time.Millisecond // USER_HZ is 100 on Linux

// coreOfServer is the core the server is bound to.
func coreOfServer() int { return min(serverCore, runtime.NumCPU()-1) }

// readUsage reads /proc/PID/stat and status (proc(5)).
func readUsage(pid int) (usage, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return usage{}, err
	}
	u := usage{at: time.Now()}
	// The name in parentheses may hold spaces; what follows has fixed places.
	f := strings.Fields(string(b[strings.LastIndexByte(string(b), ')')+1:]))
	if len(f) < 22 {
		return u, fmt.Errorf("stat of process %d is too short", pid)
	}
	user, err1 := strconv.ParseInt(f[11], 10, 64)
	system, err2 := strconv.ParseInt(f[12], 10, 64)
	pages, err3 := strconv.ParseInt(f[21], 10, 64)
	if err1 != nil || err2 != nil || err3 != nil {
		return u, fmt.Errorf("stat of process %d is not numbers", pid)
	}
	u.cpu = time.Duration(user+system) * clockTick
	u.rss = pages * int64(os.Getpagesize())
	u.all, err = readCore(coreOfServer())
	return u, err
}

// readCore is the time a core has been busy since the machine started, by
// /proc/stat; time stolen by a host counts as busy.
func readCore(core int) (time.Duration, error) {
	b, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0, err
	}
	name := fmt.Sprintf("cpu%d ", core)
	for line := range strings.SplitSeq(string(b), "\n") {
		rest, ok := strings.CutPrefix(line, name)
		if !ok {
			continue
		}
		busy := int64(0)
		for i, f := range strings.Fields(rest) {
			v, err := strconv.ParseInt(f, 10, 64)
			if err != nil {
				return 0, fmt.Errorf("/proc/stat: %w", err)
			}
			if i != 3 && i != 4 && i < 8 { // idle and waiting; guests are in user
				busy += v
			}
		}
		return time.Duration(busy) * clockTick, nil
	}
	return 0, fmt.Errorf("/proc/stat has no core %d", core)
}

// pin binds every thread of this process to one core and, when first is set,
// puts it before all ordinary work (SCHED_RR, sched(7)).
func pin(core int, first bool) error {
	var set unix.CPUSet
	set.Set(core)
	tasks, err := os.ReadDir("/proc/self/task")
	if err != nil {
		return err
	}
	for _, t := range tasks {
		tid, err := strconv.Atoi(t.Name())
		if err != nil {
			continue
		}
		if err := unix.SchedSetaffinity(tid, &set); err != nil && err != unix.ESRCH {
			return fmt.Errorf("bind to core %d: %w", core, err)
		}
		if !first {
			continue
		}
		attr := unix.SchedAttr{Size: unix.SizeofSchedAttr, Policy: unix.SCHED_RR, Priority: 1}
		if err := unix.SchedSetAttr(tid, &attr, 0); err != nil && err != unix.ESRCH {
			return fmt.Errorf("real-time priority: %w", err)
		}
	}
	return nil
}

// favour puts the session of a process before the others of the machine. It
// keeps the order of the threads within, which a nice value or a real-time
// class for all of them would not. It needs autogroups, see sched(7).
func favour(pid int) error {
	err := os.WriteFile(fmt.Sprintf("/proc/%d/autogroup", pid), []byte(strconv.Itoa(favoured)), 0)
	if err != nil {
		return fmt.Errorf("priority of process %d: %w", pid, err)
	}
	return nil
}

const favoured = -15 // nice value

// onCore runs start on a thread bound to a core, so that a process started
// there inherits it, and gives the thread its former cores back.
func onCore(core int, start func() error) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var before, set unix.CPUSet
	if err := unix.SchedGetaffinity(0, &before); err != nil {
		return err
	}
	set.Set(core)
	if err := unix.SchedSetaffinity(0, &set); err != nil {
		return fmt.Errorf("bind to core %d: %w", core, err)
	}
	defer unix.SchedSetaffinity(0, &before)
	return start()
}

// load is the load average of the last minute: work of others on the machine
// shows in every figure.
func load() float64 {
	b, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return 0
	}
	first, _, _ := strings.Cut(string(b), " ")
	v, err := strconv.ParseFloat(first, 64)
	if err != nil {
		return 0
	}
	return v
}
