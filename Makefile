# Every command that the project has. `make` alone lists them.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

# Executions of each fuzz target, a few seconds. A count, since with a time
# (FUZZTIME=20s works too) Go before 1.27 fails now and then for no reason but
# the deadline itself: golang/go#75804.
FUZZTIME ?= 100000x
# Time for all targets together, in seconds, instead: FUZZTOTAL=3600 is an hour.
FUZZTOTAL ?=
STATICCHECK_VERSION := v0.7.0
# Where the demo's page is.
LISTEN ?= 127.0.0.1:8787

VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
LDFLAGS := -s -w -X main.version=$(VERSION)
GOFILES = $(shell find . \( -name node_modules -o -name .cache \) -prune -o -name '*.go' -print)
SCRIPTS := .ci/run bench/install client/run-tests e2e/setup e2e/stream
SCRIPTS += e2e/kube/setup e2e/kube/image e2e/kube/rig/kube-rig
IMAGE ?= syncward:$(VERSION)

.PHONY: help
help: ## list the commands
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

.PHONY: test
test: setup ## every test there is, under the race detector; ends with the sum
	@SYNCWARD_E2E=1 FUZZTIME=$(FUZZTIME) e2e/stream unit norace client e2e fuzz | .cache/bin/tally

.PHONY: unit
unit: .cache/bin/tally ## the tests that need no real parts
	@e2e/stream unit norace | .cache/bin/tally

.PHONY: client
client: setup ## only the tests of the package for browsers, in Node and in Chromium
	@e2e/stream client | .cache/bin/tally

.PHONY: e2e
e2e: setup ## only the tests against real parts: LiveStore under wrangler, other people's clients
	@SYNCWARD_E2E=1 e2e/stream e2e | .cache/bin/tally

.PHONY: fuzz
fuzz: .cache/bin/tally ## every fuzz target for FUZZTIME (default 100000x) each; FUZZTOTAL=3600: an hour for all
	@FUZZTIME=$(FUZZTIME) FUZZTOTAL=$(FUZZTOTAL) e2e/stream fuzz | .cache/bin/tally

.PHONY: setup
setup: .cache/bin/tally ## install what the tests need and this machine lacks
	@e2e/setup

.PHONY: build
build: ## the static binary, into bin/
	CGO_ENABLED=0 go build -trimpath -buildvcs=auto -ldflags '$(LDFLAGS)' -o bin/syncward ./cmd/syncward

.PHONY: demo
demo: ## build and run the demo, on http://127.0.0.1:8787 (LISTEN=host:port changes it)
	@command -v go >/dev/null || { echo 'The demo is built with Go, which is not installed here: https://go.dev/dl'; exit 1; }
	@$(MAKE) --no-print-directory build
	@exec bin/syncward demo --listen $(LISTEN)

.PHONY: demo-client
demo-client: setup ## put the package for browsers, as it is now, into the demo's page
	@SYNCWARD_E2E=1 go test ./e2e/demo -count 1 -run ClientAsItIsBuiltNow -update

.PHONY: image
image: ## the container image, by docker, buildah or podman; IMAGE=name:tag names it, GO_IMAGE=... is the builder
	@for tool in docker buildah podman; do \
	  command -v $$tool >/dev/null || continue; \
	  $$tool info >/dev/null 2>&1 || { echo "$$tool is installed, but does not work: see $$tool info"; continue; }; \
	  set -x; exec $$tool build -t $(IMAGE) $(if $(GO_IMAGE),--build-arg GO_IMAGE=$(GO_IMAGE)) --build-arg VERSION=$(VERSION) \
	    --build-arg COMMIT=$$(git rev-parse HEAD 2>/dev/null || echo unknown) .; \
	done; echo 'The image needs docker, buildah or podman, and none works here.'; exit 1

.PHONY: fmt
fmt: ## format the Go code
	gofmt -w $(GOFILES)

.PHONY: lint
lint: .cache/bin/staticcheck ## gofmt, go vet, staticcheck; shellcheck and helm lint where they are installed
	@unformatted=$$(gofmt -l $(GOFILES)); [ -z "$$unformatted" ] || { echo "gofmt would change: $$unformatted"; exit 1; }
	go vet ./...
	.cache/bin/staticcheck ./...
	@if command -v shellcheck >/dev/null; then shellcheck $(SCRIPTS); else echo 'shellcheck is not installed: scripts not checked'; fi
	@helm=$$(PATH=$(CURDIR)/.cache/bin:$$PATH command -v helm) || { echo 'helm is not installed (make setup builds it): chart not checked'; exit 0; }; \
	for values in charts/syncward/ci/*-values.yaml; do $$helm lint --strict --quiet charts/syncward -f $$values; done

BENCH_ROUNDS ?= 3

.PHONY: bench
bench: RESULT = bench/results/$(if $(BENCH_PUBLISH),published,$(shell date -u +%Y%m%dT%H%M%SZ)).json
bench: build ## what Syncward costs beside other proxies: 6 minutes; BENCH_QUICK=1 takes one
	@bench/install
	cd bench && go build -o ../bin/bench .
	bin/bench run -syncward bin/syncward -rounds $(BENCH_ROUNDS) $(if $(BENCH_QUICK),-quick) -o $(RESULT)
	$(if $(BENCH_PUBLISH),bin/bench render $(RESULT) docs/performance.md docs/performance.svg)

.PHONY: bench-reading
bench-reading: build ## what it costs to read messages, beside relaying them unread: one minute
	cd bench && go build -o ../bin/bench .
	bin/bench reading -syncward bin/syncward

.PHONY: bench-test
bench-test: ## the tests of the benchmark itself, which is a module of its own
	cd bench && go vet ./... && go test ./...

.PHONY: clean
clean: ## remove what was built and installed here
	rm -rf bin .cache client/build client/dist client/node_modules e2e/node_modules e2e/livestore031/node_modules \
	  e2e/livestore/worker/.wrangler e2e/livestore031/.wrangler e2e/verify/.wrangler

.cache/bin/tally: $(wildcard e2e/tally/*.go)
	@mkdir -p $(@D)
	@go build -o $@ ./e2e/tally

.cache/bin/staticcheck:
	GOBIN=$(CURDIR)/.cache/bin go install honnef.co/go/tools/cmd/staticcheck@$(STATICCHECK_VERSION)
