//! Sealed ballots: committed while voting is open, revealed after the close.
//!
//! ```text
//! stage open ──commit──> close ──reveal──> end of the reveals ──conclude
//! ```
//!
//! Rule kept: until the close the chain holds nothing of what a ballot says but a hash. What a ballot means that is never revealed is
//! in the charter and is counted when it is committed; revealing changes it. So concluding costs the same whoever reveals, and early
//! outcomes and extensions, which would tell how the vote stands, do not happen.
//!
//! What this hides and what not: docs/adr/0011.

use alloy_primitives::{B256, U256, keccak256};
use alloy_sol_types::SolValue;
use polity_charter::{Secrecy, Unrevealed};

use super::{
    Choice,
    IAssembly::{
        self, AlreadyRevealed, BallotCommitted, BallotRevealed, Closed, NotInElectorate, NotSealed, Sealed,
        WrongReveal,
    },
    PERIOD_SECS_MAX, Status,
    ballot::{self, Cast},
    electorate::{self, Electorate},
    record, rules,
    schema::{ProposalRecord, StageRecord},
    tracks::TrackRecord,
};
use crate::{
    context::{Context, Result},
    ensure,
    storage::Read,
};

/// What a member commits to: parts of 10,000 for yes, no, abstain and veto, and a salt that only it knows.
///
/// It names chain, proposal, stage and member, so it means nothing anywhere else and to nobody else.
#[must_use]
pub fn commitment(chain_id: u64, id: U256, stage: u64, member: B256, parts: [u16; 4], salt: B256) -> B256 {
    let [yes, no, abstain, veto] = parts;
    keccak256((chain_id, id, stage, member, yes, no, abstain, veto, salt).abi_encode())
}

/// Keeps whether ballots of `stage` are sealed: as its track says or else its chamber.
pub(super) fn freeze(cx: &mut Context<'_>, stage: &StageRecord, track: Option<&TrackRecord>) -> Result<()> {
    let (id, version) = (stage.chamber.get(cx)?, stage.chamber_version.get(cx)?);
    let chamber = rules::chamber_version(id, version);
    let (mut reveal_secs, mut unrevealed) = (chamber.reveal_secs.get(cx)?, chamber.unrevealed.get(cx)?);
    if let Some(track) = track {
        let own = track.reveal_secs.get(cx)?;
        if own != 0 {
            (reveal_secs, unrevealed) = (own, track.unrevealed.get(cx)?);
        }
    }
    if reveal_secs == 0 {
        return Ok(());
    }
    stage.reveal_secs.set(cx, reveal_secs)?;
    stage.unrevealed.set(cx, unrevealed)
}

/// The charter's words, as the ABI has them.
pub(super) fn of_charter(secret: &Secrecy) -> IAssembly::Secrecy {
    let unrevealed = match secret.unrevealed {
        Unrevealed::None => Choice::None,
        Unrevealed::Abstain => Choice::Abstain,
        Unrevealed::No => Choice::No,
    };
    IAssembly::Secrecy { revealSecs: secret.reveal_secs, unrevealed }
}

/// What is wrong with this way of sealing ballots.
pub(super) fn check(secret: &IAssembly::Secrecy) -> Result<(), &'static str> {
    let means = matches!(secret.unrevealed, Choice::None | Choice::No | Choice::Abstain);
    match (secret.revealSecs <= PERIOD_SECS_MAX, means) {
        (true, true) => Ok(()),
        (false, _) => Err("its ballots are revealed for more than a hundred years"),
        (_, false) => Err("a ballot that is not revealed means none, no or abstain"),
    }
}

/// Until when ballots of `stage` are revealed; `None` if they are not sealed. `r` reads the assembly.
pub(super) fn reveals_until<R: Read>(r: &mut R, stage: &StageRecord) -> Result<Option<u64>, R::Error> {
    let reveal_secs = stage.reveal_secs.get(r)?;
    let closes_at = stage.closes_at.get(r)?;
    Ok((reveal_secs != 0).then(|| closes_at.saturating_add(reveal_secs)))
}

