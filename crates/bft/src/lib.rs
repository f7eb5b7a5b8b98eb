//! The BFT engine of a running node: Malachite's actors, instantiated once, behind a small non-generic face.
//!
//! [`start`] takes an [`Application`](polity_consensus::Application) and a [`BftConfig`] and gives a [`BftHandle`]: watch its
//! status, wake it when there is something to write, stop it. What a chain must answer is decided in `polity-consensus`; this
//! crate only carries questions and answers between Malachite's actors, the network and that type:
//!
//! ```text
//!   network ─┬─ votes, proposals ──▶ consensus ◀──▶ log (WAL)
//!            ├─ parts ───────────────▶   │ ▲
//!            └─ sync requests ──▶ sync   ▼ │        one thread
//!                                  │   relay ──────▶ Driver ── Host ── Application
//!                                  └─────┘             ▲ status, wake, stop
//! ```
//!
//! Three rules are kept here:
//! - **Nothing blocks the library.** The relay never waits for an answer, so a proposer that waits for transactions still serves
//!   peers that catch up.
//! - **Nothing is signed after a fatal error**, nor at a height at which this key may have signed before without the log that
//!   remembers it (see [`Guard`]).
//! - **Only members join the swarm**: connections are accepted from and made to the configured peers only, recognised by their
//!   keys; see [`BftConfig::members_only`].

#![allow(clippy::disallowed_methods)] // layer 4: this crate has the clock and the tasks of consensus

mod actors;
mod codec;
mod config;
mod driver;
mod error;
mod floor;
mod guard;
mod handle;
mod shared;
mod translate;

pub use config::{BftConfig, Peer, PeerKey, Timing};
pub use error::Error;
pub use guard::{Guard, SIGNED_AHEAD};
pub use handle::{BftHandle, start};
