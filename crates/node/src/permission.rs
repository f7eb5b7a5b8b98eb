//! The way out when too many validators lost what they signed: their operators say from which block on they may sign.
//!
//! Rule kept: only a person says so, never the node by itself, and never while the log of the votes is there (ADR 7).

use polity_bft::Guard;
use polity_primitives::Height;

use crate::{Home, InitError, NodeError, init::name};

/// Lets the validator of `home` sign from block `from` on, on the word of who runs it that what it signed there before is gone: no
/// node keeps it. Returns up to which block it may have signed by its own record, if there is one.
///
/// # Errors
/// [`NodeError`]: the home is unusable, its node runs, or the log of its votes is there, which makes this needless.
pub fn allow_signing(home: &Home, from: Height) -> Result<Option<Height>, NodeError> {
    if polity_db::is_locked(&home.db()) {
        let answers = format!("{} runs", name(home));
        let running = InitError::Running { dir: home.0.clone(), answers };
        return Err(NodeError::Failed(running.to_string()));
    }
    Ok(Guard::allow(&home.0, home.secrets()?.consensus.address(), from)?)
}