/// Refuses ballots that everyone can read where they are to be sealed.
pub(super) fn refuse_open(cx: &mut Context<'_>, id: U256, stage: &StageRecord) -> Result<()> {
    ensure!(stage.reveal_secs.get(cx)? == 0, Sealed { id });
    Ok(())
}

/// The stage of `id` that takes commitments or reveals, and until when it does the one and the other.
fn sealed(cx: &mut Context<'_>, id: U256) -> Result<(ProposalRecord, StageRecord, u64, u64)> {
    let (_, record) = record::find(cx, id)?;
    ensure!(record::status(cx, &record)? == Status::Open, Closed { id });
    let stage = record::present(cx, &record)?.ok_or(Closed { id })?;
    let reveals_until = reveals_until(cx, &stage)?.ok_or(NotSealed { id })?;
    let closes_at = stage.closes_at.get(cx)?;
    Ok((record, stage, closes_at, reveals_until))
}

/// Counts `cast` as the caller's ballot; returns who that is.
fn count(
    cx: &mut Context<'_>,
    id: U256,
    record: &ProposalRecord,
    stage: &StageRecord,
    cast: Cast,
) -> Result<B256> {
    let member = electorate::caller(cx)?;
    let rule = record::rule_of(cx, stage)?;
    let height = record.electorate_height.get(cx)?;
    let voter = Electorate::of(cx, stage, height)?.voter(cx, member, &rule)?;
    let voter = voter.ok_or(NotInElectorate { id, member })?;
    ballot::count(cx, stage, &rule, (member, &voter), cast)?;
    Ok(member)
}

/// Commits the caller to a ballot in the present stage, in place of what it committed to before; zero takes it back.
///
/// Errors: `UnknownProposal`, `Closed`, `NotSealed`, `NotAMember`, `NotInElectorate`.
pub(super) fn commit(cx: &mut Context<'_>, id: U256, commitment: B256) -> Result<()> {
    let (record, stage, closes_at, _) = sealed(cx, id)?;
    ensure!(cx.block().timestamp_secs < closes_at, Closed { id });
    let unrevealed = Choice::try_from(stage.unrevealed.get(cx)?).unwrap_or(Choice::None);
    let cast = if commitment.is_zero() { Cast::NONE } else { Cast::whole(unrevealed) };
    let member = count(cx, id, &record, &stage, cast)?;
    stage.commitments.at(member).set(cx, commitment)?;
    let number = record.stage.get(cx)?;
    cx.emit(&BallotCommitted { id, stage: number, member, commitment })
}

/// Reveals what the caller committed to, and counts it: once.
///
/// Errors: `UnknownProposal`, `Closed`, `NotSealed`, `AlreadyRevealed`, `WrongReveal`, `WrongSplit`, `NotAMember`, `NotInElectorate`.
pub(super) fn reveal(cx: &mut Context<'_>, id: U256, parts: [u16; 4], salt: B256) -> Result<()> {
    let (record, stage, closes_at, reveals_until) = sealed(cx, id)?;
    let now = cx.block().timestamp_secs;
    ensure!((closes_at..reveals_until).contains(&now), Closed { id });
    let (member, number) = (electorate::caller(cx)?, record.stage.get(cx)?);
    ensure!(!stage.revealed.at(member).get(cx)?, AlreadyRevealed { id, member });
    let committed = stage.commitments.at(member).get(cx)?;
    let found = commitment(cx.block().chain_id, id, number, member, parts, salt);
    ensure!(!committed.is_zero() && found == committed, WrongReveal { id, member });
    count(cx, id, &record, &stage, Cast::of_parts(parts)?)?;
    stage.revealed.at(member).set(cx, true)?;
    let [yes, no, abstain, veto] = parts;
    cx.emit(&BallotRevealed { id, stage: number, member, yes, no, abstain, veto })
}
