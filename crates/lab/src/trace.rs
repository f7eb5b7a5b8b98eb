//! What happened, as one hash, and as lines for who wants to read it.
//!
//! Everything that a run does goes through here in order. So two runs that are the same to the last byte have one hash, and two
//! that differ anywhere have not.

use std::io::Write;

use xxhash_rust::xxh3::Xxh3;

/// Hashes what happens, and writes it down if asked to.
pub struct Trace {
    hash: Xxh3,
    lines: Option<Box<dyn Write>>,
    failed: Option<std::io::Error>,
}

impl std::fmt::Debug for Trace {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Trace").field("hash", &self.hash()).finish_non_exhaustive()
    }
}

impl Trace {
    /// A trace; its lines go to `lines`.
    #[must_use]
    pub fn new(lines: Option<Box<dyn Write>>) -> Self {
        Self { hash: Xxh3::new(), lines, failed: None }
    }

    /// Notes that `what` happened to `node` at `now_us`, with `bytes`.
    pub fn note(
        &mut self,
        now_us: u64,
        node: usize,
        what: &str,
        bytes: &[u8],
        text: impl FnOnce() -> String,
    ) {
        self.hash.update(&now_us.to_le_bytes());
        self.hash.update(&(node as u64).to_le_bytes());
        self.hash.update(what.as_bytes());
        self.hash.update(bytes);
        if let Some(lines) = &mut self.lines {
            let (secs, us) = (now_us / 1_000_000, now_us % 1_000_000);
            let line = writeln!(lines, "{secs:>5}.{us:06} {node:>3} {what:<9} {}", text());
            self.failed = self.failed.take().or(line.err());
        }
    }

    /// Whether lines are wanted.
    #[must_use]
    pub const fn has_lines(&self) -> bool {
        self.lines.is_some()
    }

    /// The hash of everything so far.
    #[must_use]
    pub fn hash(&self) -> u128 {
        self.hash.digest128()
    }

    /// Writes out what was written down.
    ///
    /// # Errors
    /// What writing said first.
    pub fn finish(&mut self) -> std::io::Result<()> {
        self.failed.take().map_or(Ok(()), Err)?;
        self.lines.as_mut().map_or(Ok(()), |lines| lines.flush())
    }
}
