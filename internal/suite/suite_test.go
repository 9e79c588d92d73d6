package suite_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"syscall"
	"testing"
	"time"

	"tandem/internal/dialect"
	"tandem/internal/dialect/native"
	"tandem/internal/flow"
	"tandem/internal/suite"
)

const office = `
flow: 1
name: Office
language: en
start: hours
steps:
  hours:
    hours: {timezone: Europe/Stockholm, open: [{days: mon-fri, from: "08:00", to: "17:00"}]}
    open: menu
    closed: night
  menu:
    gather: {prompts: [{say: "Welcome. Press 1 for Anna or 2 for the queue."}], barge_in: true, first_digit: 5s}
    keys: {1: anna, 2: line, 3: room, 4: ask, 5: speak}
    invalid: menu
    no_input: bye
  anna:
    dial: {user: anna, ring_time: 20s}
    busy: mailbox
    no_answer: mailbox
  line:
    queue: {id: sales, members: [{extension: 101}], ring_time: 15s, max_wait: 2m}
    no_answer: bye
  room:
    conference: {room: board, end_with: false}
  ask:
    request: {url: "https://crm.example/who?n=${call.from}", timeout: 5s, extract: [{variable: name, pointer: /name}]}
    then: greet
    failed: bye
  greet:
    play: [{say: "Hello ${name}"}]
    then: bye
  speak:
    listen: {prompts: [{say: "What do you want?"}]}
    phrases: [{words: sales, then: anna}]
    not_understood: speak
    no_input: bye
    failed: bye
  mailbox:
    play: [{say: Leave a message.}]
    then: record
  record:
    record: {purpose: voicemail, beep: true, silence: 3s}
    recorded: deliver
    not_recorded: bye
  deliver:
    deliver: {email: anna@example.com}
    then: bye
  night:
    play: [{say: We are closed.}]
    then: bye
  bye:
    hang_up:
`

// program compiles a native flow.
func program(t testing.TB, text string) *flow.Program {
	t.Helper()
	p, ds, err := native.NewFormat().CompileFile(t.Context(), []byte(text), dialect.OpenResolver{})
	if first, bad := ds.FirstError(); err != nil || bad {
		t.Fatal(err, first)
	}
	return &p
}

// run runs tests of the office.
func run(t testing.TB, text string) []*suite.Result {
	t.Helper()
	f, faults := suite.Parse("office.test", []byte("clock 2026-11-26 10:30 Europe/Stockholm\n"+text))
	if len(faults) > 0 {
		t.Fatal(faults[0])
	}
	return suite.Setup{Main: program(t, office)}.RunAll(t.Context(), f)
}

// The stories that hold.
const stories = `
test "Anna answers and hangs up"
  caller +46701234567 dials +46850000000
  hears "Welcome"
  presses 1
  is transferred to user anna
  anna answers after 3s
  is connected to anna
  waits 1m
  anna hangs up
  call ends as normal because "the far end hung up" 1m0s later

test "Anna is busy: a message"
  anna is busy
  presses 1
  hears "Leave a message" 0s later
  says "Please call me"
  anna@example.com gets a message
  call ends as normal

test "Anna does not answer for 20 seconds"
  hears "Welcome"
  presses 1
  is transferred to user anna
  anna rings for 20s
  hears "Leave a message"
  never hears "Hello"

test "A key that means nothing, then no key"
  hears "Welcome"
  presses 9
  hears "Welcome"
  call ends after 5s of silence

test "At night"
  clock 2026-11-26 22:00 Europe/Stockholm
  hears all of "closed"
  call ends

test "A customer who is known"
  web https://crm.example/who answers 200 {"name": "Eva"}
  caller +46701234567 dials +46850000000
  presses 4
  flow asks GET https://crm.example/who with "%2B46701234567"
  hears "Hello Eva"

test "The customer database is slow"
  web https://crm.example/who answers after 3s 200 {"name": "Eva"}
  hears "Welcome"
  presses 4
  hears "Hello Eva" 3s later

test "The customer database does not answer"
  web https://crm.example/who is silent
  hears "Welcome"
  presses 4
  call ends 5s later

test "The caller leaves while the database thinks"
  web https://crm.example/who is silent
  hears "Welcome"
  presses 4
  waits 1s
  hangs up
  call ends because "caller hung up" 1s later

test "Two parties are in the queue"
  extension 101 answers after 2s
  eva +46700000001 dials +46850000000
  presses 2
  is connected to 101
  bert +46700000002 dials +46850000000
  bert presses 2
  bert is number 1 in queue sales
  bert hears "music"
  adam +46700000003 dials +46850000000
  adam presses 2
  adam is number 2 in queue sales
  waits 20s
  bert hangs up
  adam is number 1 in queue sales 20s later
  101 hangs up
  eva's call ends
  adam is connected to 101

test "Three meet in a room"
  eva +46700000001 dials +46850000000
  presses 3
  eva joins room board
  bert +46700000002 dials +46850000000
  bert presses 3
  bert joins room board
  waits 10s
  room board ends
  eva leaves room board
  bert's call ends 10s later

test "Speech"
  hears "Welcome"
  presses 5
  hears "What do you want"
  says "weather"
  hears "What do you want"
  says "I want the sales people"
  is transferred to user anna
`

