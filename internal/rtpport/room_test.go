package rtpport_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"tandem/internal/audiomatch"
	"tandem/internal/media"
	"tandem/internal/rtpport"
)

// seated puts talkers of tones from 300 Hz on, 20 Hz apart, into one room.
func seated(t *testing.T, shards, n int) (*rtpport.Room, []*talker, []*rtpport.Seat) {
	t.Helper()
	pool := startPool(t, rtpport.Config{Shards: shards})
	all := make([]*talker, n)
	seats := make([]*rtpport.Seat, n)
	var room *rtpport.Room
	for i := range all {
		codec := media.PCMU
		if i%3 == 2 {
			codec = media.PCMA
		}
		all[i] = newTalker(t, pool, codec, 300+20*float64(i), 30_000/float64(n))
		var err error
		if room == nil {
			if room, err = pool.NewRoom(all[0].port); err != nil {
				t.Fatal(err)
			}
		}
		if seats[i], err = room.Join(all[i].port, false); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(room.Close)
	return room, all, seats
}

// TestRoomOfAHundred has each of a hundred, on two shards and in two codecs, hear
// every other and not itself.
func TestRoomOfAHundred(t *testing.T) {
	for _, shards := range []int{1, 2} {
		_, all, _ := seated(t, shards, 100)
		var faults []string
		for range 5 { // a machine that is busy leaves turns out, and a gap smears the tones
			talk(60, all...)
			if faults = unheard(all); len(faults) == 0 {
				break
			}
		}
		if len(faults) > 0 {
			t.Errorf("%d shards: %d faults, first: %s", shards, len(faults), faults[0])
		}
	}
}

// unheard says whom of the others somebody does not hear, and who hears itself.
func unheard(all []*talker) (faults []string) {
	for i, w := range all {
		for j := range all {
			share := audiomatch.Tone(w.heard, 300+20*float64(j))
			switch {
			case i == j && share > 0.001:
				faults = append(faults, fmt.Sprintf("member %d hears itself: %.4f", i, share))
			case i != j && share < 0.004:
				faults = append(faults, fmt.Sprintf("member %d does not hear %d: %.4f", i, j, share))
			}
		}
	}
	return faults
}

// TestRoomOfThree mutes, plays a tone to all, plays to one alone, records, lets one
// go, and ends.
func TestRoomOfThree(t *testing.T) {
	room, all, seats := seated(t, 1, 3)
	hz := func(i int) float64 { return 300 + 20*float64(i) }
	expect := func(when string, want [3]string) {
		t.Helper()
		talk(60, all...)
		for i, w := range all {
			got := ""
			for j := range all {
				if audiomatch.Tone(w.heard, hz(j)) > 0.2 {
					got += string(rune('a' + j))
				}
			}
			if got != want[i] {
				t.Errorf("%s: %c hears %q, want %q", when, 'a'+i, got, want[i])
			}
		}
	}
	file, err := os.Create(filepath.Join(t.TempDir(), "room.wav"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	rec, err := room.Record(rtpport.RecordOptions{File: file})
	if err != nil {
		t.Fatal(err)
	}
	expect("three", [3]string{"bc", "ac", "ab"})
	if r := rec.Stop(); r.Err != nil || r.Duration < 1e9 || r.Reason != rtpport.EndStopped {
		t.Errorf("the recording: %+v", r)
	}
	if _, err := file.Seek(0, 0); err != nil {
		t.Fatal(err)
	}
	w, err := media.ReadWAV(file, media.WAVLimits{})
	if err != nil {
		t.Fatal(err)
	}
	for i := range all {
		if share := audiomatch.Tone(w.Samples[len(w.Samples)/2:len(w.Samples)/2+media.Rate/2], hz(i)); share < 0.2 {
			t.Errorf("the recording holds %.3f of %c", share, 'a'+i)
		}
	}
	seats[1].Mute(true)
	expect("b muted", [3]string{"c", "ac", "a"})
	seats[1].Mute(false)
	all[0].port.Play(pattern(1), true)
	expect("a hears a prompt", [3]string{"", "ac", "ab"})
	all[0].port.Play(pattern(1), false)
	expect("a hears the room again", [3]string{"bc", "ac", "ab"})
	seats[2].Leave()
	seats[2].Leave()
	talk(60, all[0], all[1])
	if audiomatch.Tone(all[0].heard, hz(2)) > 0.01 || audiomatch.Tone(all[0].heard, hz(1)) < 0.5 {
		t.Error("who has left is heard")
	}
	room.Close()
	room.Close()
	if _, err := room.Join(all[2].port, false); err == nil {
		t.Error("a room that is over took a member")
	}
}

// TestRoomAllocatesNothing counts what the turns of a room cost.
func TestRoomAllocatesNothing(t *testing.T) {
	room, all, _ := seated(t, 1, 5)
	talk(20, all...)
	if n := room.AllocsPerTurn(); n != 0 {
		t.Errorf("a turn of the room allocates %.1f times", n)
	}
}
