//! What an amendment does: one function of an institution for each effect, the same that genesis calls.

use polity_charter::{Charter, Effect, Member, Rights, Text};
use polity_primitives::{ARTICLES, ASSEMBLY, REGISTRY, TREASURY};

use super::judge::{Judged, invalid, scaled, word};
use crate::{
    articles,
    assembly::amend as assembly,
    context::{Context, Result},
    genesis::{admission, full_name},
    host::Failure,
    registry::{Going, IRegistry, registry},
    treasury::treasury,
};

/// Carries out what the amendment means, in order.
///
/// Errors: those of the institutions.
pub(super) fn effects(cx: &mut Context<'_>, judged: &Judged) -> Result<()> {
    for effect in &judged.effects {
        one(cx, effect, judged)?;
    }
    Ok(())
}

/// Who could go on before the amendment; `None` if it takes from nobody the means to.
///
/// Who meets new settings of consensus is asked for as they are judged, whatever was before: after all is written too.
pub(super) fn before(cx: &mut Context<'_>, judged: &Judged) -> Result<Option<Going>> {
    let concerns_everyone = |effect: &Effect| {
        matches!(
            effect,
            Effect::Expel { .. }
                | Effect::MemberKind { .. }
                | Effect::MemberClasses { .. }
                | Effect::MemberRights { .. }
                | Effect::KindRights { .. }
                | Effect::Chamber { .. }
                | Effect::ChamberRemoved { .. }
                | Effect::AuthorityRemoved { .. }
                | Effect::Access
        )
    };
    if !judged.effects.iter().any(concerns_everyone) {
        return Ok(None);
    }
    let before = cx.inside(REGISTRY, |cx| registry().going(cx, Rights::PROPOSE))?;
    let new_settings = judged.effects.contains(&Effect::Consensus);
    Ok(Some(Going { decides: before.decides || new_settings, ..before }))
}

/// Refuses an amendment after which nobody could decide blocks, open a proposal, or vote. Looked at once, when all is written: on
/// the way it may be otherwise.
///
/// Errors: `NoValidatorLeft`, `NoVoterLeft`, `NoProposerLeft`.
pub(super) fn keep_going(cx: &mut Context<'_>, before: Option<Going>) -> Result<()> {
    before.map_or(Ok(()), |before| cx.inside(REGISTRY, |cx| registry().keep_going(cx, before)))
}

fn one(cx: &mut Context<'_>, effect: &Effect, judged: &Judged) -> Result<()> {
    let new = &judged.new;
    match effect {
        Effect::WeightName { name } => {
            let scale = new.weight_scales.get(name).copied().unwrap_or(1);
            let name = word(name)?;
            cx.inside(REGISTRY, |cx| match registry().scale(cx, name)? {
                0 => registry().name_weight(cx, name, scale),
                _ => Ok(()),
            })
        }
        Effect::TreasuryAccount { name } => {
            let name = word(name)?;
            cx.inside(TREASURY, |cx| treasury().provide(cx, name))
        }
        Effect::Rule { id } => {
            let rule = found(new.rule(id), id)?;
            cx.inside(ASSEMBLY, |cx| assembly::write_rule(cx, rule))
        }
        Effect::RuleRemoved { id } => cx.inside(ASSEMBLY, |cx| assembly::remove_rule(cx, id)),
        Effect::Chamber { id } => {
            let chamber = found(new.chamber(id), id)?;
            cx.inside(ASSEMBLY, |cx| assembly::write_chamber(cx, chamber, language(new)))
        }
        Effect::ChamberRemoved { id } => cx.inside(ASSEMBLY, |cx| assembly::remove_chamber(cx, id)),
        Effect::Treaty { id } => {
            let treaty = found(new.treaty(id), id)?;
            cx.inside(ASSEMBLY, |cx| assembly::write_treaty(cx, treaty, language(new)))
        }
        Effect::TreatyName { id } => {
            let treaty = found(new.treaty(id), id)?;
            cx.inside(ASSEMBLY, |cx| assembly::name_treaty(cx, id, &treaty.name, language(new)))
        }
        Effect::Authority { id } | Effect::AuthorityRemoved { id } => {
            cx.inside(ASSEMBLY, |cx| assembly::write_authority(cx, new, id))
        }
        Effect::Track { id } => {
            let track = found(new.track(id), id)?;
            cx.inside(ASSEMBLY, |cx| assembly::write_track(cx, track, language(new)))
        }
        Effect::TrackRemoved { id } => cx.inside(ASSEMBLY, |cx| assembly::remove_track(cx, id)),
        Effect::Constitutional => cx.inside(ASSEMBLY, |cx| assembly::write_constitutional(cx, new)),
        Effect::Article { id } => {
            let article = found(new.article(id), id)?;
            cx.inside(ARTICLES, |cx| articles::write_article(cx, article))
        }
        Effect::ArticleRemoved { id } => cx.inside(ARTICLES, |cx| articles::remove_article(cx, id)),
        Effect::KindRights { kind } => {
            let rights = new.rights.get(kind).copied().unwrap_or_default();
            cx.inside(REGISTRY, |cx| registry().set_kind_rights(cx, *kind, rights))
        }
        Effect::Admit { member }
        | Effect::Expel { member }
        | Effect::MemberName { member }
        | Effect::MemberKind { member }
        | Effect::MemberClasses { member, .. }
        | Effect::MemberWeight { member, .. }
        | Effect::MemberRights { member, .. } => of_member(cx, effect, member, new),
        // The rules of blocks and the settings of consensus are written with the version, from the charter as a whole.
        Effect::Consensus
        | Effect::Fees
        | Effect::BlockGasLimit
        | Effect::Access
        | Effect::Pace
        | Effect::History
        | Effect::Words { .. } => Ok(()),
    }
}