func TestStories(t *testing.T) {
	for _, r := range run(t, stories) {
		if !r.Passed {
			var b bytes.Buffer
			suite.WriteText(&b, []suite.Report{{File: "office.test", Results: []*suite.Result{r}}}, false, false)
			t.Errorf("%s", b.String())
		}
	}
}

func TestFaults(t *testing.T) {
	for _, tt := range []struct{ story, expected, actual string }{
		{"hears \"Goodbye\"", `hears "Goodbye"`, `hears speech "Welcome`},
		{"presses 1\nis transferred to user bert", "is transferred to user bert", "is transferred to user anna"},
		{"hears Welcome\ncall ends 3s later", "call ends 3s later", "call ends 7.7s later"},
		{"hears Welcome\ncall ends after 4s of silence", "4s of silence", "5s of silence"},
		{"hears Welcome\ncall ends as busy", "call ends as busy", "call ends as normal"},
		{"hears Welcome\ncall ends because \"it is Sunday\"", "it is Sunday", "hung up"},
		{"hears Welcome\nnever hears \"welcome\"", "never hears", "hears speech"},
		{"hears Welcome\nhears nothing for 10s", "hears nothing", "Welcome"},
		{"hears all of Welcome\nhears nothing for 2s\nwaits 10s\npresses 1", "presses 1", "the call is over"},
		{"presses 1\nanna is busy\nthen call ends", "then call ends", `hears speech`},
		{"says hello", "says hello", "nobody listens"},
		{"hears Welcome\nanna hangs up", "anna hangs up", "is in no talk"},
		{"presses 1\nis transferred to anna\nanna rings for 10s", "anna rings for 10s", "anna rings for 20s"},
		{"bert hears Welcome", "bert hears", "is in no call"},
		{"presses 4\nhears Hello", "hears", "hears speech"},
		{"hears Welcome\nflow asks https://crm.example/", "flow asks", "call ends"},
		{"presses 3\njoins room attic", "joins room attic", "joins room board"},
		{"waits 1m\nclock 2026-11-26 10:30 Europe/Stockholm", "clock", "it is 2026-11-26 10:31:00 already"},
	} {
		r := run(t, "test x\n"+tt.story)[0]
		if r.Passed || !strings.Contains(r.Fault.Expected, tt.expected) || !strings.Contains(r.Fault.Actual, tt.actual) {
			t.Errorf("%q: %+v; want %q and %q", tt.story, r.Fault, tt.expected, tt.actual)
		}
	}
}

