# Millrace. `make help` lists what there is; each recipe does its own set-up.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

# One configuration for programs and tests, and the same flags everywhere: nothing is built twice.
SWIFT_FLAGS := -c release --explicit-target-dependency-import-check error
BIN := .build/release

# RocksDB is a spool, OpenSSL signs, Unbound resolves; gnuplot and Boost draw the plots; strace and perf count syncs;
# Chromium looks at the pages; the others are peers of tests and benchmarks.
PACKAGES := libssl-dev librocksdb-dev libunbound-dev libidn2-dev libzstd-dev zlib1g-dev nsd ldnsutils swaks \
	libnet-ssleay-perl openssl \
	python3-dkim python3-nacl python3-spf opendkim-tools iproute2 libgnuplot-iostream-dev gnuplot-nox libboost-iostreams-dev \
	libboost-system-dev libboost-filesystem-dev postfix python3 python3-venv python3-aiosmtpd strace linux-perf \
	chromium fonts-dejavu-core \
	systemd debootstrap dpkg-dev fakeroot \
	g++ git

# Date and commit, so that a later build is a later version.
VERSION ?= 0~$(shell git log -1 --format=%cd.%h --date=format:%Y%m%d.%H%M 2>/dev/null || date +%Y%m%d)
SEEDS := 200000
SOURCES := Sources Tests Benchmarks/SpoolBench Package.swift

.PHONY: help setup build demo test simulate fuzz lint format peers spools deb deb-test

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 10

setup: ## install the packages that are missing: Debian's, and for tests Python's
	@Benchmarks/install-packages $(PACKAGES)
	@Benchmarks/install-python .build/python Tests/requirements.txt

build: setup ## build the programs
	@swift build $(SWIFT_FLAGS)

demo: build ## a small run through generator, relay and sink, and its table
	@rm -rf results/demo
	@status=0; $(BIN)/bench-report run profiles/quick.yaml --out results/demo >/dev/null || status=$$?; \
		$(BIN)/bench-report table results/demo/*; exit $$status

test: setup ## run all tests
	@swift build $(SWIFT_FLAGS) --build-tests
	@swift test $(SWIFT_FLAGS) --skip-build --disable-xctest

simulate: setup ## the segment log on a failing disk; SEEDS=1000000, or MILLRACE_SEED=123 for one with a trace
	@swift build $(SWIFT_FLAGS) --build-tests
	@MILLRACE_SEEDS=$(SEEDS) swift test $(SWIFT_FLAGS) --skip-build --disable-xctest --filter everySeedKeeps

fuzz: setup ## libFuzzer on all that reads strangers' bytes; FUZZ=session SECONDS=60 for one target, longer
	@Tests/Fuzz/run "$(FUZZ)" "$(SECONDS)"

lint: setup ## format, layers and warnings
	@swift format lint --strict -r $(SOURCES)
	@MILLRACE_SPOOL_BENCH=1 swift build $(SWIFT_FLAGS) --build-tests

format: ## rewrite the sources in the house format
	@swift format -i -r $(SOURCES)

peers: build ## side by side with Postfix; PEERS="--quick" and the like are passed on
	@Benchmarks/peers $(PEERS)

spools: setup ## every spool beside the floors of the disk; SPOOLS="--quick" and the like are passed on
	@MILLRACE_SPOOL_BENCH=1 swift build $(SWIFT_FLAGS) --product spool-bench
	@$(BIN)/spool-bench $(SPOOLS)

deb: build ## Debian packages in .build/deb; VERSION=1.2 names them
	@packaging/build-deb "$(VERSION)" .build/deb

deb-test: deb ## install, run, upgrade and remove them on a clean Debian root; LINTIAN=--lintian checks them, too
	@packaging/test-deb .build/deb $(LINTIAN)
