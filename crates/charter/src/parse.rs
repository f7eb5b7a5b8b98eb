//! The one way from text to a [`Charter`].

use core::convert::Infallible;

use toml::de::DeTable;

use crate::report::Report;
use crate::{Charter, Diagnostic, Diagnostics, Severity, check, read};

/// Longest charter. 4096 members on one line each, with keys, take about 2 MiB. Units: bytes.
pub const CHARTER_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Longest charter that a chain keeps and can amend. Units: bytes. Reading and judging one takes about 10 million gas, which a
/// transaction and an enactment have. Source: ADR 0012.
pub const AMENDABLE_BYTES_MAX: usize = 96 * 1024;

/// A charter without errors, and what is worth a second look.
#[derive(Clone, Debug, PartialEq)]
pub struct Checked {
    /// The charter.
    pub charter: Charter,
    /// Warnings only.
    pub warnings: Diagnostics,
}

/// Reads and checks a charter; `file_name` is for messages only.
///
/// # Errors
/// Every mistake in the text, with its place, in the order of the text; warnings among them.
pub fn parse(file_name: &str, text: &str) -> Result<Checked, Diagnostics> {
    let Ok(result) = parse_metered::<Infallible>(file_name, text, &mut |_| Ok(()));
    result
}

/// [`parse`], telling `meter` of work before it is done. Units: about the reading of one byte each.
///
/// # Errors
/// Outside: the meter's. Inside: as [`parse`].
pub fn parse_metered<E>(
    file_name: &str,
    text: &str,
    meter: &mut dyn FnMut(u64) -> Result<(), E>,
) -> Result<Result<Checked, Diagnostics>, E> {
    if text.len() > CHARTER_BYTES_MAX {
        return Ok(Err(too_long(file_name, text.len())));
    }
    meter(text.len() as u64)?;
    let (root, syntax_errors) = DeTable::parse_recoverable(text);
    let mut report = Report::new(text, root.get_ref());
    for error in &syntax_errors {
        report.syntax(error.span().unwrap_or(0..0), error.message());
    }
    let charter = read::charter(text, root.get_ref(), &mut report);
    if text.len() > AMENDABLE_BYTES_MAX {
        let message = format!(
            "{} bytes: no amendment could ever be made, since a chain keeps at most {AMENDABLE_BYTES_MAX} bytes of its charter",
            text.len()
        );
        report.warning("", message, "shorten texts, or comment where the charter is published");
    }
    if !report.is_damaged() {
        meter(check::work(&charter))?;
        check::everything(&charter, &mut report);
    }
    let (errors, warnings) = report.finish(file_name);
    Ok(if errors.is_empty() { Ok(Checked { charter, warnings }) } else { Err(errors.and(warnings)) })
}

fn too_long(file_name: &str, bytes: usize) -> Diagnostics {
    let diagnostic = Diagnostic {
        severity: Severity::Error,
        message: format!("{bytes} bytes, but a charter has at most {CHARTER_BYTES_MAX}"),
        hint: None,
        line: 1,
        column: 1,
        span: 0..0,
        path: String::new(),
    };
    Diagnostics { file: file_name.to_owned(), list: vec![diagnostic], omitted: 0 }
}
