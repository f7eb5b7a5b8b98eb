//! The engine's way to the heaviest chain: questions for headers, and what is made of the answers.
//!
//! Rule kept: a question that brought nothing new is not put again before its time, so that two peers never keep each other
//! busy; and whoever forks off below our floor is told of, not blamed.

use alloy_rlp::Decodable as _;
use polity_primitives::{B256, Header, Height, U256};

use super::{
    HEADERS_MAX, HeaderError, LOCATOR_MAX, Message, Rules, check_header,
    event::{Act, Peer},
    locator,
    worker::{Acts, Known, Worker, send},
};
use crate::Fatal;

/// How long a peer whose chain forks off below our floor is not asked again. Units: milliseconds.
const FORKED_MS: u64 = 30_000;

/// What became of a header.
enum Taken {
    /// New and checked.
    New,
    /// Known already.
    Known,
    /// Its parent is not known.
    Orphan,
    /// Not now: early, or there is no room.
    NotNow,
    /// Forks off below the floor.
    TooDeep,
    /// Invalid.
    Invalid(String),
}

impl Worker {
    /// Asks peers that claim more than what is known here for headers. What they claim costs them nothing and us one question.
    pub(super) fn catch_up(&mut self, now_ms: u64, acts: &mut Acts) -> Result<(), Fatal> {
        let waiting = self.ahead.heaviest();
        let known = waiting.map_or(self.best.work, |(work, _)| work.max(self.best.work));
        let claim = |(peer, claimed): (&Peer, &Known)| (claimed.work > known).then_some(*peer);
        let ahead: Vec<_> = self.peers.iter().filter_map(claim).collect();
        for peer in ahead {
            self.ask_headers(peer, waiting.map(|(_, hash)| hash), now_ms, acts)?;
        }
        Ok(())
    }

    /// Asks for headers after the best chain, or after a header just received.
    fn ask_headers(
        &mut self,
        peer: Peer,
        after: Option<B256>,
        now_ms: u64,
        acts: &mut Acts,
    ) -> Result<(), Fatal> {
        let Some(known) = self.peers.get_mut(&peer) else { return Ok(()) };
        let patience_ms = self.waits.answer_ms(known.in_vain);
        let waits = known.asked_ms.is_some_and(|at| now_ms.saturating_sub(at) < patience_ms);
        if waits || now_ms < known.forked_until_ms || !self.ahead.has_room(peer, self.best.work, now_ms) {
            return Ok(());
        }
        if known.asked_ms.replace(now_ms).is_some() {
            known.in_vain = known.in_vain.saturating_add(1);
        }
        let mut hashes: Vec<_> = after.into_iter().chain(locator(&*self.chain)?).map(|hash| hash.0).collect();
        if hashes.len() > LOCATOR_MAX {
            // The anchor, which is last, is where answers begin anyway.
            hashes.truncate(LOCATOR_MAX);
        }
        acts.push(send(peer, &Message::GetHeaders { locator: hashes }));
        Ok(())
    }

    /// Takes headers that a peer sent: an answer, or the announcement of one.
    pub(super) fn headers(
        &mut self,
        peer: Peer,
        encoded: &[Vec<u8>],
        now_ms: u64,
        acts: &mut Acts,
    ) -> Result<(), Fatal> {
        let mut headers = Vec::with_capacity(encoded.len());
        for bytes in encoded {
            let mut rest = &**bytes;
            let Ok(header) = Header::decode(&mut rest) else {
                acts.push(Act::Blame { peer, why: "not a header".to_owned() });
                return Ok(());
            };
            let hash = header.hash_slow();
            if !rest.is_empty()
                || headers.last().is_some_and(|(parent, _): &(B256, Header)| *parent != header.parent_hash)
            {
                acts.push(Act::Blame { peer, why: "headers that do not follow each other".to_owned() });
                return Ok(());
            }
            headers.push((hash, header));
        }
        let Some(last) = headers.last().map(|(hash, _)| *hash) else {
            return Ok(());
        };
        let count = headers.len();
        if let Some(known) = self.peers.get_mut(&peer) {
            known.tip = last;
        }
        for (hash, header) in headers {
            let taken = self.take(peer, hash, &header, now_ms)?;
            // A question that brought nothing new is not put again at once.
            if matches!(taken, Taken::New) {
                self.answered(peer);
            }
            match taken {
                Taken::New => self.adopt(hash, now_ms, acts)?,
                Taken::Known => {}
                Taken::Orphan => {
                    self.orphans.keep(peer, header);
                    return self.ask_headers(peer, None, now_ms, acts);
                }
                Taken::NotNow => return Ok(()),
                Taken::TooDeep => {
                    let floor = self.chain.floor().height;
                    if let Some(known) = self.peers.get_mut(&peer) {
                        self.refused = Some((Height(known.height.max(header.number)), floor));
                        known.forked_until_ms = now_ms.saturating_add(FORKED_MS);
                        known.work = U256::ZERO;
                    }
                    return Ok(());
                }
                Taken::Invalid(why) => {
                    acts.push(Act::Blame { peer, why });
                    return Ok(());
                }
            }
        }
        if count == HEADERS_MAX {
            self.ask_headers(peer, Some(last), now_ms, acts)?;
        }
        Ok(())
    }

