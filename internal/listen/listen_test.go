package listen_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"tandem/internal/audiomatch"
	"tandem/internal/dialect"
	"tandem/internal/dialect/native"
	"tandem/internal/dialect/smartfloivr"
	"tandem/internal/dialect/sonetel"
	"tandem/internal/dialect/telphinivr"
	"tandem/internal/flow"
	"tandem/internal/listen"
	"tandem/internal/media"
	"tandem/internal/prompt"
	"tandem/internal/voice"
)

// murmurs gives each prompt a sound of its own that is like speech.
type murmurs map[string]time.Duration

func (m murmurs) Clip(_ context.Context, _ voice.TenantID, p voice.Prompt) (*media.Clip, error) {
	d := m[p.Text]
	if p.Kind == voice.PromptTone {
		d = time.Second
	}
	if d == 0 {
		return nil, voice.Errorf("test", voice.NotExist, "no such sound")
	}
	return media.NewClip(media.PCM{Rate: listen.Rate, Samples: murmur(p.String(), d)}), nil
}

func murmur(name string, d time.Duration) []int16 {
	h := fnv.New64()
	h.Write([]byte(name))
	r := rand.New(rand.NewPCG(h.Sum64(), 1))
	out := make([]int16, int(d*listen.Rate/time.Second))
	phase := [2]float64{}
	for at := 0; at < len(out); {
		n := 800 + r.IntN(1600)
		hz := [2]float64{150 + 300*r.Float64(), 700 + 1200*r.Float64()}
		for i := 0; i < n && at < len(out); i++ {
			v := 0.0
			for k := range hz {
				phase[k] += 2 * math.Pi * hz[k] / listen.Rate
				v += math.Sin(phase[k])
			}
			out[at] = int16(math.Sin(math.Pi*float64(i)/float64(n)) * (3000*v + 500*r.NormFloat64()))
			at++
		}
	}
	return out
}

const desk = `flow: 1
name: Front desk
start: menu
steps:
  menu:
    gather: {prompts: [{say: welcome}, {say: menu}], barge_in: true}
    keys: {1: sales, 2: hours}
    invalid: menu
    no_input: bye
  sales:
    gather: {prompts: [{say: sales}], barge_in: true}
    keys: {1: ring, 9: menu}
    invalid: sales
    no_input: bye
  hours: {play: {prompts: [{say: hours}]}, then: bye}
  ring: {dial: {to: {user: anna}}, busy: bye}
  bye: {hang_up: {}}
`

func deskFlow(t *testing.T) listen.Flow {
	t.Helper()
	p, ds, err := native.NewFormat().CompileFile(t.Context(), []byte(desk), dialect.OpenResolver{})
	if bad, has := ds.FirstError(); has || err != nil {
		t.Fatal(bad, err)
	}
	return listen.Flow{Main: &p, Clips: murmurs{"welcome": 1500 * time.Millisecond, "menu": 3 * time.Second, "sales": 2 * time.Second, "hours": 2500 * time.Millisecond}}
}

// at finds a prompt in what is heard, and how long it is after want.
func at(t *testing.T, r *listen.Recording, text string, length, want time.Duration) {
	t.Helper()
	sound := murmur(voice.Prompt{Kind: voice.PromptSpeech, Text: text}.String(), length)
	got, score := audiomatch.Find(r.Samples, sound, audiomatch.Options{})
	if score < 0.97 || (got-want).Abs() > 2*time.Millisecond {
		t.Errorf("%s is heard at %v, like it by %.3f, and not at %v\n%s", text, got, score, want, r.Transcript())
	}
}

