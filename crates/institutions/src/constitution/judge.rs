//! Whether changes can be made: in the text, by the charter's own checks, and on this chain as it is.

use alloy_primitives::B256;
use polity_charter::{
    Change, Charter, Diagnostic, Diagnostics, Effect, Fees, Op, Severity, amended_metered, diff,
    parse_metered,
};
use polity_decision::Rational;
use polity_primitives::{ASSEMBLY, REGISTRY};

use super::{Constitution, IConstitution as sol, TEXT_BYTES_MAX, candidates::would_sit};
use crate::{
    assembly,
    context::{Context, Result},
    ensure,
    host::Failure,
    names,
    registry::{Status, registry},
};

/// Gas of the work that the reading of one byte of a charter is.
///
/// Source: measured, a megabyte of charter is read and checked in about 0.1 s, that is 5 million gas at 50 million a second.
pub const STEP_GAS: u64 = 5;

/// Most bytes of a message about what is wrong: what is left of a failed proposal's reason when two errors wrap it.
pub const MESSAGE_BYTES_MAX: usize = 640;

/// What an amendment would make of the charter.
pub(super) struct Judged {
    pub(super) new: Charter,
    pub(super) effects: Vec<Effect>,
}

/// Reads the charter in force, makes the changes, and says what follows.
///
/// Errors: `InvalidAmendment`. Gas: the text's words, [`STEP_GAS`] per byte read (three times over), the electorates.
pub(super) fn judge(at: &Constitution, cx: &mut Context<'_>, changes: &[sol::Change]) -> Result<Judged> {
    let changes: Vec<Change> = changes_of(changes)?;
    let Some(text) = at.text(cx)? else {
        return Err(invalid(&format!("a charter longer than {TEXT_BYTES_MAX} bytes cannot be amended")));
    };
    let mut meter = |steps: u64| cx.charge(steps.saturating_mul(STEP_GAS));
    let old =
        parse_metered("charter in force", &text, &mut meter)?.map_err(|found| invalid(&said(&found)))?;
    let new = amended_metered(&text, &changes, &mut meter)?.map_err(|found| invalid(&said(&found)))?;
    let (old, new) = (old.charter, new.charter);
    ensure!(
        new.text.len() <= TEXT_BYTES_MAX,
        failure(&format!("the charter would be longer than {TEXT_BYTES_MAX} bytes"))
    );
    let effects = diff(&old, &new).map_err(|refusals| {
        let first = refusals.first().map(ToString::to_string).unwrap_or_default();
        invalid(&and_more(first, refusals.len()))
    })?;
    let judged = Judged { new, effects };
    if judged.effects.contains(&Effect::Consensus) {
        at.may_turn(cx)?;
        let settings = &judged.new.consensus;
        if let Err(error) = would_sit(cx, settings)? {
            return Err(invalid(&format!("consensus: {error}")));
        }
    }
    if let (Fees::Free, Fees::Market { initial_base_fee_wei }) = (old.fees, judged.new.fees) {
        let symbol = &judged.new.currency.symbol;
        let locked_out = cx.inside(ASSEMBLY, |cx| assembly::locked_out(cx, initial_base_fee_wei, symbol))?;
        if let Some(problem) = locked_out {
            return Err(invalid(&problem));
        }
    }
    for effect in &judged.effects {
        possible(cx, effect, &judged)?;
    }
    Ok(judged)
}

/// The changes of the ABI as the charter takes them.
///
/// # Errors
/// `InvalidAmendment` for an operation there is not.
pub fn changes_of(changes: &[sol::Change]) -> Result<Vec<Change>> {
    let change = |change: &sol::Change| {
        let op = match change.op {
            sol::Op::Set => Op::Set,
            sol::Op::Add => Op::Add,
            sol::Op::Remove => Op::Remove,
            _ => return Err(invalid("there is no such operation")),
        };
        Ok(Change { op, path: change.path.clone(), value: change.value.clone() })
    };
    changes.iter().map(change).collect()
}

