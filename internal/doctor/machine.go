package doctor

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"tandem/internal/voice"
)

const (
	lowDiskMB = 1000 // below this much the disk is called nearly full
	maxDrift  = 2 * time.Second
)

func dataFolder(_ context.Context, p *Patient) []Finding {
	dir := p.Settings.Data
	mend := "make the folder writable for the user that runs tandem, or name another with --data"
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return bad(mend, "the folder %s cannot be made: %v", dir, err)
	}
	f, err := os.CreateTemp(dir, ".doctor-")
	if err != nil {
		return bad(mend, "nothing can be written in %s: %v", dir, err)
	}
	defer os.Remove(f.Name())
	defer f.Close()
	before := time.Now()
	if _, err = f.WriteString("written by tandem doctor\n"); err == nil {
		err = f.Sync()
	}
	if err != nil {
		return bad("look at the disk: dmesg, df, df -i", "writing in %s failed: %v", dir, err)
	}
	free, err := freeMB(dir)
	if err != nil {
		return bad("look at the disk: df", "the free space of %s cannot be read: %v", dir, err)
	}
	var out []Finding
	switch {
	case free < p.Settings.Limits.FreeDiskMB:
		out = bad("make room, or lower limits.free_disk_mb", "%d MB are free in %s; below %d MB recordings and voicemail are at risk", free, dir, p.Settings.Limits.FreeDiskMB)
	case free < lowDiskMB:
		out = warn("make room", "only %d MB are free in %s", free, dir)
	default:
		out = good("%s is writable, %d MB free", dir, free)
	}
	if st, err := f.Stat(); err == nil && st.ModTime().Sub(before).Abs() > maxDrift {
		out = append(out, warn("set the clocks of this machine and of the file server by NTP",
			"a file written now is dated %s: the disk's clock differs from this machine's", st.ModTime().Format(time.RFC3339))...)
	}
	return out
}

func freeMB(dir string) (int, error) {
	var st unix.Statfs_t
	if err := unix.Statfs(dir, &st); err != nil {
		return 0, err
	}
	return int(st.Bavail * uint64(st.Bsize) >> 20), nil
}

func database(ctx context.Context, p *Patient) []Finding {
	if p.Store == nil {
		mend := "the words say what; a database from a newer tandem needs that tandem"
		if p.Settings.Postgres != "" {
			mend = "see that PostgreSQL runs and that the setting postgres names its host, user, password and database"
		}
		return bad(mend, "the database cannot be opened: %v", p.StoreError)
	}
	if err := p.Store.Check(ctx); err != nil {
		return bad("stop tandem and put the last good copy of "+filepath.Join(p.Settings.Data, "tandem.db")+" in its place", "the database is damaged: %v", err)
	}
	if p.Settings.Postgres != "" {
		return good("PostgreSQL answers")
	}
	return good("%s is whole", p.Settings.DatabasePath())
}

// clock looks for a clock that runs wild: call records and registrations need it.
func clock(ctx context.Context, p *Patient) []Finding {
	now := time.Now()
	mend := "set the clock and keep it by NTP: apt-get install -y systemd-timesyncd; timedatectl set-ntp true"
	if now.Year() < 2026 {
		return bad(mend, "the clock says %s", now.Format(time.RFC3339))
	}
	if p.Store != nil {
		last, err := p.Store.CDRs(ctx, voice.CDRFilter{Limit: 1})
		if err == nil && len(last) == 1 && last[0].Start.After(now.Add(time.Minute)) {
			return bad(mend, "the clock says %s, but a call began at %s: it has been set back", now.Format(time.RFC3339), last[0].Start.Format(time.RFC3339))
		}
	}
	var tx unix.Timex
	state, err := unix.Adjtimex(&tx)
	if err == nil && (state == unix.TIME_ERROR || tx.Status&unix.STA_UNSYNC != 0) {
		return warn(mend, "the clock says %s; nothing keeps it by NTP as far as the kernel knows", now.Format(time.RFC3339))
	}
	return good("the clock says %s", now.Format(time.RFC3339))
}

func speech(ctx context.Context, p *Patient) []Finding {
	engines := p.Settings.Speech.Engines
	var out []Finding
	speaks := false
	for _, e := range engines {
		switch e {
		case "espeak", "flite":
			program := map[string]string{"espeak": "espeak-ng", "flite": "flite"}[e]
			f, ok := localEngine(ctx, program)
			if ok {
				speaks = true
				out = append(out, f...)
			} else if e == "espeak" || !slices.Contains(engines, "espeak") {
				out = append(out, f...)
			}
		case "openai":
			if p.Settings.Speech.OpenAIURL != "" {
				speaks = true
				out = append(out, good("speech over HTTP is set up; saving a text shows whether it answers")...)
			}
		}
	}
	if !speaks {
		out = append(out, bad("apt-get install -y espeak-ng", "no speech engine works: texts cannot be spoken; the built-in English prompts and uploaded sounds still play")...)
	}
	if _, err := exec.LookPath("lame"); err != nil {
		out = append(out, warn("apt-get install -y lame", "lame is missing: voicemail goes out as WAV instead of MP3")...)
	}
	return out
}

// localEngine runs a speech program once.
func localEngine(ctx context.Context, program string) ([]Finding, bool) {
	path, err := exec.LookPath(program)
	if err != nil {
		return warn("apt-get install -y "+program, "%s is not installed", program), false
	}
	out, err := exec.CommandContext(ctx, path, "--version").CombinedOutput()
	first, _, _ := strings.Cut(strings.TrimSpace(string(out)), "\n")
	// flite says its version and ends with status 1.
	if err != nil && first == "" {
		return warn("apt-get install -y --reinstall "+program, "%s does not start: %v", path, err), false
	}
	if !strings.ContainsAny(first, "0123456789") || strings.Contains(first, "(c)") {
		return good("%s", path), true // no version in its first line
	}
	return good("%s: %s", path, first), true
}
