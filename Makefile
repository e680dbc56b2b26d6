# The commands of the README. `make up` and `make test` work on a fresh Debian 12 with Swift 6.3 and nothing else.
.PHONY: up test bench fuzz lint setup clean

# Runs the cluster with the hello example in the foreground.
up: setup
	scripts/up

# Sets up and passes the whole test suite.
test:
	@scripts/setup --tests
	scripts/test

# Prints figures of a release build, measured on this machine.
bench:
	@scripts/setup --tests
	bench/run

# Feeds every parser damaged input: SECONDS= for each target (10), TARGET= for one alone, INPUT= for one file.
fuzz:
	@scripts/setup --tests
	SECONDS_EACH="$(SECONDS)" scripts/fuzz

lint:
	swift format lint --strict --recursive --parallel Package.swift Sources Tests

# Debian's packages; the library headers are needed to build, the rest to run containers.
setup:
	@scripts/setup

clean:
	rm -rf .build
