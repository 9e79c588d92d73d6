package sqlstore

import "strconv"

// query is a SELECT that grows with what its caller wants. Its texts are
// constants of this package; values only ever become arguments.
type query struct {
	text  string
	args  []any
	bound bool // has a WHERE
}

// where adds a condition without a value.
func (q *query) where(condition string) {
	if q.bound {
		q.text += ` AND `
	} else {
		q.text += ` WHERE `
	}
	q.bound = true
	q.text += condition
}

// and adds a condition that ends with a value.
func (q *query) and(condition string, value any) {
	q.where(condition)
	q.value(value)
}

// end adds text that ends with a value after the conditions.
func (q *query) end(text string, value any) {
	q.text += text
	q.value(value)
}

func (q *query) value(v any) {
	q.args = append(q.args, v)
	q.text += `$` + strconv.Itoa(len(q.args))
}
