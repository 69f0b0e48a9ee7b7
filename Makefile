# sshtrail: `make help` says what there is. Bash and GNU make; `make run` and
# `make build` need nothing else but Go and git.

.DEFAULT_GOAL := help
.SUFFIXES:
SHELL       := bash
.SHELLFLAGS := -eu -o pipefail -c
.NOTPARALLEL: # the steps of test have an order, and go uses every core by itself

# Tools are no part of go.mod, so that who imports the library does not get them.
# The version is in the file's name: a new one here is built anew.
STATICCHECK_VERSION   := v0.8.2
GOLANGCI_LINT_VERSION := v2.15.0
STATICCHECK           := .tools/staticcheck-$(STATICCHECK_VERSION)
GOLANGCI_LINT         := .tools/golangci-lint-$(GOLANGCI_LINT_VERSION)

FUZZTIME ?= 10s
TIME     ?= 1m
SEED     ?= 0
PKG      ?= ./...
# Functions of bytes alone, tested by the hundred thousand: the race detector finds
# nothing in them and makes them ten times slower.
PURE     := internal\/(formattest|inflate)$$

.PHONY: run
run: build ## build, and run the gateway on 127.0.0.1:2222, for you alone; Ctrl-C stops it
	@exec bin/sshtrail serve

.PHONY: build
build: ## build bin/sshtrail
	@mkdir -p bin
	go build -trimpath -o bin/sshtrail ./cmd/sshtrail

.PHONY: test
test: setup format vet staticcheck ## set up what tests need, then run every check and test
	go list $(PKG) | awk '!/$(PURE)/' | xargs -r go test -race -shuffle=on -timeout 20m
	go list $(PKG) | awk '/$(PURE)/' | xargs -r go test -shuffle=on -timeout 20m

.PHONY: check
check: ## exactly what CI runs
	bash .ci/run

.PHONY: setup
setup: ## install what tests need, if it is missing
	@scripts/setup

.PHONY: format
format: ## fail if a file is not formatted
	@unformatted=$$(gofmt -l .) && test -z "$$unformatted" || { echo "not formatted (run make fmt):"; echo "$$unformatted"; exit 1; }

.PHONY: vet
vet: ## go vet
	go vet $(PKG)

.PHONY: staticcheck
staticcheck: $(STATICCHECK) ## staticcheck
	$(STATICCHECK) $(PKG)

.PHONY: lint
lint: $(GOLANGCI_LINT) ## golangci-lint, as .golangci.yml says (the first time it is built for minutes)
	$(GOLANGCI_LINT) run $(PKG)

.PHONY: fmt
fmt: ## format every file
	gofmt -w .

# Nothing here needs to be run for a build: the files are committed, and `make test`
# fails if one is not what this would write.
.PHONY: generate
generate: ## write the files that are made from the code
	go test ./internal/config -run '^TestDocumentsAreUpToDate$$' -update
	go test ./internal/docstest -run '^TestFormatHasEveryKind$$' -update
	go test ./internal/metrics -run '^TestMetricsAreDocumented$$' -update
	go test ./internal/archtest -run '^TestDependenciesOfReaders$$' -update

# The terminal that replays are compared with is node's: whoever changes a recording in
# replay/screen/testdata needs npm, nobody else does.
.PHONY: terminals
terminals: ## ask xterm.js again what it shows of the recordings for replay/screen
	mkdir -p .tools/xterm
	cp replay/screen/testdata/oracle/package*.json .tools/xterm/
	cd .tools/xterm && npm ci --silent
	go test ./replay/screen -run '^(TestRandomRecordingsAreWhatTheirSeedsSay|TestFloodLooksAsInXterm)$$' -update
	node replay/screen/testdata/oracle/oracle.js .tools/xterm/node_modules replay/screen/testdata/*.txt .tools/xterm/flood.txt
	mv .tools/xterm/flood.golden replay/screen/testdata/

.PHONY: fuzz
fuzz: ## fuzz each target for FUZZTIME (10s)
	@scripts/fuzz $(FUZZTIME)

# Every test that draws from chance: each for TIME, all from one SEED if it is not 0.
.PHONY: torture
torture: setup ## the long form of what makes everything fail: make torture TIME=10m SEED=7
	go list -f '{{range .TestImports}}{{if eq . "github.com/sshtrail/sshtrail/internal/torture"}}{{$$.ImportPath}}{{end}}{{end}}{{range .XTestImports}}{{if eq . "github.com/sshtrail/sshtrail/internal/torture"}}{{$$.ImportPath}}{{end}}{{end}}' $(PKG) | \
		sort -u | xargs -r go test -race -p 1 -count 1 -timeout 0 -v $(if $(RUN),-run '$(RUN)') -args -seed $(SEED) -time $(TIME)

# A part of them, by names or files: make mutants RUN=tap/
.PHONY: mutants
mutants: setup ## take out what each promise stands on, and see a test fail for it
	go run ./internal/mutants $(if $(RUN),-run '$(RUN)')

# ONLY=bulk,keys measures a part; PROFILE=DIR takes profiles; DOCS=1 puts what was measured
# into docs/performance.md.
.PHONY: bench
bench: ## measure speed, memory and size, in minutes: make bench; in an hour or so: make bench LONG=1
	go run ./bench $(if $(LONG),-long) $(if $(ONLY),-only $(ONLY)) $(if $(PROFILE),-profile $(PROFILE))
	$(if $(DOCS),go run ./bench -render bin/bench/results.json)

.PHONY: clean
clean: ## remove what was built here
	rm -rf bin .tools

.PHONY: help
help: ## say what there is
	@awk 'BEGIN { FS = ":.*## " } /^[a-z]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

$(STATICCHECK):
	@echo "building staticcheck $(STATICCHECK_VERSION), once"
	@GOBIN=$(CURDIR)/.tools go install honnef.co/go/tools/cmd/staticcheck@$(STATICCHECK_VERSION)
	@mv .tools/staticcheck $@

$(GOLANGCI_LINT):
	@echo "building golangci-lint $(GOLANGCI_LINT_VERSION), once"
	@GOBIN=$(CURDIR)/.tools go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_LINT_VERSION)
	@mv .tools/golangci-lint $@
