//! End-to-end tests: real binaries, black-box by RPC. See `tests/`.
