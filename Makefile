# Two commands are enough to begin: `make demo` and `make test`.
# Go, git and make must be there; `make test` installs what else the tests need.

STATICCHECK  := 0.8.2
GOVULNCHECK  := 1.8.0
TOOLS        := .tools
GOFILES       = $(shell git ls-files --cached --others --exclude-standard '*.go')

.PHONY: help demo test kill bench build check vet lint vuln generated static generate fmt clean

help: ## what can be made
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: bin/avow ## start a complete fictional organisation on this machine
	bin/avow demo

test: ## run every test; installs PostgreSQL, MariaDB, Chromium and axe-core when missing
	sh scripts/test.sh

kill: ## kill the program ten thousand times on each database, a thousand times at requests in three systems, and check what it left
	GOTESTFLAGS="-run TestKilled -v -timeout 3h" TESTS=./cmd/avow AVOW_TEST_KILLS=10000 sh scripts/test.sh
	GOTESTFLAGS="-run TestRightsKilled -v -timeout 3h" TESTS=./cmd/avow AVOW_TEST_KILLS=1000 sh scripts/test.sh

bench: ## run the benchmarks that the README quotes
	cd bench && go run .

build: bin/avow ## one static binary, bin/avow

# Always asked of the go command, which knows better than make what has changed.
.PHONY: bin/avow
bin/avow:
	CGO_ENABLED=0 go build -trimpath -ldflags '-s -w' -o bin/avow ./cmd/avow

check: vet lint vuln generated static ## everything that is not a test

vet:
	@test -z "$$(gofmt -l $(GOFILES))" || { gofmt -l $(GOFILES); echo "these files are not formatted: make fmt"; exit 1; }
	go vet ./...

lint: $(TOOLS)/staticcheck-$(STATICCHECK)
	$< ./...

vuln: $(TOOLS)/govulncheck-$(GOVULNCHECK)
	sh scripts/vulncheck.sh $<

generated:
	sh scripts/generated.sh

static: bin/avow
	sh scripts/static.sh bin/avow

generate: ## write the generated files again
	go generate ./...

fmt: ## format the Go files
	gofmt -w $(GOFILES)

clean: ## remove what was built and installed here
	rm -rf bin $(TOOLS) test/node_modules

$(TOOLS)/staticcheck-$(STATICCHECK):
	sh scripts/tool.sh $@ honnef.co/go/tools/cmd/staticcheck@v$(STATICCHECK)

$(TOOLS)/govulncheck-$(GOVULNCHECK):
	sh scripts/tool.sh $@ golang.org/x/vuln/cmd/govulncheck@v$(GOVULNCHECK)
