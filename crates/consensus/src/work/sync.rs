//! Finding where two chains part: locators, and the answers to them.
//!
//! Source: Bitcoin's `getheaders`: hashes of the asker's chain, the last ten heights one by one and then in ever wider steps,
//! and the answer begins after the first of them that lies on the answerer's best chain.

use polity_primitives::{B256, Header, Height};

use super::{Chain, LOCATOR_MAX};
use crate::Fatal;

/// Heights that a locator names one by one.
const DENSE: usize = 10;

/// The heights of a locator for a chain that ends at `tip`, from high to low: `base` is always the last.
fn heights(tip: Height, base: Height) -> Vec<Height> {
    let mut heights = Vec::new();
    let (mut at, mut step) = (tip.0, 1u64);
    while at > base.0 && heights.len().saturating_add(1) < LOCATOR_MAX {
        heights.push(Height(at));
        if heights.len() >= DENSE {
            step = step.saturating_mul(2);
        }
        at = at.saturating_sub(step);
    }
    heights.push(base);
    heights
}

/// Hashes of the best chain of `chain`, from high to low, down to genesis.
///
/// # Errors
/// [`Fatal`].
pub fn locator(chain: &dyn Chain) -> Result<Vec<B256>, Fatal> {
    let heights = heights(chain.best().height, Height::GENESIS);
    heights.into_iter().filter_map(|height| chain.hash_at(height).transpose()).collect()
}

/// Headers of the best chain after the first hash of `locator` that lies on it, at most `max`; from the floor if none does.
///
/// # Errors
/// [`Fatal`].
pub fn headers_after(chain: &dyn Chain, locator: &[B256], max: usize) -> Result<Vec<Header>, Fatal> {
    let mut from = chain.floor().height;
    for hash in locator {
        if let Some(header) = chain.header(hash)?
            && chain.hash_at(Height(header.number))? == Some(*hash)
        {
            from = Height(header.number);
            break;
        }
    }
    let mut headers = Vec::new();
    while headers.len() < max {
        from = from.next();
        let Some(hash) = chain.hash_at(from)? else { break };
        let Some(header) = chain.header(&hash)? else { break };
        headers.push(header);
    }
    Ok(headers)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn locators_by_hand() {
        let of = |tip, base| heights(Height(tip), Height(base)).iter().map(|h| h.0).collect::<Vec<_>>();
        assert_eq!(of(3, 3), [3]);
        assert_eq!(of(5, 3), [5, 4, 3]);
        assert_eq!(of(40, 0), [40, 39, 38, 37, 36, 35, 34, 33, 32, 31, 29, 25, 17, 1, 0]);
    }

    proptest! {
        #[test]
        fn a_locator_is_short_falls_and_ends_at_the_base(base: u64, more: u64) {
            let tip = base.saturating_add(more);
            let heights = heights(Height(tip), Height(base));
            prop_assert!(heights.len() <= LOCATOR_MAX);
            prop_assert!(heights.is_sorted_by(|a, b| a > b));
            prop_assert_eq!(heights.first().copied().map(|h| h.0), Some(tip));
            prop_assert_eq!(heights.last().copied().map(|h| h.0), Some(base));
        }
    }
}