    fn answered(&mut self, peer: Peer) {
        if let Some(known) = self.peers.get_mut(&peer) {
            (known.asked_ms, known.in_vain) = (None, 0);
        }
    }

    /// Takes the headers that waited for `parent`, and those that waited for them.
    fn adopt(&mut self, parent: B256, now_ms: u64, acts: &mut Acts) -> Result<(), Fatal> {
        let mut parents = vec![parent];
        while let Some(parent) = parents.pop() {
            for (peer, header) in self.orphans.adopt(&parent) {
                let hash = header.hash_slow();
                match self.take(peer, hash, &header, now_ms)? {
                    Taken::New => parents.push(hash),
                    Taken::Invalid(why) => acts.push(Act::Blame { peer, why }),
                    _ => {}
                }
            }
        }
        Ok(())
    }

    /// Checks a header and keeps it until its body is here.
    fn take(&mut self, peer: Peer, hash: B256, header: &Header, now_ms: u64) -> Result<Taken, Fatal> {
        if self.ahead.get(&hash).is_some() {
            self.ahead.told(&hash, peer);
            return Ok(Taken::Known);
        }
        if self.chain.header(&hash)?.is_some() {
            return Ok(Taken::Known);
        }
        if self.invalid.contains(&hash) || self.invalid.contains(&header.parent_hash) {
            return Ok(Taken::Invalid(format!(
                "block {} is invalid, or stands on one that is",
                header.number
            )));
        }
        let parent = header.parent_hash;
        let waiting = self.ahead.get(&parent).map(|(parent, work, rules)| (parent.clone(), work, rules));
        let (parent, work, rules) = match waiting {
            Some(waiting) => waiting,
            None => {
                let Some(found) = self.chain.header(&parent)? else { return Ok(Taken::Orphan) };
                let Some(work) = self.chain.work(&parent)? else { return Ok(Taken::TooDeep) };
                // On top of the last worked block nothing is worked.
                let Some(rules) = self.chain.rules_after(&parent)? else { return Ok(Taken::NotNow) };
                (found, work, rules)
            }
        };
        // Blocks that wait may enact an end, or a branch not have enacted ours; the chain judges that when it executes them.
        let rules = Rules { until: None, ..rules };
        let Some(past) = self.past(&rules, &parent)? else { return Ok(Taken::TooDeep) };
        Ok(match check_header(&rules, &parent, &header.parent_hash, &past, header, now_ms) {
            Ok(()) => {
                let work = work.saturating_add(header.difficulty);
                let waits = (header.clone(), work, rules.after(parent.timestamp, header));
                let kept = self.ahead.add(hash, waits, peer, (self.best.work, now_ms));
                if kept { Taken::New } else { Taken::NotNow }
            }
            Err(HeaderError::Early { .. }) => Taken::NotNow,
            Err(error) => Taken::Invalid(format!("header {}: {error}", header.number)),
        })
    }

    /// Timestamps of a block and those before it, the youngest first; `None` if some of them are gone, because the block forks off
    /// below the floor.
    fn past(&self, rules: &Rules, block: &Header) -> Result<Option<Vec<u64>>, Fatal> {
        let span = rules.median_span(Height(block.number));
        let (mut past, mut parent) = (vec![block.timestamp], block.parent_hash);
        while past.len() < span {
            let header = match self.ahead.get(&parent) {
                Some((header, ..)) => header.clone(),
                None => match self.chain.header(&parent)? {
                    Some(header) => header,
                    None => return Ok(None),
                },
            };
            past.push(header.timestamp);
            parent = header.parent_hash;
        }
        Ok(Some(past))
    }

    /// Forgets headers that wait on branches which the floor has cut off.
    pub(super) fn raise(&mut self) -> Result<(), Fatal> {
        let floor = self.chain.floor().height;
        if floor == self.floor {
            return Ok(());
        }
        self.floor = floor;
        self.ahead.raise(floor.0);
        for (root, parent) in self.ahead.roots() {
            if self.chain.work(&parent)?.is_none() {
                self.ahead.cut(&root);
            }
        }
        Ok(())
    }
}
