//! Authorities: who brings what was decided outside into the agreement.

use serde::Serialize;

use crate::Text;

/// Kinds of proposals an authority can be allowed to open.
pub const OPENS: [&str; 1] = ["emergency"];

/// Who may record mandates from outside (a law, a court order, the resolution of a body), and what it may open under them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Authority {
    /// Short name, unique.
    pub id: String,
    /// Full name.
    pub name: Text,
    /// Who acts for it.
    pub holder: Holder,
    /// Whose mandates it records; `None`: anybody's.
    pub issuer: Option<String>,
    /// Kinds of proposals it may open, not decide, under a mandate. Bounds: each of [`OPENS`] once.
    pub opens: Vec<String>,
}

/// Who acts for an authority.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Holder {
    /// A member by id.
    Member(String),
    /// An account of `[accounts]` by id.
    Account(String),
}

impl Holder {
    /// The id of the member or account.
    #[must_use]
    pub fn id(&self) -> &str {
        match self {
            Self::Member(id) | Self::Account(id) => id,
        }
    }
}
