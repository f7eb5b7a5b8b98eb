//! What honesty earned and dishonesty cost: bonds, rewards, standing, offences; and who signed what.

use polity_institutions::{
    constitution::{self as house, Obstacle},
    registry,
};
use polity_ledger::Docketed;
use polity_primitives::{Address, B256, Bytes, Evidence, Height, Signature};
use serde::Serialize;

use super::{At, height, state};
use crate::{
    api::Api,
    args::{Args, Quantity},
    error::Failure,
    method::Answer,
};

/// Most heights that one search for signatures looks at.
const SIGNATURES_HEIGHTS_MAX: u64 = 1_000;
/// Offences of one answer, if the question names no number.
const OFFENCES: u64 = 100;

/// Everything at stake. Money in wei; times are seconds since 1970-01-01 UTC.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct StakesView {
    issued_wei: String,
    burnt_wei: String,
    held_wei: String,
    candidates: Vec<BondView>,
    /// Delegates by stake of the present term.
    delegates: Vec<String>,
    term_ends_at: Option<u64>,
    unbondings: Vec<PaymentView>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct BondView {
    member: String,
    pledged_wei: String,
    total_wei: String,
    leaving_wei: String,
    /// When the last of it may be paid; `null` if nothing waits.
    leaving_until: Option<u64>,
    vesting_wei: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PaymentView {
    id: u64,
    candidate: String,
    holder: String,
    amount_wei: String,
    paid_at: u64,
    to: Option<String>,
}

pub(super) fn stakes(api: &Api, args: &Args<'_>) -> Result<Answer, Failure> {
    let state = state(api, args, 0)?;
    let (books, (delegates, ends)) = (house::books(&state), house::delegates(&state));
    let bond = |bond: house::BondView| BondView {
        member: bond.member,
        pledged_wei: bond.pledged.to_string(),
        total_wei: bond.total.to_string(),
        leaving_wei: bond.leaving.to_string(),
        leaving_until: bond.leaving_until,
        vesting_wei: bond.vesting.to_string(),
    };
    let payment = |payment: house::PaymentView| PaymentView {
        id: payment.id,
        candidate: payment.candidate,
        holder: payment.holder,
        amount_wei: payment.amount.to_string(),
        paid_at: payment.paid_at,
        to: payment.to,
    };
    api.answer(&StakesView {
        issued_wei: books.issued.to_string(),
        burnt_wei: books.burnt.to_string(),
        held_wei: books.held.to_string(),
        candidates: house::bonds(&state).into_iter().map(bond).collect(),
        delegates,
        term_ends_at: (ends != 0).then_some(ends),
        unbondings: house::payments(&state).into_iter().map(payment).collect(),
    })
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct HoldingView {
    candidate: String,
    amount_wei: String,
    rewards_wei: String,
}

/// What a member (by id) or an account has at stake with whom, and what it can claim.
pub(super) fn rewards(api: &Api, args: &Args<'_>) -> Result<Answer, Failure> {
    let who: String = args.get(0)?;
    let state = state(api, args, 1)?;
    let account = match registry::member(&state, &who) {
        Some(member) => member.account,
        None => who
            .parse::<Address>()
            .map_err(|_| args.wrong(0, format!("`{who}` is neither a member nor an address")))?,
    };
    let holding = |holding: house::HoldingView| HoldingView {
        candidate: holding.candidate,
        amount_wei: holding.amount.to_string(),
        rewards_wei: holding.rewards.to_string(),
    };
    api.answer(&house::holdings(&state, account).into_iter().map(holding).collect::<Vec<_>>())
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ScoreView {
    member: String,
    status: &'static str,
    score: i64,
    written: u64,
    missed: u64,
    in_a_row: u64,
}

/// How everyone stands, or one member.
pub(super) fn standing(api: &Api, args: &Args<'_>) -> Result<Answer, Failure> {
    let asked: Option<String> = args.opt(0)?;
    let state = state(api, args, 1)?;
    if let Some(asked) = asked.as_ref().filter(|asked| registry::member(&state, asked).is_none()) {
        return Err(args.wrong(0, format!("there is no member `{asked}`")));
    }
    let wanted = |score: &house::ScoreView| asked.as_ref().is_none_or(|asked| *asked == score.member);
    let score = |score: house::ScoreView| ScoreView {
        status: registry::member(&state, &score.member).map_or("unknown", |member| member.status.as_str()),
        member: score.member,
        score: score.score,
        written: score.written,
        missed: score.missed,
        in_a_row: score.in_a_row,
    };
    let scores = house::scores(&state, state.height().next().0);
    api.answer(&scores.into_iter().filter(wanted).map(score).collect::<Vec<_>>())
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct OffenceView {
    number: u64,
    offence: &'static str,
    member: String,
    height: u64,
    round: u32,
    /// Who brought the evidence, by an account, or by a block that carried it. None: the chain counted, or the culprit itself did.
    reporter: Option<Address>,
    /// The member that acts with it.
    reporter_member: Option<String>,
    punished_at: u64,
    forfeited_wei: String,
}

/// Offences that were punished, in that order.
pub(super) fn offences(api: &Api, args: &Args<'_>) -> Result<Answer, Failure> {
    let from = args.opt::<Quantity>(0)?.map_or(0, |from| from.0);
    let count = args.opt::<Quantity>(1)?.map_or(OFFENCES, |count| count.0);
    let state = state(api, args, 2)?;
    let word = |kind: u8| {
        polity_constitution::OffenceKind::from_number(kind).map_or("turns missed", |kind| kind.as_str())
    };
    let members = registry::members(&state);
    let named = |account: Address| {
        members.iter().find(|member| member.account == account).map(|member| member.id.clone())
    };
    let view = |(number, offence): (u64, house::OffenceView)| OffenceView {
        number,
        reporter_member: offence.reporter.and_then(named),
        offence: word(offence.kind),
        member: offence.member,
        height: offence.height,
        round: offence.round,
        reporter: offence.reporter,
        punished_at: offence.punished_at,
        forfeited_wei: offence.forfeited.to_string(),
    };
    let found = (from..).zip(house::offences(&state, from, count)).map(view);
    api.answer(&found.collect::<Vec<_>>())
}

/// Evidence on record at this node: what its engines found and what peers told.
#[derive(Serialize)]
struct EvidenceView {
    #[serde(flatten)]
    evidence: Evidence,
    /// One per offence.
    key: B256,
    offence: &'static str,
    /// The member whose key signed.
    member: Option<String>,
    /// What `CONSTITUTION.accuse` takes.
    accusation: Bytes,
    /// Whether it was punished.
    punished: bool,
    /// `due`: the next block of whoever has it punishes it. `recorded`: it waits for somebody's `accuse`. `punished`, `answered`,
    /// `too old`: see `why`.
    state: &'static str,
    why: Option<String>,
}

/// Evidence on record at this node.
pub(super) fn evidence(api: &Api, _: &Args<'_>) -> Result<Answer, Failure> {
    let state = api.ledger.latest();
    let convicts = api.ledger.convicts();
    let view = |(entry, obstacle): (Docketed, Option<Obstacle>)| {
        let (word, why) = match &obstacle {
            None if convicts => ("due", None),
            None => ("recorded", Some("the charter has no incentive: somebody has to bring it".to_owned())),
            Some(Obstacle::Punished(_)) => ("punished", None),
            Some(Obstacle::Answered(answered)) => {
                let why =
                    format!("its member was punished in block {}; `accuse` still takes it", answered.height);
                ("answered", Some(why))
            }
            Some(Obstacle::TooOld(old)) => {
                ("too old", Some(format!("the oldest that counts is block {}", old.oldest)))
            }
            Some(Obstacle::KeyRetired(key)) => {
                ("recorded", Some(format!("the member had given the key up in block {}", key.height)))
            }
            Some(_) => (
                "recorded",
                Some("no member's key, or no block's height, as this node knows the chain".to_owned()),
            ),
        };
        EvidenceView {
            key: entry.offence.key,
            offence: entry.offence.kind.as_str(),
            member: house::member_of_signer(&state, entry.offence.culprit),
            evidence: entry.evidence,
            accusation: entry.accusation,
            punished: matches!(obstacle, Some(Obstacle::Punished(_))),
            state: word,
            why,
        }
    };
    api.answer(&api.ledger.docket().into_iter().map(view).collect::<Vec<_>>())
}

/// One signature.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SignatureView {
    height: u64,
    /// `precommit` in the certificate of a finalized block, `seal` of a worked one, or `vote` and `proposal` in evidence.
    said: &'static str,
    round: u32,
    block_hash: Option<B256>,
    member: Option<String>,
    validator: Address,
    signature: Signature,
    /// Whether it wrote the block.
    wrote: bool,
}

#[derive(Serialize)]
struct SignaturesView {
    from: u64,
    to: u64,
    /// Where to go on, if the range was too long for one answer.
    next: Option<u64>,
    signatures: Vec<SignatureView>,
}

/// Every signature of a member, or of all, on finalized blocks of a range of heights: in the certificates this node keeps, and in
/// the evidence it has. Without a range: the last heights.
pub(super) fn signatures(api: &Api, args: &Args<'_>) -> Result<Answer, Failure> {
    let asked: Option<String> = args.opt(0)?;
    let state = api.ledger.latest();
    if let Some(asked) = asked.as_ref().filter(|asked| registry::member(&state, asked).is_none()) {
        return Err(args.wrong(0, format!("there is no member `{asked}`")));
    }
    // Only what is final; a range that goes beyond ends there.
    let last = api.head().finalized();
    let to = args.opt::<At>(2)?.map_or(last, |_| height(api, args, 2).unwrap_or(last)).min(last).0;
    let earliest = to.saturating_sub(SIGNATURES_HEIGHTS_MAX.saturating_sub(1)).max(1);
    let from = args.opt::<At>(1)?.map_or(Ok(Height(earliest)), |_| height(api, args, 1))?.0.max(1);
    if args.opt::<At>(1)?.is_some() && from > to {
        return Err(args.wrong(1, format!("the range begins at block {from} and ends at block {to}")));
    }
    let until = to.min(from.saturating_add(SIGNATURES_HEIGHTS_MAX.saturating_sub(1)));
    let mut signatures = Vec::new();
    let wanted = |member: &Option<String>| asked.is_none() || *member == asked;
    for at in (from..=until).map(Height) {
        let block = api.ledger.block(at)?;
        signatures.extend(
            block.as_deref().and_then(|block| sealed(&state, block)).filter(|view| wanted(&view.member)),
        );
        let Some(certificate) = api.ledger.certificate(at)? else { continue };
        let writer = block.map(|block| block.header().beneficiary);
        for signed in &certificate.signatures {
            let member = house::member_of_signer(&state, signed.validator);
            if wanted(&member) {
                signatures.push(SignatureView {
                    height: at.0,
                    said: "precommit",
                    round: certificate.round,
                    block_hash: Some(certificate.block_hash),
                    member,
                    validator: signed.validator,
                    signature: signed.signature,
                    wrote: writer == Some(signed.validator),
                });
            }
        }
    }
    for evidence in api.ledger.evidence()? {
        let in_range = |view: &SignatureView| (from..=until).contains(&view.height) && wanted(&view.member);
        signatures.extend(of_evidence(&state, evidence).into_iter().filter(in_range));
    }
    signatures.sort_by_key(|view| (view.height, view.round, view.validator));
    let next = (until < to).then(|| until.saturating_add(1));
    api.answer(&SignaturesView { from, to: until, next, signatures })
}

/// The signature with which the writer of a worked block sealed it.
fn sealed(
    state: &polity_ledger::StateView,
    executed: &polity_ledger::ExecutedBlock,
) -> Option<SignatureView> {
    let header = executed.header();
    let signature = Signature::try_from(executed.block.block.seal.as_ref()).ok()?;
    (!header.difficulty.is_zero()).then(|| SignatureView {
        height: header.number,
        said: "seal",
        round: 0,
        block_hash: Some(executed.block.hash),
        member: house::member_of_signer(state, header.beneficiary),
        validator: header.beneficiary,
        signature,
        wrote: true,
    })
}

fn of_evidence(state: &polity_ledger::StateView, evidence: Evidence) -> Vec<SignatureView> {
    let one = |said, height, round, block_hash, validator, signature| SignatureView {
        height,
        said,
        round,
        block_hash,
        member: house::member_of_signer(state, validator),
        validator,
        signature,
        wrote: false,
    };
    match evidence {
        Evidence::DoubleVote { first, second } => [first, second]
            .into_iter()
            .map(|vote| one("vote", vote.height, vote.round, vote.block_hash, vote.validator, vote.signature))
            .collect(),
        Evidence::DoubleProposal { height, round, validator, first, second } => [first, second]
            .into_iter()
            .map(|(hash, _, signature)| one("proposal", height, round, Some(hash), validator, signature))
            .collect(),
        Evidence::InvalidProposal { height, round, validator, header, signature } => {
            let hash = polity_primitives::keccak256(&header);
            vec![one("proposal", height, round, Some(hash), validator, signature)]
        }
        _ => Vec::new(),
    }
}