func TestSyntaxErrors(t *testing.T) {
	for _, tt := range []struct {
		line string
		col  int
		text string
	}{
		{"sings loud", 1, "no sentence begins so"},
		{"hears", 6, "is missing"},
		{"then presses 1", 1, "stands before what is expected"},
		{`hears "Welcome`, 7, "not closed"},
		{"hears Welcome soon later", 0, ""},
		{`hears "Welcome" soon`, 17, "may follow"},
		{"waits soon", 7, "a time is expected"},
		{"waits 90h", 7, "at most"},
		{"presses 2x", 9, "no keys"},
		{"answers", 1, "who answers"},
		{"anna answers soon", 14, "may follow"},
		{"call ends as tired", 14, "no cause"},
		{"call stops", 6, "expected here"},
		{"clock noon", 0, "missing"},
		{"clock 2026-13-01 10:30", 7, "a clock is set"},
		{"clock 2026-12-01 10:30 Mars/Base", 7, "no time zone"},
		{"time zone Mars/Base", 11, "no time zone"},
		{"web https://a.example sings", 23, "answers 200"},
		{"web https://a.example answers 999", 31, "status"},
		{"queue sales sleeps", 13, "has 2 ahead"},
		{"room board sleeps", 12, "is full"},
		{"caller sings", 8, "nothing that somebody does"},
		{"åäö sings", 1, "no sentence"},
		{"åäö waits x", 11, "a time"},
		{"anna rings", 11, "whom does it ring"},
		{"flow sleeps", 6, "a flow asks"},
		{"bert dials", 11, "is missing"},
		{"presses 1 2", 11, "over here"},
		{`log "` + strings.Repeat("x", 9000) + `"`, 1, "more than"},
	} {
		_, faults := suite.Parse("x.test", []byte("test a\n"+tt.line+"\n"))
		if tt.text == "" {
			if len(faults) > 0 {
				t.Errorf("%q: %v", tt.line, faults[0])
			}
			continue
		}
		if len(faults) != 1 || faults[0].Line != 2 || tt.col > 0 && faults[0].Col != tt.col || !strings.Contains(faults[0].Text, tt.text) {
			t.Errorf("%q: %v; want column %d, %q", tt.line, faults, tt.col, tt.text)
		}
	}
	for _, text := range []string{"", "test\n", "test a\ntest a\n", "hears x\n", "test a\nanna is user 5\n", strings.Repeat("#", suite.MaxFileSize+1)} {
		if _, faults := suite.Parse("x.test", []byte(text)); len(faults) == 0 {
			t.Errorf("%.40q is taken", text)
		}
	}
}

// The same tests in any order, many times, come to the same.
func TestSameEveryTime(t *testing.T) {
	f, faults := suite.Parse("office.test", []byte("clock 2026-11-26 10:30 Europe/Stockholm\n"+stories+"\ntest fails\n hears Moon\n"))
	if len(faults) > 0 {
		t.Fatal(faults[0])
	}
	setup := suite.Setup{Main: program(t, office)}
	tell := func(r *suite.Result) string {
		return fmt.Sprint(r.Name, r.Passed, r.Fault, r.Took, r.Transcript())
	}
	want := map[string]string{}
	for _, r := range setup.RunAll(t.Context(), f) {
		want[r.Name] = tell(r)
	}
	for range 50 {
		rand.Shuffle(len(f.Tests), func(i, j int) { f.Tests[i], f.Tests[j] = f.Tests[j], f.Tests[i] })
		for _, r := range setup.RunAll(t.Context(), f) {
			if got := tell(r); got != want[r.Name] {
				t.Fatalf("%s came to\n%s\nand then to\n%s", r.Name, want[r.Name], got)
			}
		}
	}
}

func BenchmarkTests(b *testing.B) {
	f, faults := suite.Parse("office.test", []byte("clock 2026-11-26 10:30 Europe/Stockholm\n"+stories))
	if len(faults) > 0 {
		b.Fatal(faults[0])
	}
	setup := suite.Setup{Main: program(b, office)}
	n, before := 0, cpu(b)
	for b.Loop() {
		n += len(setup.RunAll(b.Context(), f))
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "tests/s")
	b.ReportMetric(float64(n)/(cpu(b)-before).Seconds(), "tests/cpu-s") // what others use of this machine left out
}

// cpu is what this process has used of processors.
func cpu(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
