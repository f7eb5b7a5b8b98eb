# Everything a newcomer types. Prerequisites: stable Rust (rustup), Node 20+; tests also use Python 3.
export CARGO_TARGET_DIR ?= $(HOME)/.cache/polity-target
CARGO ?= cargo
POLITY = $(CARGO_TARGET_DIR)/debug/polity

.PHONY: demo test bench fmt lint doc build unit contracts clients e2e install clean

## demo: the Paris Agreement on four nodes of this machine, then a constitution of consensus that changes under load
demo: build
	$(POLITY) demo all $(ARGS)

## test: everything that must hold before a change lands
test: fmt lint doc contracts unit e2e

## bench: what this machine does, as ratios to its own limits
bench: clients
	$(CARGO) build --release --locked -p polity
	$(CARGO_TARGET_DIR)/release/polity bench $(ARGS)

build:
	$(CARGO) build --locked -p polity

fmt:
	$(CARGO) fmt --all --check

lint:
	$(CARGO) clippy --locked --workspace --all-targets -- -D warnings

doc:
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --locked --workspace --no-deps --document-private-items

unit:
	$(CARGO) test --locked --workspace --lib --bins
	$(CARGO) test --locked --workspace --doc

## contracts: the committed bytecode is what the committed sources compile to
contracts:
	cd contracts && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error && node build.mjs --check

## clients: the Ethereum tools the end-to-end tests drive (npm ci, a Python environment)
clients:
	sh tests/clients/install.sh

## e2e: real binaries, black-box by RPC, with cast, viem, ethers, web3.py, OpenZeppelin
e2e: clients
	$(CARGO) test --locked --workspace --test '*' -- --test-threads=1

install:
	$(CARGO) install --locked --path bin/polity

clean:
	$(CARGO) clean
