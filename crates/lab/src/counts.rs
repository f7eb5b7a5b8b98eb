//! How much happened in a run.

/// What a node says of a block from the future. Source: `polity_ledger`, whose words `tests/storm.rs` meets.
const AHEAD: &str = "ahead of our clock";

/// Counts of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Counts {
    /// Events.
    pub events: u64,
    /// Messages sent, each to one node.
    pub messages: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Messages that did not arrive.
    pub lost: u64,
    /// Messages that arrived twice.
    pub doubled: u64,
    /// Messages that overtook one sent before between the same nodes.
    pub overtook: u64,
    /// Processes that died.
    pub crashes: u64,
    /// Of those, in the middle of a write.
    pub torn: u64,
    /// Starts of validators that forgot what they had voted.
    pub forgot: u64,
    /// Rounds after the first of any height, over all nodes.
    pub rounds: u64,
    /// Worked blocks that were undone for a heavier chain: how often, over all nodes.
    pub reorganisations: u64,
    /// Most worked blocks that an honest node undid at once.
    pub deepest: u64,
    /// How often a node held another for a breaker of the protocol.
    pub blames: u64,
    /// How often a node shut another out for that.
    pub shut_out: u64,
    /// Answers of peers that those who catch up refused.
    pub refused: u64,
    /// Blocks that are final and agreed on otherwise than the one before.
    pub switches: u64,
    /// Blocks that others voted on than on the one before, where seats change while nobody amends anything.
    pub reseated: u64,
    /// Blocks that honest nodes finalized before the time they claim: their writer's clock was fast.
    pub early: u64,
    /// Proposals that honest nodes refused because their own clock had not come so far.
    pub too_early: u64,
    /// How often a node that was away followed others block by block.
    pub followed: u64,
    /// Turns that grinders let pass.
    pub withheld: u64,
    /// Turns in which a grinder found content that draws it again: never, or randomness is not what it should be.
    pub ground: u64,
}

impl Counts {
    /// Counts what a node said for the trace, if it is one of the things that are counted.
    pub(crate) fn noted(&mut self, text: &str, honest: bool) {
        if let (true, Some(undone)) = (honest, text.strip_prefix("reorganised ")) {
            let undone = undone.split(' ').next().and_then(|undone| undone.parse().ok());
            self.deepest = self.deepest.max(undone.unwrap_or(0));
        }
        let counts: [(&str, &mut u64); 6] = [
            ("reorganised ", &mut self.reorganisations),
            ("follows ", &mut self.followed),
            ("sync of height ", &mut self.refused),
            ("withholds ", &mut self.withheld),
            ("content moved ", &mut self.ground),
            ("round ", &mut self.rounds),
        ];
        let refused = honest && text.ends_with(AHEAD);
        self.too_early = self.too_early.saturating_add(u64::from(refused));
        for (begins, count) in counts {
            *count = count.saturating_add(u64::from(text.starts_with(begins)));
        }
    }
}
