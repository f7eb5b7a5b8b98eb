//! Versions of the charter, those of the past too.

use std::sync::Arc;

use polity_charter::{Charter, rewritten};
use polity_institutions::constitution::{self, VersionView};
use polity_primitives::{Height, keccak256};

use crate::{Error, Ledger};

/// Versions a replay reads from the chain at once.
const PAGE: u64 = 64;

impl Ledger {
    /// Version `number` of the charter and what made it, or `None` if there is none.
    ///
    /// Its text is read from the state of the time, or where that is not kept any more, made again by the recorded changes from
    /// the founding text; either way its hash is compared with the one on record. Cost: all amendments before it, at worst.
    ///
    /// # Errors
    /// [`Error::Charter`] if the record does not lead to the hash on record; what the database says.
    pub fn charter_version(&self, number: u64) -> Result<Option<(VersionView, Arc<Charter>)>, Error> {
        let latest = self.latest();
        let Some(version) = constitution::versions(&latest, number, 1).pop() else { return Ok(None) };
        let head = self.head();
        let charter = if version.hash == head.agreement.charter.hash {
            return Ok(Some((version, Arc::new(head.agreement.charter.clone()))));
        } else if number == 0 {
            self.charter().clone()
        } else {
            let kept = self.state_at(Height(version.height)).ok();
            let kept = kept.and_then(|state| constitution::charter_text(&state));
            let text = match kept.filter(|text| keccak256(text) == version.hash) {
                Some(text) => text,
                None => self.replayed(number)?,
            };
            let name = format!("version {number}");
            polity_charter::parse(&name, &text).map_err(|found| Error::Charter(found.to_string()))?.charter
        };
        Ok(Some((version, Arc::new(charter))))
    }

    /// The text of version `number`, made again from the founding text.
    pub(crate) fn replayed(&self, number: u64) -> Result<String, Error> {
        let latest = self.latest();
        let mut text = self.charter().text.clone();
        let mut next = 1;
        while next <= number {
            let page = constitution::versions(
                &latest,
                next,
                PAGE.min(number.saturating_sub(next).saturating_add(1)),
            );
            if page.is_empty() {
                return Err(Error::Missing(format!("version {next} of the charter")));
            }
            for version in page {
                text = rewritten(&text, &version.changes)
                    .map_err(|found| Error::Charter(format!("version {}: {found}", version.number)))?;
                if keccak256(&text) != version.hash {
                    let message =
                        format!("version {}: the recorded changes lead to another text", version.number);
                    return Err(Error::Charter(message));
                }
                next = version.number.saturating_add(1);
            }
        }
        Ok(text)
    }
}
