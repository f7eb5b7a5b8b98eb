//! Typed reading of TOML values. A value of the wrong form is reported and read as `None`; the caller goes on with a default,
//! because a charter with one error is refused in any case and the rest of the file deserves its checks too.

mod node;
mod suggest;
mod table;
mod values;

pub(crate) use node::{LANGUAGE_HINT, Node, is_language};
pub(crate) use suggest::{nearest, suggest};
pub(crate) use table::Table;
