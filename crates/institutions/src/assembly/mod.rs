//! The assembly: instruments deposited to treaties, proposals decided by ballot, and the rules by which both are decided.
//!
//! Rules kept. What is decided is decided by what was known at the opening: electorate, weights, chamber, decision rule,
//! calls and the code of the accounts called are frozen then, and nothing that happens later changes an open vote. The
//! tally is kept by increments in words that, with the rule's text, are all a why-report is computed from; both are in
//! storage, so anyone can prove and recompute every outcome. Nobody executes a decision: the agenda does, as a system
//! transaction through the agreement's account.
//!
//! Deliberately absent: how votes are counted (crate `decision`), who the members are (`registry`), and what the calls of a
//! proposal do.
//!
//! ```text
//! propose ──> Draft ──> Discussion ──> Preparing ──> Open ──conclude──> Rejected
//!               └─> Lapsed                            ^ └─────────────> Adopted ──delay, enact──> Executed
//!                                                     └── Pause <──┘ (a next stage)        └────> Failed
//! ```
//!
//! Map: [`treaty`] what instruments decide, [`depositary`] the instruments; [`mod@mandate`] what outside decisions open; a
//! proposal's life: [`mod@propose`], [`opening`], [`mod@ballot`], [`mod@conclude`], [`enact`],
//! and its [`record`]; [`mod@rules`] decision rules and chambers; [`electorate`] who counts; [`tally`] sums in words;
//! [`schema`] storage; [`views`] and [`payload`] what people read.

mod agenda_views;
pub(crate) mod amend;
mod ballot;
mod cancel;
mod conclude;
mod delegation;
mod depositary;
mod draft;
mod electorate;
mod enact;
mod escrow;
mod genesis;
mod mandate;
mod mandate_views;
mod opening;
mod payload;
mod propose;
mod record;
mod rules;
mod schema;
mod seated;
mod seats;
mod secret;
pub mod simulate;
mod solvent;
mod standing;
mod tally;
pub(crate) mod tracks;
mod treaty;
mod views;

use alloy_json_abi::JsonAbi;
use alloy_primitives::{Address, B256, Bytes, U256};
use polity_primitives::ASSEMBLY;

pub use agenda_views::{AgendaView, agenda_in_words};
pub use delegation::{CarriedView, DELEGATION_DEPTH_MAX, DelegationView, carried, delegations};
pub use depositary::views::{
    AdoptedBy, ForceView, INSTRUMENTS_PAGE_MAX, InstrumentView, Moment, PartyView, TextForceView, TextView,
    WaitingView, in_force, instrument, instrument_count, instruments, text_report, texts,
};
pub(crate) use depositary::{LAST_DAY_SECS, has_deposited, is_in_force, pack_delay, unpack_delay};
pub(crate) use enact::enacted;
pub use genesis::{AGREEMENT_CODE, genesis};
pub use mandate_views::{
    AuthorityView, MANDATES_PAGE_MAX, MandateView, authorities, mandate, mandate_count, mandates,
};
pub(crate) use payload::money;
pub use payload::{Argument, DecodedCall, decode, decode_log, explain, failed_call, is_money};
pub(crate) use seats::Sitting;
pub use seats::{
    BONDED_MAX, CANDIDATES_MAX, CandidateView, DRAW_MEMBERS_MAX, NAMED_MAX, SeatsView, StakeView,
    UNBONDINGS_MAX, UnbondingView, seats_of,
};
pub use secret::commitment;
pub(crate) use solvent::locked_out;
pub use solvent::{BALLOT_GAS, PROPOSAL_GAS};
pub use standing::{VoteState, vote_state};
pub use views::{
    BallotView, ChamberView, DepositView, PROPOSALS_PAGE_MAX, ProposalView, RuleView, StageView, TrackView,
    TreatyView, agenda_entries, ballots, chambers, constitutional_paths, deposits, proposal, proposal_count,
    proposals, report, report_slot, rule_text, rules, stage_ballots, stage_report, tracks, treaties,
    treaty_progress, treaty_report,
};

use crate::{
    agenda::Agenda,
    context::{Context, Result, returns, void},
    directory::Institution,
    storage::View,
};
use schema::storage;

#[expect(missing_docs, reason = "generated; the .sol file is the documentation")]
#[allow(clippy::too_many_arguments, reason = "generated; an event has as many fields as it says")]
mod abi {
    alloy_sol_types::sol!(
        #![sol(abi, all_derives)]
        "src/assembly/IAssembly.sol"
    );
}
pub use abi::IAssembly::{self, Choice, InstrumentKind, Status, TextStatus};

