package listen

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"tandem/internal/flow"
	"tandem/internal/media"
)

// recording makes the sound of a walk.
func (w *walk) recording() *Recording {
	r := &Recording{Ended: w.result.Words, Asked: w.asked, Waits: w.waits()}
	r.Samples = make([]int16, samples(max(w.end, 0)))
	for _, s := range w.sounds {
		l := Line{From: s.at, To: s.at + max(s.length, 0), Text: s.text, Failed: s.failed != "", App: s.in.app, Node: s.in.node}
		if s.failed != "" {
			l.Text += " (can't be played: " + s.failed + ")"
			l.To = s.at + time.Second
		}
		r.Lines = append(r.Lines, l)
		r.put(s)
	}
	for _, k := range w.keys {
		r.Lines = append(r.Lines, Line{From: k.at, To: k.at + time.Second, Text: "presses " + k.key, Key: true, App: k.in.app, Node: k.in.node})
	}
	sortLines(r.Lines)
	return r
}

// put writes what is heard of a sound, as the telephone gets it, over what is there.
func (r *Recording) put(s sound) {
	from, left := samples(s.at), samples(max(s.length, 0))
	for left > 0 && len(s.clips) > 0 {
		before := left
		for _, c := range s.clips {
			pcm := c.PCM().Samples
			n := min(left, len(pcm), max(len(r.Samples)-from, 0))
			mix(r.Samples[from:from+n], pcm[:n])
			from, left = from+n, left-n
		}
		if !s.loop || left == before {
			return
		}
	}
}

// mix adds a sound to another as a bridge does, a packet at a time.
func mix(to, more []int16) {
	var sum [media.FrameSamples]int32
	for len(more) > 0 {
		n := min(len(more), len(sum))
		clear(sum[:n])
		media.Add(sum[:n], to[:n])
		media.Add(sum[:n], more[:n])
		media.Limit(to[:n], sum[:n])
		to, more = to[n:], more[n:]
	}
}

// sortLines puts lines into the order of time; a key comes before what follows it.
func sortLines(all []Line) {
	for i := 1; i < len(all); i++ {
		for j := i; j > 0 && (all[j].From < all[j-1].From || all[j].From == all[j-1].From && all[j].Key && !all[j-1].Key); j-- {
			all[j], all[j-1] = all[j-1], all[j]
		}
	}
}

// chapters gives one for the beginning, and one for each key.
func (w *walk) chapters() []Chapter {
	all := []Chapter{{Name: w.name("")}}
	pressed := ""
	for _, k := range w.keys {
		pressed = strings.TrimSpace(pressed + " " + k.key)
		all = append(all, Chapter{At: k.at, Keys: pressed, Name: "key " + k.key})
	}
	return all
}

// choices lists the keys of the question at which the path has ended.
func (w *walk) choices() []Choice {
	all := []Choice{}
	if w.any {
		return all // where they lead is the application's
	}
	for _, k := range w.asks {
		n, _ := w.askedIn.Node(w.at.node) // w.asks are of it
		all = append(all, Choice{k, n.Exits[flow.Key(k)]})
	}
	return all
}

// name names a chapter by its keys and the first that is heard in it.
func (w *walk) name(keys string) string {
	name := "key " + keys
	if keys == "" {
		name = w.f.Main.Name
	}
	from := w.last
	if keys == "" {
		from = 0
	}
	for _, s := range w.sounds {
		if s.at >= from && s.text != "" {
			return clip(strings.TrimSpace(name+": "+s.text), 80)
		}
	}
	return clip(name, 80)
}

func clip(s string, most int) string {
	s = strings.Join(strings.Fields(s), " ")
	if utf8.RuneCountInString(s) <= most {
		return s
	}
	return string([]rune(s)[:most-1]) + "…"
}

// PCM gives the sound.
func (r *Recording) PCM() media.PCM { return media.PCM{Rate: Rate, Samples: r.Samples} }

// Transcript tells what is heard and done, a line each with its time.
func (r *Recording) Transcript() string {
	var b strings.Builder
	chapter := 0
	for _, l := range r.Lines {
		for chapter < len(r.Chapters) && r.Chapters[chapter].At <= l.From {
			if len(r.Chapters) > 1 {
				fmt.Fprintf(&b, "%s == %s ==\n", stamp(r.Chapters[chapter].At, "."), r.Chapters[chapter].Name)
			}
			chapter++
		}
		text := l.Text
		if l.Key {
			text = "caller " + text
		}
		fmt.Fprintf(&b, "%s %s\n", stamp(l.From, "."), strings.Join(strings.Fields(text), " "))
	}
	fmt.Fprintf(&b, "%s ends: %s\n", stamp(r.Length(), "."), r.Ended)
	return b.String()
}

// SRT gives subtitles in the form of SubRip.
func (r *Recording) SRT() string {
	var b strings.Builder
	for i, l := range r.Lines {
		fmt.Fprintf(&b, "%d\n%s --> %s\n%s\n\n", i+1, stamp(l.From, ","), stamp(until(l), ","), subtitle(l))
	}
	return b.String()
}

// VTT gives subtitles in the form of the web (WebVTT).
func (r *Recording) VTT() string {
	var b strings.Builder
	b.WriteString("WEBVTT\n\n")
	escape := strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")
	for _, l := range r.Lines {
		fmt.Fprintf(&b, "%s --> %s\n%s\n\n", stamp(l.From, "."), stamp(until(l), "."), escape.Replace(subtitle(l)))
	}
	return b.String()
}

// until is when a subtitle goes, long enough to be seen.
func until(l Line) time.Duration { return max(l.To, l.From+500*time.Millisecond) }

func subtitle(l Line) string {
	text := strings.Join(strings.Fields(l.Text), " ")
	if l.Key {
		return "(" + text + ")"
	}
	return text
}

// stamp gives a time as 00:00:01.500.
func stamp(d time.Duration, point string) string {
	ms := d.Milliseconds()
	return fmt.Sprintf("%02d:%02d:%02d%s%03d", ms/3600000, ms/60000%60, ms/1000%60, point, ms%1000)
}

// List gives the chapters as text, a line each.
func (r *Recording) List() string {
	var b strings.Builder
	for _, c := range r.Chapters {
		fmt.Fprintf(&b, "%s %s\n", stamp(c.At, "."), c.Name)
	}
	return b.String()
}
