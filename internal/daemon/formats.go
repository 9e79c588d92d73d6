package daemon

import (
	"tandem/internal/dialect"
	"tandem/internal/dialect/native"
	"tandem/internal/dialect/smartfloivr"
	"tandem/internal/dialect/sonetel"
	"tandem/internal/dialect/telphinivr"
)

// Formats lists the forms that documents are read and written in without an
// account, our own first.
func Formats() []dialect.Format {
	return []dialect.Format{native.NewFormat(), sonetel.NewFormat(), smartfloivr.NewFormat(), telphinivr.NewFormat()}
}