/// What only the chain knows: who is still a member, and in which fractions a weight is counted.
fn possible(cx: &mut Context<'_>, effect: &Effect, judged: &Judged) -> Result<()> {
    match effect {
        Effect::MemberName { member }
        | Effect::MemberKind { member }
        | Effect::MemberClasses { member, .. }
        | Effect::MemberRights { member, .. } => still_member(cx, member),
        Effect::Authority { id } => {
            let known = registry().standing(&mut cx.storage_of(REGISTRY), word(id)?, u64::MAX)?;
            ensure!(
                known.status == Status::Unknown,
                failure(&format!(
                    "authorities.{id}: a member has, or had, this id; give the authority another"
                ))
            );
            Ok(())
        }
        Effect::MemberWeight { member, name } => {
            still_member(cx, member)?;
            scaled(cx, &judged.new, member, name).map(drop)
        }
        Effect::Admit { member } => {
            let weights = judged.new.member(member).map(|member| member.weights.keys().cloned().collect());
            let weights: Vec<String> = weights.unwrap_or_default();
            weights.iter().try_for_each(|name| scaled(cx, &judged.new, member, name).map(drop))
        }
        _ => Ok(()),
    }
}

fn still_member(cx: &mut Context<'_>, member: &str) -> Result<()> {
    let id = word(member)?;
    let standing = registry().standing(&mut cx.storage_of(REGISTRY), id, u64::MAX)?;
    ensure!(
        standing.status.is_present(),
        failure(&format!("members.{member}: it is no member any more; `remove` it from the charter"))
    );
    Ok(())
}

/// The weight `name` of `member` in `charter`, in the fractions in which the registry counts it.
pub(super) fn scaled(cx: &mut Context<'_>, charter: &Charter, member: &str, name: &str) -> Result<u128> {
    let voter = charter.member(member).map(|member| charter.voter(member));
    let weight = voter.and_then(|voter| voter.weights.get(name).cloned()).unwrap_or_default();
    let known = registry().scale(&mut cx.storage_of(REGISTRY), word(name)?)?;
    // A weight that is new to the registry is written with the scale that makes it whole in the charter.
    let scale = if known == 0 { charter.weight_scales.get(name).copied().unwrap_or(1) } else { known };
    let product = weight * Rational::from_integer(scale.into());
    let whole = product.is_integer().then(|| u128::try_from(product.to_integer()).ok()).flatten();
    whole.ok_or_else(|| {
        invalid(&format!(
            "members.{member}.weights.{name}: the registry counts this weight in {scale} parts of one; write a \
             multiple of 1/{scale}, or name a new weight"
        ))
    })
}

pub(super) fn word(name: &str) -> Result<B256> {
    names::word(name).ok_or_else(|| invalid(&format!("`{name}` is no name")))
}

/// The first error, in one line, and how many more there are.
fn said(found: &Diagnostics) -> String {
    let errors = found.iter().filter(|diagnostic| diagnostic.severity == Severity::Error);
    let Some(Diagnostic { message, hint, line, column, path, .. }) = errors.clone().next() else {
        return String::new();
    };
    let mut text = match path.as_str() {
        "" => format!("{}: {message}", found.file),
        path => format!("{}:{line}:{column}: {path}: {message}", found.file),
    };
    if let Some(hint) = hint {
        text = format!("{text} ({hint})");
    }
    and_more(text, errors.count().saturating_add(found.omitted))
}

fn and_more(first: String, count: usize) -> String {
    match count.saturating_sub(1) {
        0 => cut(&first).to_owned(),
        more => format!("{} (and {more} more)", cut(&first)),
    }
}

/// `text` cut to the bound at a character.
fn cut(text: &str) -> &str {
    let end = (0..=MESSAGE_BYTES_MAX.min(text.len())).rev().find(|end| text.is_char_boundary(*end));
    text.get(..end.unwrap_or_default()).unwrap_or_default()
}

fn failure(problem: &str) -> sol::InvalidAmendment {
    sol::InvalidAmendment { problem: cut(problem).to_owned() }
}

/// `InvalidAmendment` with `problem`.
pub(super) fn invalid(problem: &str) -> Failure {
    failure(problem).into()
}
