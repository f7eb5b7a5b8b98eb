//! The assembly over real nodes, by the command line alone: how members decide, who sits, what binds whom, what stays.
//!
//! Rule kept: every test has a network of its own, under the agreement in `river.toml`; an hour passes with every block.

mod charter;
mod depositary;
mod life;
mod seats;

use polity_tests::Network;

/// A network of four members under the agreement of these tests.
fn river() -> Network {
    Network::start(&[concat!(env!("CARGO_MANIFEST_DIR"), "/tests/assembly/river.toml")])
}

/// Seconds of an hour.
const HOUR: u64 = 3_600;
/// Seconds of a day.
const DAY: u64 = 24 * HOUR;
