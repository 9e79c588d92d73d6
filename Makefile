# make help lists what there is. Everything works on a fresh Debian 12 with Go.

VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
STAMP   := -X main.version=$(VERSION)
GO      ?= go

# Where the Go distribution unpacks itself, in case nobody has put it on the path.
export PATH := $(PATH):/usr/local/go/bin

.DEFAULT_GOAL := help
.PHONY: help run ui build test check bench soak fuzz fmt clean

help: ## this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

run: ## install what is missing, build, and start with a sample menu
	@scripts/setup.sh
	@$(MAKE) --no-print-directory build
	@exec bin/tandem serve

ui: ## the web app, for the program to embed
	@scripts/ui.sh

build: ui ## bin/tandem with the web app
	@CGO_ENABLED=0 $(GO) build -trimpath -ldflags '$(STAMP)' -o bin/tandem ./cmd/tandem

test: ## every test, after installing what they need
	@scripts/setup-test.sh
	@$(MAKE) --no-print-directory build
	@scripts/test.sh

check: ## format, vet, staticcheck, rules of the tree, and all tests with the race detector
	@scripts/setup-test.sh
	@$(MAKE) --no-print-directory build
	@scripts/check.sh

bench: ## load test: calls held, room, set-ups, kinds of calls, knee, overload; figures go to bench/out
	@scripts/setup.sh
	@$(MAKE) --no-print-directory build
	@mkdir -p bench/out
	@$(GO) run ./bench -build=false -kinds 300 -knee -overload -json bench/out/bench.json

soak: ## the long forms of the hostile and endurance tests; hours
	@scripts/setup-test.sh
	@$(MAKE) --no-print-directory build
	@scripts/soak.sh

fuzz: ## every fuzz target, for a minute each or FUZZ=TIME
	@scripts/fuzz.sh $(or $(FUZZ),60s)

fmt: ## format the Go code
	@gofmt -w .

clean: ## remove what was built
	@rm -rf bin bench/out internal/web/dist/app internal/web/ui/build
