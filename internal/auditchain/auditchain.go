package auditchain

import (
	"context"
	"fmt"
	"time"

	"tandem/internal/voice"
)

// Kind is what was done to an entry.
type Kind string

// The kinds of faults.
const (
	Changed    Kind = "changed"
	Removed    Kind = "removed"
	Inserted   Kind = "inserted"
	OutOfOrder Kind = "out of order"
	Rewritten  Kind = "rewritten" // a hash that stood in the chain is not there
)

// Fault is the first entry that is not as it was written.
type Fault struct {
	Kind   Kind
	Number int64     // its place in the chain
	ID     string    // of the entry there; "" = there is none
	At     time.Time // that it bears; zero = there is none
	Words  string    // a sentence
}

// Report is what the check of one log has found.
type Report struct {
	Tenant  voice.TenantID
	Entries int64  // that were checked and are whole
	Head    string // hash of the last of them; "" = there was never one
	// Anchor is the number of the last entry that age or number has removed; 0 = none was.
	Anchor int64
	Fault  *Fault // nil = the chain is unbroken
}

// Words says the report in a sentence.
func (r Report) Words() string {
	if r.Fault != nil {
		return "broken: " + r.Fault.Words
	}
	if r.Head == "" {
		return "unbroken, 0 entries"
	}
	return fmt.Sprintf("unbroken, %d entries, head %s", r.Entries, r.Head)
}

// part is how many entries are read at once.
const part = 500

// attempts bounds how often a log is read anew because old entries were removed from it
// meanwhile.
const attempts = 3

// Verify walks the chain of one log. seen is a hash that the log is to hold yet, as it was
// noted at an earlier time; "" = none. Errors are those of the store.
func Verify(ctx context.Context, store voice.AuditChainStore, t voice.TenantID, seen string) (Report, error) {
	for n := 1; ; n++ {
		head, err := store.AuditHead(ctx, t)
		if err != nil {
			return Report{}, err
		}
		w := &walk{ctx: ctx, store: store, head: head, seen: seen == "" || seen == head.AnchorHash, sought: seen,
			number: head.AnchorNumber, hash: head.AnchorHash, report: Report{Tenant: t, Anchor: head.AnchorNumber}}
		if err := w.run(); err != nil {
			return Report{}, err
		}
		now, err := store.AuditHead(ctx, t)
		if err != nil {
			return Report{}, err
		}
		if w.report.Fault == nil || now.AnchorNumber == head.AnchorNumber || n == attempts {
			return w.report, nil
		}
	}
}

// walk is a check under way; number and hash are those of the last entry that was whole.
type walk struct {
	ctx    context.Context
	store  voice.AuditChainStore
	head   voice.AuditHead
	number int64
	hash   string
	last   voice.AuditEntry
	sought string
	seen   bool
	report Report
}

func (w *walk) run() error {
	var at voice.AuditPlace
	for {
		list, err := w.store.AuditChain(w.ctx, w.head.Tenant, at, part)
		if err != nil {
			return err
		}
		for _, e := range list {
			if e.Number > w.head.Number { // written since we began, or never by us
				if w.head, err = w.store.AuditHead(w.ctx, w.head.Tenant); err != nil {
					return err
				}
			}
			if w.report.Fault, err = w.judge(e); w.report.Fault != nil || err != nil {
				return err
			}
			w.number, w.hash, w.last = e.Number, e.Hash, e
			w.report.Entries++
			w.report.Head = e.Hash
			w.seen = w.seen || e.Hash == w.sought
			at = voice.AuditPlace{Number: e.Number, ID: e.ID}
		}
		if len(list) < part {
			break
		}
	}
	w.report.Fault = w.end()
	return nil
}

// end judges what is missing behind the last entry.
func (w *walk) end() *Fault {
	if w.report.Head == "" {
		w.report.Head = w.head.AnchorHash
	}
	switch {
	case w.number < w.head.Number:
		return w.missing(w.number+1, w.head.Number, "at the end of the log")
	case w.hash != w.head.Hash:
		return fault(Changed, w.last, "entry %d of %s was changed and its hash made anew: it is not the hash that was kept of the last entry", w.number, when(w.last.At))
	case !w.seen:
		f := &Fault{Kind: Rewritten, Number: w.head.AnchorNumber + 1}
		f.Words = "the hash that was noted stands nowhere in the log: its entries were written anew since"
		if w.head.AnchorNumber > 0 {
			f.Words += fmt.Sprintf(", or the noted entry is one of the first %d, which were removed by their age", w.head.AnchorNumber)
		}
		return f
	}
	return nil
}

