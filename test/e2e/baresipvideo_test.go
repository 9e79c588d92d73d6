package e2e_test

import (
	"testing"
	"time"
)

// TestBaresipOffersVideo has a telephone with a camera call: its sound is taken, its
// picture is refused, and the menu goes on.
func TestBaresipOffersVideo(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	menu := sippMenu(o)
	o.account.number(o.number, menu)
	b := startBaresip(t, "<sip:caller@127.0.0.1>;regint=0", tone(700, 20*time.Second),
		"module vp8.so", "module fakevideo.so", "video_source fakevideo,nil", "video_display fakevideo,nil", "video_size 176x144", "video_fps 5")
	b.command("dial", "sip:"+o.number+"@"+o.sip)
	in := b.reachesTheDesk(t, o, o.sound(menu, "Main Menu"), 15*time.Second)
	b.command("hangup", "")
	ends(t, in, 5*time.Second)
	v := o.ended(t, o.number, 5*time.Second)
	v.must(t, "call.answered", "not taken: video")
}