/// Most calls of a proposal.
pub const CALLS_MAX: usize = 16;
/// Most bytes of a proposal's calls, ABI-encoded. At 20,000 gas a word, storing them takes about 10 million.
pub const PAYLOAD_BYTES_MAX: usize = 16_384;
/// Most bytes of a proposal's title.
pub const TITLE_BYTES_MAX: usize = 256;
/// Most members counted at once when a proposal opens, over all its votes together; each word of a vote's tally takes the place
/// of a member.
pub const PREPARE_MEMBERS_MAX: u64 = 256;
/// Least members counted at once, however large the tally.
const PREPARE_MEMBERS_MIN: u64 = 64;
/// Most proposals of one member that are before the assembly at once, drafts included.
pub const OPEN_PROPOSALS_MAX: u64 = 100;
/// Most bytes kept of the reason why a proposal failed; the rest is cut off.
pub const REASON_BYTES_MAX: usize = 1_024;
/// Most members that a why-report names as having used a veto.
pub const VETOERS_NAMED_MAX: u64 = 32;
/// Most bytes of a decision rule in canonical JSON.
pub const RULE_BYTES_MAX: usize = 8_192;
/// Most rules.
pub const RULES_MAX: u64 = 256;
/// Most chambers.
pub const CHAMBERS_MAX: u64 = 64;
/// Most classes of a chamber.
pub const CHAMBER_CLASSES_MAX: usize = 32;
/// Most members a chamber names.
pub const CHAMBER_MEMBERS_MAX: usize = 256;
/// Most bytes of the name of a chamber.
pub const NAME_BYTES_MAX: usize = 256;
/// Most instruments of one member under one treaty; its withdrawals are not bounded.
pub const ACTS_MAX: u64 = 1_024;
/// Most bytes of the title, the issuer and the address of a mandate, each.
pub const MANDATE_TEXT_BYTES_MAX: usize = 512;
/// Most statements that come with one instrument.
pub const STATEMENTS_MAX: usize = 8;
/// Most bytes of the text of a statement or an objection; longer ones are documents, filed by their hash.
pub const DOCUMENT_TEXT_BYTES_MAX: usize = 2_048;
/// Longest voting period and longest delay. Units: seconds; a hundred years.
pub const PERIOD_SECS_MAX: u64 = 36_525 * 86_400;

/// The institution.
#[derive(Debug)]
pub struct Assembly;

impl Institution for Assembly {
    const ADDRESS: Address = ASSEMBLY;
    type Calls = IAssembly::IAssemblyCalls;

    fn abi() -> JsonAbi {
        IAssembly::abi::contract()
    }

