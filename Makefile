# Two commands do everything on a fresh Debian 12 machine:
#   make demo   installs what is missing, builds, runs the whole flow on a synthetic hospital
#   make test   installs what is missing, builds, runs all tests
.PHONY: demo test setup build asan tsan fuzz tidy format clean

setup:
	scripts/setup

build: setup
	scripts/build release

demo: build
	scripts/demo

test:
	scripts/setup test
	scripts/build release
	scripts/test

asan tsan:
	scripts/setup test
	scripts/build $@
	ctest --test-dir build/$@ --output-on-failure -LE slow

fuzz:
	scripts/setup test
	scripts/fuzz

tidy:
	scripts/setup test
	scripts/tidy

format:
	scripts/format --fix

clean:
	rm -rf build