// The prompts of a path are heard in their order, with the pauses of a caller who
// lets each question end, and cut where a key comes earlier.
func TestPath(t *testing.T) {
	f := deskFlow(t)
	r, err := f.Path(t.Context(), "1 1s 9 2s 2")
	if err != nil {
		t.Fatal(err)
	}
	first := 1500*time.Millisecond + 3*time.Second + 500*time.Millisecond // menu, heard whole
	at(t, r, "welcome", 1500*time.Millisecond, 0)
	at(t, r, "menu", 3*time.Second, 1500*time.Millisecond)
	at(t, r, "sales", time.Second, first) // cut after 1 s
	second := first + time.Second         // the menu again, cut after 2 s
	at(t, r, "hours", 2500*time.Millisecond, second+2*time.Second)
	if want := second + 4500*time.Millisecond; r.Length() != want {
		t.Errorf("it lasts %v, not %v", r.Length(), want)
	}
	silent := r.Samples[int((4600*time.Millisecond)*listen.Rate/time.Second):int((4990*time.Millisecond)*listen.Rate/time.Second)]
	if level := (media.PCM{Rate: listen.Rate, Samples: silent}).Peak(); level > 16 {
		t.Errorf("the pause before the key is not silent: %d", level)
	}
	for _, want := range []string{"00:00:00.000 welcome\n00:00:01.500 menu\n00:00:05.000 caller presses 1\n00:00:05.000 sales\n", "00:00:06.000 caller presses 9", "00:00:08.000 caller presses 2\n00:00:08.000 hours\n"} {
		if !strings.Contains(r.Transcript(), want) && !strings.Contains(strings.Join(slices.DeleteFunc(strings.SplitAfter(r.Transcript(), "\n"), func(l string) bool { return strings.Contains(l, "==") }), ""), want) {
			t.Errorf("the transcript lacks %q:\n%s", want, r.Transcript())
		}
	}
	if !strings.Contains(r.SRT(), "1\n00:00:00,000 --> 00:00:01,500\nwelcome\n\n2\n00:00:01,500 --> 00:00:04,500\nmenu\n") {
		t.Errorf("subtitles:\n%s", r.SRT())
	}
	if !strings.HasPrefix(r.VTT(), "WEBVTT\n\n00:00:00.000 --> 00:00:01.500\nwelcome\n") {
		t.Errorf("subtitles of the web:\n%s", r.VTT())
	}
	again, err := f.Path(t.Context(), "1 1s 9 2s 2")
	if err != nil || !slices.Equal(again.Samples, r.Samples) || again.Transcript() != r.Transcript() {
		t.Errorf("the same path is another the second time: %v", err)
	}
}

// A path that is not gone to its end ends after the question that it comes to.
func TestEnds(t *testing.T) {
	f := deskFlow(t)
	for keys, want := range map[string]time.Duration{
		"":     5500 * time.Millisecond,                               // the menu, and a second
		"1s":   time.Second,                                           // and gone
		"1 1":  5*time.Second + 2500*time.Millisecond + 5*time.Second, // it rings
		"7":    5*time.Second + 5500*time.Millisecond,                 // not assigned: the menu again
		"1 3s": 5*time.Second + 3*time.Second,                         // heard for 3 s, and gone
	} {
		r, err := f.Path(t.Context(), keys)
		if err != nil {
			t.Fatal(err)
		}
		if r.Length() != want {
			t.Errorf("%q lasts %v, not %v\n%s", keys, r.Length(), want, r.Transcript())
		}
	}
	for _, bad := range []string{"soon", "1 x", "-1s 2", "1 99h", strings.Repeat("1 ", 200)} {
		if _, err := f.Path(t.Context(), bad); !voice.IsKind(err, voice.Invalid) {
			t.Errorf("keys %q: %v", bad, err)
		}
	}
}