fn of_member(cx: &mut Context<'_>, effect: &Effect, member: &str, new: &Charter) -> Result<()> {
    let (id, registry) = (word(member)?, registry());
    match effect {
        Effect::Admit { .. } => {
            let admission = admitted(cx, found(new.member(member), member)?, new)?;
            cx.inside(REGISTRY, |cx| registry.admit_or_take_over(cx, &admission))
        }
        Effect::Expel { .. } => cx.inside(REGISTRY, |cx| registry.expel_if_present(cx, id)),
        Effect::MemberName { .. } => {
            let name = name_of(&found(new.member(member), member)?.name, member, new);
            cx.inside(REGISTRY, |cx| registry.set_name(cx, id, &name))
        }
        Effect::MemberKind { .. } => {
            let kind = found(new.member(member), member)?.kind;
            cx.inside(REGISTRY, |cx| registry.set_kind(cx, id, kind))
        }
        Effect::MemberClasses { gained, lost, .. } => cx.inside(REGISTRY, |cx| {
            let gained = gained.iter().map(|class| (class, true));
            for (class, belongs) in gained.chain(lost.iter().map(|class| (class, false))) {
                registry.amend_class(cx, id, word(class)?, belongs)?;
            }
            Ok(())
        }),
        Effect::MemberWeight { name, .. } => {
            let value = scaled(cx, new, member, name)?;
            let name = word(name)?;
            cx.inside(REGISTRY, |cx| registry.amend_weight(cx, id, name, value))
        }
        Effect::MemberRights { gained, lost, .. } => {
            cx.inside(REGISTRY, |cx| registry.set_granted(cx, id, *gained, *lost))
        }
        _ => Ok(()),
    }
}

/// How the registry admits `member`, with its weights in the parts in which the registry counts them.
fn admitted(cx: &mut Context<'_>, member: &Member, new: &Charter) -> Result<IRegistry::Admission> {
    let mut admission = admission(new, member).map_err(|error| invalid(&error.to_string()))?;
    let weight = |(name, _): (&String, _)| {
        Ok(IRegistry::Weight { name: word(name)?, value: scaled(cx, new, &member.id, name)? })
    };
    admission.weights = member.weights.iter().map(weight).collect::<Result<_>>()?;
    Ok(admission)
}

fn language(charter: &Charter) -> &str {
    charter.languages.first().map_or("en", String::as_str)
}

fn name_of(name: &Text, id: &str, charter: &Charter) -> String {
    full_name(name.get(language(charter)), id)
}

/// An effect names only what is in the charter it was computed from.
fn found<T>(thing: Option<T>, id: &str) -> Result<T> {
    thing.ok_or_else(|| Failure::fatal(format!("an amendment speaks of `{id}`, which is not in the charter")))
}
