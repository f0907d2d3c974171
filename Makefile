# Kamaitachi. Bare `make` prints what there is.

# One static binary: cgo is off everywhere but under the race detector, which needs it.
export CGO_ENABLED = 0
# The version is stamped below. Without this, go build fails in a checkout that another user owns.
export GOFLAGS += -buildvcs=false

VERSION     := $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2

PKG      ?= ./...
TIMEOUT  ?= 10m
FUZZTIME ?= 30s
ARGS     ?=
ROUNDS   ?= 100
SEED     ?= 0

.DEFAULT_GOAL := help
.PHONY: help build test race torture fuzz lint bench bench-quick bench-scenarios microbench demo cover clean clean-data

help: ## print this
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: ## bin/kamaitachi, and master, slave, gateway and the load tools under the manual's names
	go build -trimpath -ldflags '-X main.version=$(VERSION)' -o bin/ ./cmd/...

test: ## all tests (PKG=./... TIMEOUT=10m)
	go test -timeout $(TIMEOUT) $(PKG)

race: TIMEOUT = 20m
race: ## all tests under the race detector (PKG=./... TIMEOUT=20m)
	CGO_ENABLED=1 go test -race -timeout $(TIMEOUT) $(PKG)

torture: ## clusters of real processes, broken under load in 100 rounds, half an hour (ROUNDS=100 SEED=0: another each time)
	go test ./internal/torture -v -timeout 2h -rounds $(ROUNDS) -seed $(SEED) -etcd-away 60s

fuzz: ## every fuzz target for a while (PKG=./... FUZZTIME=30s)
	scripts/fuzz.sh $(FUZZTIME) $(PKG)

lint: ## gofmt, vet, staticcheck, and the house rules
	@test -z "$$(gofmt -l .)" || { echo 'not formatted (gofmt -w):'; gofmt -l .; exit 1; }
	go vet ./...
	go run $(STATICCHECK) ./...
	go test ./internal/archtest

bench: build ## this build against all its peers; writes docs/benchmarks.md, and bin/benchmarks.html with curves (ARGS=...)
	bin/kamaitachi bench compare -full -o docs/benchmarks.md -json bin/benchmarks.json -html bin/benchmarks.html $(ARGS)

bench-quick: build ## the rows of it that no change may spoil, in under three minutes (ARGS=...)
	bin/kamaitachi bench compare -quick $(ARGS)

bench-scenarios: build ## the four scenarios against a bare peer, native and over HTTP, in one run each (ARGS=...)
	bin/kamaitachi bench -peer -rounds 5 $(ARGS)
	bin/kamaitachi bench -peer -rounds 5 -transport http -conns 50 -pipeline 1 -requests 50000 $(ARGS)

microbench: ## the micro-benchmarks beside the hot functions (PKG=./...)
	go test -run '^$$' -bench . -benchmem $(PKG)

demo: build ## a cluster with real company reports: asked the four scenarios every way, then its master is killed (ARGS=-keep)
	bin/kamaitachi demo $(ARGS)

cover: ## test coverage of each function, in bin/cover.html too
	@mkdir -p bin
	go test -timeout $(TIMEOUT) -coverpkg=./... -coverprofile=bin/cover.out $(PKG)
	go tool cover -html=bin/cover.out -o bin/cover.html
	go tool cover -func=bin/cover.out

clean: ## what make built
	rm -rf bin

clean-data: ## the data and logs of nodes that ran here
	@! scripts/stop_cluster.sh -running || { echo 'scripts/stop_cluster.sh ends it; then make clean-data'; exit 1; }
	rm -rf data logs
