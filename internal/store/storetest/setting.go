package storetest

import (
	"strconv"
	"sync"
	"testing"

	"tandem/internal/voice"
)

func testSettings(t *testing.T, s Store) {
	ctx := t.Context()
	_, err := s.Setting(ctx, "k")
	want(t, "never set", err, voice.NotExist)
	ok(t, s.PutSetting(ctx, "k", "one"))
	ok(t, s.PutSetting(ctx, "k", "two"))
	same(t, "put", read(s.Setting(ctx, "k"))(t), "two")
	same(t, "init of what exists", read(s.InitSetting(ctx, "k", "three"))(t), "two")
	ok(t, s.PutSetting(ctx, "empty", ""))
	same(t, "empty", read(s.Setting(ctx, "empty"))(t), "")
	same(t, "init of what is empty", read(s.InitSetting(ctx, "empty", "x"))(t), "")

	var wg sync.WaitGroup
	values := make([]string, 8)
	for i := range values {
		wg.Go(func() {
			v, err := s.InitSetting(ctx, "raced", strconv.Itoa(i))
			if err != nil {
				t.Error(err)
			}
			values[i] = v
		})
	}
	wg.Wait()
	for _, v := range values {
		same(t, "all who init at once get one value", v, values[0])
	}
}
