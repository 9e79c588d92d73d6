package memblob_test

import (
	"testing"

	"tandem/internal/blob/blobtest"
	"tandem/internal/blob/memblob"
)

func TestConformance(t *testing.T) {
	blobtest.Run(t, func(*testing.T) blobtest.Store { return memblob.New() })
}