    fn dispatch(cx: &mut Context<'_>, call: Self::Calls) -> Result<Bytes> {
        use IAssembly::IAssemblyCalls as C;
        match call {
            C::deposit(c) => depositary::deposit(cx, c.treaty, InstrumentKind::Ratification, &[]).map(void),
            C::depositInstrument(c) => depositary::deposit(cx, c.treaty, c.kind, &c.statements).map(void),
            C::withdraw(c) => depositary::withdraw(cx, c.treaty).map(void),
            C::revokeWithdrawal(c) => depositary::revoke_withdrawal(cx, c.treaty).map(void),
            C::declare(c) => depositary::declare(cx, c.treaty, &c.statements).map(void),
            C::object(c) => depositary::object(cx, c.id, c.opposes, &c.text, c.documentHash).map(void),
            C::retract(c) => depositary::retract(cx, c.id).map(void),
            C::notify(c) => {
                let id = depositary::notify(cx, c.treaty, &c.title, c.documentHash, &c.uri)?;
                Ok(returns::<IAssembly::notifyCall>(&U256::from(id)))
            }
            C::reject(c) => depositary::reject(cx, c.id, &c.reason, c.documentHash).map(void),
            C::advanceText(c) => depositary::advance(cx, c.id).map(void),
            C::giveUpText(c) => depositary::give_up(cx, c.id).map(void),
            C::recordMandate(c) => {
                let id = mandate::record(cx, &c.title, c.documentHash, &c.issuer, &c.uri)?;
                Ok(returns::<IAssembly::recordMandateCall>(&U256::from(id)))
            }
            C::proposeUnder(c) => {
                let id = mandate::propose_under(cx, c.mandate, c.track, &c.title, &c.calls)?;
                Ok(returns::<IAssembly::proposeUnderCall>(&U256::from(id)))
            }
            C::takeEffect(c) => depositary::take_effect(cx, c.id).map(void),
            C::enterIntoForce(c) => treaty::enter_into_force(cx, c.treaty).map(void),
            C::propose(c) => {
                let id = propose::propose(cx, c.track, &c.title, &c.calls)?;
                Ok(returns::<IAssembly::proposeCall>(&U256::from(id)))
            }
            C::sponsor(c) => draft::sponsor(cx, c.id).map(void),
            C::unsponsor(c) => draft::unsponsor(cx, c.id).map(void),
            C::placeDeposit(c) => draft::place_deposit(cx, c.id).map(void),
            C::lapse(c) => draft::lapse(cx, c.id).map(void),
            C::open(c) => opening::open(cx, c.id).map(void),
            C::prepare(c) => opening::prepare(cx, c.id).map(void),
            C::resume(c) => opening::resume(cx, c.id).map(void),
            C::cancel(c) => cancel::cancel(cx, c.id, &c.reason).map(void),
            C::uncancel(c) => cancel::uncancel(cx, c.id).map(void),
            C::ballot(c) => ballot::ballot(cx, c.id, c.choice).map(void),
            C::ballotSplit(c) => ballot::ballot_split(cx, c.id, [c.yes, c.no, c.abstain, c.veto]).map(void),
            C::conclude(c) => conclude::conclude(cx, c.id).map(void),
            C::markEnacted(c) => enact::mark_enacted(cx, c.id).map(void),
            C::markFailed(c) => enact::mark_failed(cx, c.id, &c.reason).map(void),
            C::commit(c) => secret::commit(cx, c.id, c.commitment).map(void),
            C::reveal(c) => secret::reveal(cx, c.id, [c.yes, c.no, c.r#abstain, c.veto], c.salt).map(void),
            C::delegate(c) => delegation::delegate(cx, c.scope, c.to).map(void),
            C::undelegate(c) => delegation::undelegate(cx, c.scope).map(void),
            C::stand(c) => seats::stand(cx, c.chamber).map(void),
            C::standDown(c) => seats::stand_down(cx, c.chamber).map(void),
            C::elect(c) => seats::elect(cx, c.chamber, &c.candidates).map(void),
            C::bond(c) => seats::bond(cx, c.chamber).map(void),
            C::unbond(c) => {
                let id = seats::unbond(cx, c.chamber, c.amount)?;
                Ok(returns::<IAssembly::unbondCall>(&U256::from(id)))
            }
            C::turn(c) => seats::turn(cx, c.number).map(void),
            C::skipTurn(c) => seats::skip_turn(cx, c.number).map(void),
            C::release(c) => seats::release(cx, c.id).map(void),
            read => self::read(cx, read),
        }
    }
}

/// The functions that only read.
fn read(cx: &mut Context<'_>, call: IAssembly::IAssemblyCalls) -> Result<Bytes> {
    use IAssembly::IAssemblyCalls as C;
    let storage = storage();
    Ok(match call {
        C::proposalCount(_) => {
            returns::<IAssembly::proposalCountCall>(&U256::from(storage.proposal_count.get(cx)?))
        }
        C::proposal(c) => returns::<IAssembly::proposalCall>(&record::abi_of(cx, c.id)?),
        C::callsOf(c) => {
            let record = record::find(cx, c.id)?.1;
            let calls = record::calls(cx, &record)?;
            returns::<IAssembly::callsOfCall>(&calls)
        }
        C::codeHashesOf(c) => {
            let hashes = record::find(cx, c.id)?.1.code_hashes.all(cx)?;
            returns::<IAssembly::codeHashesOfCall>(&hashes)
        }
        C::ballotOf(c) => {
            let record = record::find(cx, c.id)?.1;
            let stage = record::find_stage(cx, c.id, &record, c.stage)?;
            let cast = ballot::Cast::of(cx, &stage, c.member)?;
            let [yes, no, abstain, veto] = cast.parts();
            let choice = cast.choice();
            let ballot = IAssembly::ballotOfReturn { choice, yes, no, abstain, veto };
            returns::<IAssembly::ballotOfCall>(&ballot)
        }
        C::tallyOf(c) => {
            let record = record::find(cx, c.id)?.1;
            let words = record::find_stage(cx, c.id, &record, c.stage)?.tally.all(cx)?;
            returns::<IAssembly::tallyOfCall>(&words)
        }
        C::reasonOf(c) => {
            let reason = record::find(cx, c.id)?.1.reason.get(cx)?;
            returns::<IAssembly::reasonOfCall>(&reason.into())
        }
        C::treatyIds(_) => returns::<IAssembly::treatyIdsCall>(&storage.treaty_ids.all(cx)?),
        C::treaty(c) => returns::<IAssembly::treatyCall>(&treaty::abi_of(cx, c.id)?),
        C::depositOf(c) => {
            let date = treaty::find(cx, c.treaty)?.parties.at(c.member).date.get(cx)?;
            returns::<IAssembly::depositOfCall>(&date)
        }
        C::treatyTallyOf(c) => {
            let words = treaty::find(cx, c.id)?.tally.all(cx)?;
            returns::<IAssembly::treatyTallyOfCall>(&words)
        }
        C::clausesOf(c) => {
            let record = treaty::find(cx, c.treaty)?;
            returns::<IAssembly::clausesOfCall>(&depositary::abi_of_clauses(cx, &record)?)
        }
        C::isParty(c) => {
            let is_party = depositary::is_party(cx, c.treaty, c.member, c.date)?;
            returns::<IAssembly::isPartyCall>(&is_party)
        }
        C::instrumentCount(_) => {
            returns::<IAssembly::instrumentCountCall>(&U256::from(storage.instrument_count.get(cx)?))
        }
        C::instrument(c) => returns::<IAssembly::instrumentCall>(&depositary::abi_of(cx, c.id)?),
        C::instrumentsOf(c) => {
            let record = treaty::find(cx, c.treaty)?;
            let numbers = depositary::numbers_of(cx, &record, c.member)?;
            returns::<IAssembly::instrumentsOfCall>(&numbers)
        }
        C::objectionsTo(c) => {
            let objections = depositary::find(cx, c.id)?.1.objections.all(cx)?;
            let objections = objections.into_iter().map(U256::from).collect();
            returns::<IAssembly::objectionsToCall>(&objections)
        }
        C::textCount(_) => returns::<IAssembly::textCountCall>(&U256::from(storage.text_count.get(cx)?)),
        C::text(c) => returns::<IAssembly::textCall>(&depositary::abi_of_text(cx, c.id)?),
        C::textBindsFrom(c) => {
            let text = depositary::find_text(cx, c.id)?.1;
            let from = depositary::binds_from(cx, &text, c.member)?;
            returns::<IAssembly::textBindsFromCall>(&from.unwrap_or_default())
        }
        C::authorityIds(_) => returns::<IAssembly::authorityIdsCall>(&storage.authority_ids.all(cx)?),
        C::authority(c) => returns::<IAssembly::authorityCall>(&mandate::abi_of_authority(cx, c.id)?),
        C::mandateCount(_) => {
            returns::<IAssembly::mandateCountCall>(&U256::from(storage.mandate_count.get(cx)?))
        }
        C::mandate(c) => returns::<IAssembly::mandateCall>(&mandate::abi_of(cx, c.id)?),
        C::mandateOf(c) => {
            let number = record::find(cx, c.id)?.1.mandate.get(cx)?;
            returns::<IAssembly::mandateOfCall>(&U256::from(number))
        }
        C::usesOf(c) => {
            let uses = mandate::find(cx, c.mandate)?.1.uses.all(cx)?;
            returns::<IAssembly::usesOfCall>(&uses.into_iter().map(U256::from).collect())
        }
        C::ruleIds(_) => returns::<IAssembly::ruleIdsCall>(&storage.rule_ids.all(cx)?),
        C::ruleHash(c) => returns::<IAssembly::ruleHashCall>(&storage.rules.at(c.id).get(cx)?),
        C::ruleText(c) => returns::<IAssembly::ruleTextCall>(&storage.rule_texts.at(c.hash).get(cx)?),
        C::guardianOf(c) => {
            let record = record::find(cx, c.id)?.1;
            let vote = record::read_stage(cx, &record.guardian)?;
            let until = record.guardian_until.get(cx)?;
            returns::<IAssembly::guardianOfCall>(&IAssembly::guardianOfReturn { vote, until })
        }
        C::averageOf(c) => {
            let record = record::find(cx, c.id)?.1;
            let average = record::find_stage(cx, c.id, &record, c.stage)?.average.get(cx)?;
            returns::<IAssembly::averageOfCall>(&average)
        }
        C::trackIds(_) => returns::<IAssembly::trackIdsCall>(&tracks::ids(cx)?),
        C::track(c) => returns::<IAssembly::trackCall>(&tracks::abi_of(cx, c.id)?),
        C::trackOfKind(c) => {
            let kind = polity_charter::CallKind::ALL.into_iter().find(|(_, kind)| kind.number() == c.kind);
            let track = match kind {
                Some((_, kind)) => tracks::of_kind(cx, kind)?.unwrap_or_default(),
                None => B256::ZERO,
            };
            returns::<IAssembly::trackOfKindCall>(&track)
        }
        C::constitutionalPaths(_) => {
            returns::<IAssembly::constitutionalPathsCall>(&tracks::constitutional(cx)?)
        }
        C::chamberIds(_) => returns::<IAssembly::chamberIdsCall>(&storage.chamber_ids.all(cx)?),
        C::chamber(c) => returns::<IAssembly::chamberCall>(&rules::abi_of_chamber(cx, c.id)?),
        C::commitmentOf(c) => {
            let record = record::find(cx, c.id)?.1;
            let commitment = match record::present(cx, &record)? {
                Some(stage) => stage.commitments.at(c.member).get(cx)?,
                None => B256::ZERO,
            };
            returns::<IAssembly::commitmentOfCall>(&commitment)
        }
        C::delegateOf(c) => {
            let to = delegation::delegate_at(cx, c.scope, c.member, u64::MAX)?;
            returns::<IAssembly::delegateOfCall>(&to.unwrap_or_default())
        }
        C::delegateAt(c) => {
            let to = delegation::delegate_at(cx, c.scope, c.member, c.height)?;
            returns::<IAssembly::delegateAtCall>(&to.unwrap_or_default())
        }
        C::carrierOf(c) => {
            let record = record::find(cx, c.id)?.1;
            let said = match record::present(cx, &record)? {
                Some(stage) => delegation::said(cx, &stage, c.member)?,
                None => None,
            };
            returns::<IAssembly::carrierOfCall>(&said.map(|(by, _)| by).unwrap_or_default())
        }
        C::termOf(c) => returns::<IAssembly::termOfCall>(&seats::term_of(cx, c.chamber)?),
        C::satAt(c) => {
            let sat = seats::sat_at(cx, c.chamber, c.member, c.height)?;
            returns::<IAssembly::satAtCall>(&sat)
        }
        C::electionOf(c) => returns::<IAssembly::electionOfCall>(&seats::election_of(cx, c.chamber)?),
        C::electedBy(c) => returns::<IAssembly::electedByCall>(&seats::elected_by(cx, c.chamber, c.member)?),
        C::stakeOf(c) => {
            returns::<IAssembly::stakeOfCall>(&seats::stake_at(cx, c.chamber, c.member, u64::MAX)?)
        }
        C::stakeAt(c) => {
            returns::<IAssembly::stakeAtCall>(&seats::stake_at(cx, c.chamber, c.member, c.height)?)
        }
        C::bondedIn(c) => returns::<IAssembly::bondedInCall>(&seats::bonded_in(cx, c.chamber)?),
        C::unbondingOf(c) => returns::<IAssembly::unbondingOfCall>(&seats::unbonding_of(cx, c.id)?),
        // The functions that write are in `dispatch`.
        _ => Bytes::new(),
    })
}

/// Whether someone votes in some chamber, and whether someone may open a proposal; the registry asks.
pub(crate) use seated::{anyone as anyone_votes, anyone_proposes};

/// The block by whose end proposal `id` was frozen when it opened; `None` before. `r` reads the assembly.
pub(crate) fn electorate_height<R: crate::storage::Read>(
    r: &mut R,
    id: u64,
) -> Result<Option<u64>, R::Error> {
    let record = storage().proposals.at(id);
    Ok(if record.opened_at.get(r)? == 0 { None } else { Some(record.electorate_height.get(r)?) })
}

/// Whether the charter names, or ever named, an authority `id`. `r` reads the assembly.
pub(crate) fn is_authority<R: crate::storage::Read>(r: &mut R, id: B256) -> Result<bool, R::Error> {
    Ok(!storage().authorities.at(id).name.get(r)?.is_empty())
}

/// The agenda.
pub(crate) fn agenda() -> Agenda {
    storage().agenda
}

/// The entry of the agenda that comes next, if it is due in `block`.
#[must_use]
pub fn next_entry(
    slots: &dyn crate::host::Slots,
    block: &crate::host::BlockInfo,
) -> Option<crate::agenda::Entry> {
    let Ok(top) = agenda().top(&mut schema::view(slots));
    top.filter(|entry| entry.is_due(block))
}

/// The id of the treaty at place `number` of the list; zero if there is none.
pub(crate) fn treaty_by_number(view: &mut View<'_>, number: u64) -> B256 {
    let Ok(id) = storage().treaty_ids.at(number).get(view);
    id
}

/// Call data of `enact` for proposal `id`.
pub(crate) fn enact_input(view: &mut View<'_>, id: u64) -> Bytes {
    let record = storage().proposals.at(id);
    let Ok(calls) = record::calls(view, &record);
    payload::enact_input(id, calls)
}

#[cfg(test)]
pub(crate) mod tests;
