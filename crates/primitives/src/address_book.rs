//! The fixed addresses of the house. Institutions live where no key pair can: in the range below `0x1_0000`.

use alloy_primitives::{Address, address};

/// Sender of system transactions; has no key, holds no funds.
///
/// Source: the address EIP-4788 and EIP-2935 use for calls made by the protocol.
pub const SYSTEM: Address = address!("0xfffffffffffffffffffffffffffffffffffffffe");

/// The agreement itself as an actor: the contract through which enacted decisions call. Being this caller is what
/// "by decision of the members" means.
pub const AGREEMENT: Address = address!("0x0000000000000000000000000000000000001000");
/// Members, kinds, rights, keys.
pub const REGISTRY: Address = address!("0x0000000000000000000000000000000000001001");
/// Instruments, proposals, ballots, decision rules.
pub const ASSEMBLY: Address = address!("0x0000000000000000000000000000000000001002");
/// Consensus settings, pledges, elections, evidence.
pub const CONSTITUTION: Address = address!("0x0000000000000000000000000000000000001003");
/// Named accounts that pay only by decision.
pub const TREASURY: Address = address!("0x0000000000000000000000000000000000001004");
/// What members owe: articles and their settlements.
pub const ARTICLES: Address = address!("0x0000000000000000000000000000000000001005");
