//! What is kept beside the chain: bodies of blocks not yet decided, evidence, small records of other crates.

use polity_primitives::{B256, Evidence, Height};

use crate::{
    Db, Tip,
    error::{Error, Result},
    tables::{Batch, Kind, candidate_height_key, candidate_height_keys, candidate_key, meta_key},
};

/// Bodies of undecided blocks kept at most. One per round: a height that needs more has other problems.
pub const CANDIDATES_MAX: usize = 4096;

/// Pieces of evidence kept at most. Each needs a validator's own two signatures, and convicts it for good.
pub const EVIDENCE_MAX: usize = 4096;

/// The lowest height at which a candidate may be: those of decided heights are gone. Whoever looks for candidates begins here,
/// past what the store still remembers of the removed ones.
pub(crate) fn undecided(tip: Option<Tip>) -> Height {
    tip.map_or(Height(0), |tip| tip.height.next())
}

impl Db {
    /// Keeps the bytes of a block that may be decided at `height`; on the disk when it returns. Kept until a block of
    /// that height is committed: nothing is kept for a height that is.
    ///
    /// # Errors
    /// [`Error::Full`] beyond [`CANDIDATES_MAX`].
    pub fn put_candidate(&self, height: Height, hash: &B256, bytes: &[u8]) -> Result<()> {
        let writer = self.0.writer.lock();
        let first = undecided(writer.tip);
        if height < first {
            return Ok(());
        }
        let candidates = &self.tables().candidates;
        let (first, last) = candidate_height_keys(first, Height(u64::MAX));
        if candidates.keys(&first, &last).take(CANDIDATES_MAX).count() >= CANDIDATES_MAX {
            return Err(Error::Full { table: candidates.name, max: CANDIDATES_MAX });
        }
        let mut batch = Batch::new(&self.0.store);
        batch.put(candidates, candidate_key(hash), [&height.0.to_be_bytes()[..], bytes].concat());
        batch.put(candidates, candidate_height_key(height, hash), []);
        batch.commit()
    }

    /// The height and the bytes of the undecided block `hash`.
    ///
    /// # Errors
    /// [`Error::Corrupt`].
    pub fn candidate(&self, hash: &B256) -> Result<Option<(Height, Vec<u8>)>> {
        self.tables().candidates.read(&candidate_key(hash), |bytes| {
            let (height, bytes) = bytes.split_first_chunk().ok_or("the record is too short")?;
            Ok((Height(u64::from_be_bytes(*height)), bytes.to_vec()))
        })
    }

    /// All undecided blocks with their heights, the lowest first.
    ///
    /// # Errors
    /// [`Error::Corrupt`].
    pub fn candidates(&self) -> Result<Vec<(Height, B256, Vec<u8>)>> {
        let candidates = &self.tables().candidates;
        let first = undecided(self.0.writer.lock().tip);
        let (first, last) = candidate_height_keys(first, Height(u64::MAX));
        let mut found = Vec::new();
        for key in candidates.keys(&first, &last) {
            let key = key?;
            let hash = key.get(9..).and_then(|hash| B256::try_from(hash).ok());
            let hash = hash.ok_or_else(|| candidates.corrupt(&key, "the key is too short"))?;
            let (height, bytes) =
                self.candidate(&hash)?.ok_or_else(|| candidates.corrupt(&key, "the record is missing"))?;
            found.push((height, hash, bytes));
        }
        Ok(found)
    }

    /// Forgets the undecided block `hash`.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub fn drop_candidate(&self, hash: &B256) -> Result<()> {
        let _writer = self.0.writer.lock();
        let Some((height, _)) = self.candidate(hash)? else { return Ok(()) };
        let candidates = &self.tables().candidates;
        let mut batch = Batch::new(&self.0.store);
        batch.delete(candidates, candidate_key(hash));
        batch.delete(candidates, candidate_height_key(height, hash));
        batch.commit()
    }

    /// Keeps evidence under `key`, on the disk when it returns. Returns whether it is new and there was room for it.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub fn put_evidence(&self, key: &[u8], evidence: &Evidence) -> Result<bool> {
        let _writer = self.0.writer.lock();
        let (meta, key) = (&self.tables().meta, meta_key(Kind::Evidence, key));
        let full = meta.keys(&[Kind::Evidence as u8], &[Kind::Evidence as u8 + 1]).count() >= EVIDENCE_MAX;
        if full || meta.get(&key)?.is_some() {
            return Ok(false);
        }
        let bytes = serde_json::to_vec(evidence).map_err(|e| meta.corrupt(&key, e))?;
        let mut batch = Batch::new(&self.0.store);
        batch.put(meta, &key, bytes);
        batch.commit().map(|()| true)
    }

    /// Forgets the evidence under `key`, if there is any.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub fn drop_evidence(&self, key: &[u8]) -> Result<()> {
        let _writer = self.0.writer.lock();
        let mut batch = Batch::new(&self.0.store);
        batch.delete(&self.tables().meta, meta_key(Kind::Evidence, key));
        batch.commit().map(drop)
    }

    /// All evidence, ordered by key.
    ///
    /// # Errors
    /// [`Error::Corrupt`].
    pub fn evidence(&self) -> Result<Vec<Evidence>> {
        let meta = &self.tables().meta;
        meta.range(&[Kind::Evidence as u8], &[Kind::Evidence as u8 + 1])
            .map(|record| {
                let (key, bytes) = record?;
                serde_json::from_slice(&bytes).map_err(|e| meta.corrupt(&key, e))
            })
            .collect()
    }

    /// Keeps a small record of another crate, on the disk when it returns.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub fn put_meta(&self, key: &str, value: &[u8]) -> Result<()> {
        let mut batch = Batch::new(&self.0.store);
        batch.put(&self.tables().meta, meta_key(Kind::User, key.as_bytes()), value);
        batch.commit()
    }

    /// The record that [`Db::put_meta`] kept.
    ///
    /// # Errors
    /// [`Error::Corrupt`].
    pub fn meta(&self, key: &str) -> Result<Option<Vec<u8>>> {
        self.tables().meta.read(&meta_key(Kind::User, key.as_bytes()), |bytes| Ok(bytes.to_vec()))
    }
}