// judge says what is wrong with an entry that has to follow the last one; nil when
// nothing is.
func (w *walk) judge(e voice.AuditEntry) (*Fault, error) {
	next := w.number + 1
	switch {
	case e.Number <= 0:
		return fault(Inserted, e, "an entry of %s was inserted: it has no place in the chain", when(e.At)), nil
	case e.Number <= w.head.AnchorNumber:
		return fault(Inserted, e, "an entry of %s was inserted: its number %d is that of one that was removed by its age", when(e.At), e.Number), nil
	case e.Number == w.number:
		return fault(Inserted, e, "an entry was inserted: there are two with the number %d", e.Number), nil
	case e.Number > next:
		return w.missing(next, e.Number-1, fmt.Sprintf("before entry %d of %s", e.Number, when(e.At))), nil
	case e.Number > w.head.Number:
		return fault(Inserted, e, "entry %d of %s was inserted: the log ended with entry %d", e.Number, when(e.At), w.head.Number), nil
	case e.Hash != e.ChainHash(e.Prev):
		return w.unfit(e)
	case e.Prev == w.hash:
		return nil, nil
	case w.report.Entries == 0 && w.number == 0:
		return fault(Removed, e, "what stood before entry 1 of %s was removed: it follows an entry that is not there", when(e.At)), nil
	case w.report.Entries == 0:
		return fault(Changed, e, "entry %d of %s does not follow the anchor, which stands for the %d entries that were removed by their age: either was changed", e.Number, when(e.At), w.number), nil
	}
	return fault(Changed, w.last, "entry %d of %s was changed and its hash made anew: entry %d does not follow it", w.last.Number, when(w.last.At), e.Number), nil
}

// unfit judges an entry whose hash is not that of what it says, with this number.
func (w *walk) unfit(e voice.AuditEntry) (*Fault, error) {
	written := int64(0)
	moved := e
	for n := w.head.AnchorNumber + 1; n <= max(w.head.Number, e.Number) && written == 0; n++ {
		if moved.Number = n; e.Hash == moved.ChainHash(e.Prev) {
			written = n
		}
	}
	switch {
	case written == 0:
		return fault(Changed, e, "entry %d of %s was changed: its hash is not that of what it says", e.Number, when(e.At)), nil
	case written < e.Number:
		there, err := w.store.AuditChain(w.ctx, w.head.Tenant, voice.AuditPlace{Number: written}, 1)
		if err != nil {
			return nil, err
		}
		if len(there) == 0 { // it was there a moment ago
			there = []voice.AuditEntry{e}
		}
		return fault(Inserted, there[0], "entry %d of %s was inserted: what was entry %d stands in place %d", written, when(there[0].At), written, e.Number), nil
	}
	elsewhere, err := w.follower(e)
	if err != nil {
		return nil, err
	}
	if elsewhere != 0 {
		return fault(OutOfOrder, e, "entry %d of %s is out of order: it was written as entry %d, and what was entry %d stands in place %d", e.Number, when(e.At), written, e.Number, elsewhere), nil
	}
	return fault(Removed, e, "entry %d was removed, and others were moved into its place: the one of %s was written as entry %d", e.Number, when(e.At), written), nil
}

// follower looks behind e for the entry that was written in its place; 0 = it is gone.
func (w *walk) follower(e voice.AuditEntry) (int64, error) {
	at := voice.AuditPlace{Number: e.Number, ID: e.ID}
	for {
		list, err := w.store.AuditChain(w.ctx, w.head.Tenant, at, part)
		if err != nil {
			return 0, err
		}
		for _, o := range list {
			at = voice.AuditPlace{Number: o.Number, ID: o.ID}
			place := o.Number
			if o.Number = e.Number; o.Prev == w.hash && o.Hash == o.ChainHash(w.hash) {
				return place, nil
			}
		}
		if len(list) < part {
			return 0, nil
		}
	}
}

// missing says that entries are not there.
func (w *walk) missing(from, to int64, where string) *Fault {
	f := &Fault{Kind: Removed, Number: from}
	if from == to {
		f.Words = fmt.Sprintf("entry %d was removed, %s", from, where)
	} else {
		f.Words = fmt.Sprintf("the %d entries %d to %d were removed, %s", to-from+1, from, to, where)
	}
	return f
}

func fault(k Kind, e voice.AuditEntry, words string, args ...any) *Fault {
	return &Fault{Kind: k, Number: e.Number, ID: e.ID, At: e.At, Words: fmt.Sprintf(words, args...)}
}

func when(at time.Time) string { return at.UTC().Format("2006-01-02 15:04:05") }
