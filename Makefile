# What to run in this repository. docs/testing.md says what each target checks.
#
#   make demo        two processes exchange this machine's load for ten seconds
#   make test        everything below that decides; the exit code is the answer
#   make unit        only the Go tests
#   make lint        gofmt, vet, staticcheck
#   make race        tests under the race detector (needs gcc)
#   make cross       build and vet for the other systems
#   make generated   generated files are those of the sources
#   make fuzz-smoke  every fuzz target for a few thousand inputs
#   make generate    write the generated files anew
#   make bench soak  figures, and a long run; never part of make test

.DEFAULT_GOAL := test

GO ?= go

# Set to anything, make test fails if it had to skip something for want of a tool.
STRICT ?=
# Set to -json by internal/testsum.
JSON ?=
# Inputs per fuzz target.
FUZZCOUNT ?= 3000x
# Packages for the race detector: those with goroutines, or with memory that
# others share. The rest is functions of their arguments; CI runs them too.
RACE ?= ./runtime/... ./examples/... ./blds/canon ./blds/gen/... ./blds/gosrc
CROSS ?= linux/arm64 darwin/arm64 freebsd/amd64 windows/amd64

.PHONY: soak-kills soak-steps soak-stress soak-hour soak-fuzz soak-repeat
.PHONY: demo test tools lint gofmt vet staticcheck unit race cross generated fuzz-smoke generate bench soak
.PHONY: $(CROSS:%=cross/%)

demo:
	@$(GO) build -buildvcs=false -o .cache/hostmetrics ./examples/hostmetrics
	@.cache/hostmetrics demo

test:
	@$(GO) build -buildvcs=false -o .cache/testsum ./internal/testsum
	@.cache/testsum -make '$(MAKE)' $(if $(STRICT),-strict) \
		tools gofmt vet staticcheck generated $(CROSS:%=cross/%) unit race fuzz-smoke

# The modules, and a C compiler if it may be installed.
tools:
	@$(GO) mod download
	@sh scripts/tools.sh

lint: gofmt vet staticcheck

gofmt:
	@files=$$(ls $$(git ls-files --cached --others --exclude-standard '*.go' ':!*/testdata/*') 2>/dev/null); \
	out=$$(gofmt -l $$files) && \
	if [ -n "$$out" ]; then printf 'not formatted by gofmt:\n%s\n' "$$out"; exit 1; fi

vet:
	@$(GO) vet ./...

staticcheck:
	@$(GO) tool staticcheck ./...

unit:
	@$(GO) test $(JSON) ./...

race:
	@if sh scripts/tools.sh have-cc; then \
		CGO_ENABLED=1 $(GO) test $(JSON) -race $(RACE); \
	else \
		echo '--- SKIP: make race: needs gcc: the race detector is linked with C'; \
	fi

cross: $(CROSS:%=cross/%)

$(CROSS:%=cross/%): cross/%:
	@CGO_ENABLED=0 GOOS=$(word 1,$(subst /, ,$*)) GOARCH=$(word 2,$(subst /, ,$*)) $(GO) build -buildvcs=false ./...
	@CGO_ENABLED=0 GOOS=$(word 1,$(subst /, ,$*)) GOARCH=$(word 2,$(subst /, ,$*)) $(GO) vet ./...

generated:
	@$(GO) tool blds-gen gen --check ./... $$(git ls-files 'schemas/*.blds')

generate:
	@$(GO) generate ./...
	@$(GO) tool blds-gen gen $$(git ls-files 'schemas/*.blds')

fuzz-smoke:
	@GO='$(GO)' sh scripts/fuzz.sh $(FUZZCOUNT) $(JSON)

bench:
	@GO='$(GO)' sh scripts/bench.sh
	@$(GO) run ./bench/instructions
	@$(GO) test -run '^$$' -bench . -benchmem ./...

# The parts of soak, each for hours; docs/reliability.md says what they show.
SOAKTIME ?= 1h
KILLS ?= 100000
MESSAGES ?= 100000000
SOAKLOG ?= .cache/soak.tsv

soak: soak-kills soak-steps soak-stress soak-hour soak-fuzz soak-repeat

soak-kills:
	@$(GO) test -run Killed -timeout 4h ./runtime/datablock -kills $(KILLS) -v

soak-steps:
	@$(GO) test -run Killed -timeout 8h ./runtime/internal/killtest -every -v

soak-stress:
	@$(GO) test -run Stress -timeout 4h ./runtime/datablock -messages $(MESSAGES) -v

soak-hour:
	@$(GO) build -buildvcs=false -o .cache/soak ./internal/soak
	@.cache/soak -for $(SOAKTIME) -o $(SOAKLOG)

soak-fuzz:
	@GO='$(GO)' sh scripts/fuzz.sh 1000000x

soak-repeat:
	@$(GO) test -count=20 -timeout 2h ./...