// The whole menu has each question once, and a chapter for every way.
func TestMenu(t *testing.T) {
	r, err := deskFlow(t).Menu(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, c := range r.Chapters {
		names = append(names, c.Name)
	}
	want := []string{"Front desk: welcome", "key 1: sales", "key 2: hours", "key 1 1: [tone ringback]", "key 1 9: welcome"}
	if !slices.Equal(names, want) {
		t.Errorf("chapters %q, not %q", names, want)
	}
	texts := map[string]time.Duration{"sales": 2 * time.Second, "hours": 2500 * time.Millisecond}
	for _, c := range r.Chapters[1:3] {
		_, text, _ := strings.Cut(c.Name, ": ")
		at(t, r, text, texts[text], c.At)
	}
	var b bytes.Buffer
	if err := r.WriteWAV(&b); err != nil {
		t.Fatal(err)
	}
	pcm, err := media.ReadWAV(bytes.NewReader(b.Bytes()), media.WAVLimits{})
	if err != nil || !slices.Equal(pcm.Samples, r.Samples) {
		t.Errorf("the file has other sound: %v, %d samples of %d", err, len(pcm.Samples), len(r.Samples))
	}
	if got := binary.LittleEndian.Uint32(b.Bytes()[4:]); int(got) != b.Len()-8 {
		t.Errorf("the file says that it has %d bytes after 8, of %d", got, b.Len())
	}
	_, cue, found := bytes.Cut(b.Bytes(), []byte("cue "))
	if !found || binary.LittleEndian.Uint32(cue[4:]) != uint32(len(want)) || binary.LittleEndian.Uint32(cue[8+24+4:]) != uint32(r.Chapters[1].At*listen.Rate/time.Second) {
		t.Error("the cue points are not those of the chapters")
	}
	if !bytes.Contains(b.Bytes(), append([]byte("key 1: sales"), 0)) {
		t.Error("a chapter has no name in the file")
	}
}

// A prompt that can't be had is told, and leaves no hole.
func TestMissing(t *testing.T) {
	f := deskFlow(t)
	delete(f.Clips.(murmurs), "welcome")
	r, err := f.Path(t.Context(), "")
	if err != nil || r.Length() != 4*time.Second || !strings.Contains(r.Transcript(), "welcome (can't be played: no such sound)") {
		t.Errorf("%v %v\n%s", err, r.Length(), r.Transcript())
	}
}

// The documents of the vendors are listened to with the prompts of the program.
func TestVendors(t *testing.T) {
	for _, tt := range []struct {
		file   string
		format dialect.Format
	}{
		{"../../test/samples/convert/sonetel.json", sonetel.NewFormat()},
		{"../../test/samples/convert/telphin.json", telphinivr.NewFormat()},
		{"../../test/samples/convert/smartflo.json", smartfloivr.NewFormat()},
	} {
		data, err := os.ReadFile(tt.file)
		if err != nil {
			t.Error(err)
			continue
		}
		p, _, err := tt.format.CompileFile(t.Context(), data, dialect.OpenResolver{})
		if err != nil {
			t.Error(err)
			continue
		}
		r, err := listen.Flow{Main: &p, Clips: prompt.New(prompt.Config{})}.Menu(t.Context())
		if err != nil || len(r.Chapters) < 2 || r.Length() < 2*time.Second {
			t.Errorf("%s: %v, %d chapters, %v", tt.file, err, len(r.Chapters), r.Length())
			continue
		}
		checked := 0
		for _, n := range p.Nodes {
			g, is := n.Step.(flow.Gather)
			for _, pr := range g.Prompts {
				if is && pr.Kind == voice.PromptStandard {
					pcm, err := prompt.Embedded(pr.Standard)
					if err != nil {
						continue
					}
					checked++
					if _, score := audiomatch.Find(r.Samples, media.Resample(pcm, listen.Rate).Samples, audiomatch.Options{}); score < 0.9 {
						t.Errorf("%s: %s is not heard (%.2f)\n%s", tt.file, pr, score, r.Transcript())
					}
				}
			}
		}
		t.Logf("%s: %d prompts found, %v in %d chapters", tt.file, checked, r.Length(), len(r.Chapters))
	}
}

// orders is an application that says what is done when a call waits for commands.
type orders struct {
	c     *listen.Control
	does  func(c *listen.Control, told string)
	told  []string
	ended *voice.CDR
}

func (o *orders) Begin(c *listen.Control) { o.c = c }
func (o *orders) Still() bool             { return false }

func (o *orders) Tell(e voice.Event, record *voice.CDR) {
	if record != nil {
		o.ended = record
	}
	if e.Kind == voice.EventNotice {
		o.told = append(o.told, e.Data["what"]+e.Data["digits"])
		o.does(o.c, o.told[len(o.told)-1])
	}
}

// says is a command that asks for a key and tells of it.
func says(text string) flow.Command {
	return flow.Command{At: "ready", Text: "gather", Program: &flow.Program{Name: "gather", Entry: "ask", Nodes: []flow.Node{
		{ID: "ask", Step: flow.Gather{Prompts: []voice.Prompt{{Kind: voice.PromptSpeech, Text: text}}, BargeIn: true, Whole: true, MaxDigits: 1, Finish: "#", FirstDigit: 5 * time.Second},
			Exits: map[flow.Exit]flow.NodeID{flow.GotDigits: "tell"}},
		{ID: "tell", Step: flow.Notice{Dialect: "test", Fields: map[string]flow.Template{"digits": "${" + flow.VarDigits + "}"}, Ready: "ready"}},
	}}}
}

// orderedFlow is a number whose calls an application is told of, and waits for it.
func orderedFlow(o *orders) listen.Flow {
	main := &flow.Program{Name: "number", App: "1", Entry: "told", Nodes: []flow.Node{
		{ID: "told", Step: flow.Notice{Dialect: "test", Fields: map[string]flow.Template{"what": "call"}, Ready: "ready"}, Exits: map[flow.Exit]flow.NodeID{flow.Next: "wait"}},
		{ID: "wait", Step: flow.Await{Name: "ready", Idle: 20 * time.Second}, Exits: map[flow.Exit]flow.NodeID{flow.Next: "wait"}},
	}}
	return listen.Flow{Main: main, Orders: o, Call: voice.CallInfo{From: "+4670"},
		Clips: murmurs{"menu": 2 * time.Second, "orders": time.Second, "what?": 1500 * time.Millisecond}}
}

// What an application orders is heard, as it orders it; each path is a call of its own,
// which is over for it in the end.
func TestOrders(t *testing.T) {
	ids := map[voice.CallID]bool{}
	o := &orders{}
	o.does = func(c *listen.Control, told string) {
		live := c.Live()
		if len(live) != 1 || !c.Waits() || live[0].Awaits != "ready" || live[0].Info.From != "+4670" {
			t.Errorf("told of %q: %+v, waits %v", told, live, c.Waits())
			return
		}
		id := live[0].Info.ID
		ids[id] = true
		if err := c.Command("another", says("x")); !voice.IsKind(err, voice.NotExist) {
			t.Errorf("an order for another call: %v", err)
		}
		if _, err := c.Originate(dialect.CallBack{}); !voice.IsKind(err, voice.Unavailable) {
			t.Errorf("another call: %v", err)
		}
		text := map[string]string{"call": "menu", "1": "orders"}[told]
		if text == "" {
			text = "what?"
		}
		if told == "9" {
			if err := c.Hangup(id, "that is enough"); err != nil {
				t.Error(err)
			}
			return
		}
		if err := c.Command(id, says(text)); err != nil {
			t.Error(err)
		}
	}
	f := orderedFlow(o)
	r, err := f.Path(t.Context(), "1 9")
	if err != nil {
		t.Fatal(err)
	}
	at(t, r, "menu", 2*time.Second, 0)
	at(t, r, "orders", time.Second, 2500*time.Millisecond)
	if r.Length() != 4*time.Second || !strings.Contains(r.Ended, "that is enough") || o.ended == nil || o.ended.Call == "" || o.c != nil || len(r.Choices) != 0 {
		t.Errorf("it lasts %v and ends: %s; record %+v\n%s", r.Length(), r.Ended, o.ended, r.Transcript())
	}
	if !slices.Equal(o.told, []string{"call", "1", "9"}) {
		t.Errorf("told of %q", o.told)
	}
	m, err := f.Menu(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, c := range m.Chapters {
		names = append(names, c.Name)
	}
	if want := []string{"number: menu", "key 1: orders", "key 2, 3, 4, 5, 6, 7, 8, 0, *: what?", "key 9"}; !slices.Equal(names, want) {
		t.Errorf("chapters %q, not %q", names, want)
	}
	if len(ids) < 20 {
		t.Errorf("%d different calls", len(ids))
	}
}

// An application that orders nothing leaves the caller in silence, as on a telephone.
func TestOrdersNothing(t *testing.T) {
	o := &orders{does: func(*listen.Control, string) {}}
	r, err := orderedFlow(o).Path(t.Context(), "")
	if err != nil || r.Length() != 20*time.Second || len(r.Lines) != 0 {
		t.Errorf("%v, %v\n%s", err, r.Length(), r.Transcript())
	}
}
