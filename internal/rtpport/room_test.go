package rtpport_test

import (
	"fmt"
	"testing"
	"time"

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
		switch {
		case i%3 == 2:
			codec = media.PCMA
		case n < 10 && i%3 == 1:
			codec = media.G722
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
		var got [3]string
		for range 5 { // a machine that is busy leaves turns out, and a gap smears the tones
			talk(60, all...)
			for i, w := range all {
				got[i] = ""
				for j := range all {
					if audiomatch.Tone(w.heard, hz(j)) > 0.2 {
						got[i] += string(rune('a' + j))
					}
				}
			}
			if got == want {
				return
			}
		}
		t.Errorf("%s: they hear %q, want %q", when, got, want)
	}
	var faults []string
	for range 5 {
		if faults = recorded(t, room, func() { expect("three", [3]string{"bc", "ac", "ab"}) }, hz); len(faults) == 0 {
			break
		}
	}
	for _, f := range faults {
		t.Error(f)
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
	left, stays := 1.0, 0.0
	for range 5 {
		talk(60, all[0], all[1])
		if left, stays = audiomatch.Tone(all[0].heard, hz(2)), audiomatch.Tone(all[0].heard, hz(1)); left < 0.01 && stays > 0.5 {
			break
		}
	}
	if left >= 0.01 || stays <= 0.5 {
		t.Errorf("of who has left %.3f is heard, of who stays %.3f", left, stays)
	}
	room.Close()
	room.Close()
	if _, err := room.Join(all[2].port, false); err == nil {
		t.Error("a room that is over took a member")
	}
}

// recorded says which of three is missing in a recording of a room while they talk.
func recorded(t *testing.T, room *rtpport.Room, while func(), hz func(int) float64) (faults []string) {
	t.Helper()
	file := tempFile(t)
	rec, err := room.Record(rtpport.RecordOptions{File: file})
	if err != nil {
		t.Fatal(err)
	}
	while()
	if r := rec.Stop(); r.Err != nil || r.Duration < time.Second || r.Reason != rtpport.EndStopped {
		t.Errorf("the recording: %+v", r)
	}
	w := readBack(t, file)
	for i := range 3 {
		if share := audiomatch.Tone(w.Samples[len(w.Samples)/2:len(w.Samples)/2+media.Rate/2], hz(i)); share < 0.2 {
			faults = append(faults, fmt.Sprintf("the recording holds %.3f of %c", share, 'a'+i))
		}
	}
	return faults
}

// TestRoomAllocatesNothing counts what the turns of a room cost.
func TestRoomAllocatesNothing(t *testing.T) {
	room, all, _ := seated(t, 1, 5)
	talk(20, all...)
	if n := room.AllocsPerTurn(); n != 0 {
		t.Errorf("a turn of the room allocates %.1f times", n)
	}
}
