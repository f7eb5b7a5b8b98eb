//! Effects in words.

use core::fmt::Write as _;

use super::{Effect, settings};
use crate::report::join;
use crate::{
    Access, Charter, Clock, Fees, History, Language, Rights, amount_text, describe, describe_article,
    describe_track, duration_text,
};
use polity_decision::Rational;
use polity_primitives::U256;

const LANGUAGE: Language = Language::En;

impl Effect {
    /// The key of the charter that it follows from.
    #[must_use]
    pub fn path(&self) -> String {
        let member = |id: &str, key: &str| join(&join("members", id), key);
        match self {
            Self::WeightName { .. } => "members".to_owned(),
            Self::TreasuryAccount { name } => join("treasury", name),
            Self::Rule { id } | Self::RuleRemoved { id } => join("rules", id),
            Self::Admit { member } | Self::Expel { member } => join("members", member),
            Self::MemberName { member: id } => member(id, "name"),
            Self::MemberKind { member: id } => member(id, "kind"),
            Self::MemberClasses { member: id, .. } => member(id, "classes"),
            Self::MemberWeight { member: id, name } => join(&member(id, "weights"), name),
            Self::MemberRights { member: id, .. } => member(id, "rights"),
            Self::KindRights { kind } => join("rights", kind.as_str()),
            Self::Treaty { id } => join("treaties", id),
            Self::TreatyName { id } => join(&join("treaties", id), "name"),
            Self::Authority { id } | Self::AuthorityRemoved { id } => join("authorities", id),
            Self::Article { id } | Self::ArticleRemoved { id } => join("articles", id),
            Self::Chamber { id } | Self::ChamberRemoved { id } => join("chambers", id),
            Self::Track { id } | Self::TrackRemoved { id } => join("tracks", id),
            Self::Constitutional => "amendment.constitutional".to_owned(),
            Self::Consensus => "consensus".to_owned(),
            Self::Fees => "fees".to_owned(),
            Self::BlockGasLimit => "ledger.block_gas_limit".to_owned(),
            Self::Access => "access".to_owned(),
            Self::Pace => "clock".to_owned(),
            Self::History => "ledger.history".to_owned(),
            Self::Words { path } => path.clone(),
        }
    }

    /// What happens, in a sentence, between `old` and `new`.
    #[must_use]
    pub fn words(&self, old: &Charter, new: &Charter) -> String {
        match self {
            Self::WeightName { name } => format!("members are counted by a new weight, {name}"),
            Self::TreasuryAccount { name } => format!("the treasury opens an account {name}"),
            Self::Rule { id } => rule(id, old, new),
            Self::RuleRemoved { id } => format!("the rule {id} is removed"),
            Self::Admit { member } => admission(member, new),
            Self::Expel { member } => format!("{member} is a member no more"),
            Self::MemberName { member } => format!(
                "{member} is called {} (was {})",
                new.member(member).map_or("", |m| m.name.in_language(LANGUAGE)),
                old.member(member).map_or("", |m| m.name.in_language(LANGUAGE)),
            ),
            Self::MemberKind { member } => format!(
                "{member} becomes a member of kind {} (was {})",
                new.member(member).map_or("", |m| m.kind.as_str()),
                old.member(member).map_or("", |m| m.kind.as_str()),
            ),
            Self::MemberClasses { member, gained, lost } => {
                both(member, "enters", &gained.join(", "), "leaves", &lost.join(", "))
            }
            Self::MemberWeight { member, name } => {
                format!(
                    "{name} of {member}: {} (was {})",
                    weight(new, member, name),
                    weight(old, member, name)
                )
            }
            Self::MemberRights { member, gained, lost } => {
                both(member, "gains by name", &rights(*gained), "loses by name", &rights(*lost))
            }
            Self::KindRights { kind } => {
                let of = |charter: &Charter| rights(charter.rights.get(kind).copied().unwrap_or_default());
                format!("members of kind {kind} may {} (before: {})", of(new), of(old))
            }
            Self::Treaty { id } => format!("the treaty {id} is opened for instruments"),
            Self::TreatyName { id } => {
                format!("the treaty {id} has another name: {}", settings::words(old, new, &self.path()))
            }
            Self::Authority { id } => authority(id, old, new),
            Self::AuthorityRemoved { id } => {
                format!("the authority {id} records no more mandates; those it recorded stay")
            }
            Self::Article { id } => article(id, old, new),
            Self::ArticleRemoved { id } => {
                format!("the article {id} is removed; its running period lapses, what is settled goes on")
            }
            Self::Chamber { id } => chamber(id, old, new),
            Self::ChamberRemoved { id } => {
                format!("the chamber {id} is removed; what it has before it goes on")
            }
            Self::Track { id } => track(id, old, new),
            Self::TrackRemoved { id } => {
                format!("the track {id} is removed; what it has opened goes on")
            }
            Self::Constitutional => {
                format!(
                    "constitutional is what lies under {} (was {})",
                    new.constitutional.join(", "),
                    old.constitutional.join(", ")
                )
            }
            Self::Consensus => {
                format!("consensus is decided by other settings: {}", settings::words(old, new, "consensus"))
            }
            Self::Fees => format!("transactions pay {} (was {})", fees(new), fees(old)),
            Self::BlockGasLimit => {
                format!("the gas of a block is {} (was {})", new.block_gas_limit, old.block_gas_limit)
            }
            Self::Access => format!("{} (was: {})", access(new), access(old)),
            Self::Pace => format!("{} (was: {})", pace(new), pace(old)),
            Self::History => format!("nodes keep {} (was: {})", history(new.history), history(old.history)),
            Self::Words { path } => settings::words(old, new, path),
        }
    }
}

fn both(member: &str, gain: &str, gained: &str, lose: &str, lost: &str) -> String {
    let mut words = member.to_owned();
    if !gained.is_empty() {
        _ = write!(words, " {gain} {gained}");
    }
    if !lost.is_empty() {
        let and = if gained.is_empty() { "" } else { " and" };
        _ = write!(words, "{and} {lose} {lost}");
    }
    words
}

fn rights(rights: Rights) -> String {
    if rights.is_empty() { "nothing".to_owned() } else { rights.words().collect::<Vec<_>>().join(", ") }
}

fn authority(id: &str, old: &Charter, new: &Charter) -> String {
    let words = |charter: &Charter| {
        charter.authority(id).map(|authority| {
            let issuer = authority.issuer.as_deref().unwrap_or("any issuer");
            let opens = match authority.opens.is_empty() {
                true => "opens nothing".to_owned(),
                false => format!("may open {} proposals", authority.opens.join(" and ")),
            };
            format!("{} acts for it, it records mandates of {issuer} and {opens}", authority.holder.id())
        })
    };
    match (words(old), words(new)) {
        (Some(old), Some(new)) => format!("the authority {id}: {new} (was: {old})"),
        (_, new) => format!("a new authority, {id}: {}", new.unwrap_or_default()),
    }
}

fn article(id: &str, old: &Charter, new: &Charter) -> String {
    let text = |charter: &Charter| {
        charter.article(id).map(|article| {
            let words = article.text.in_language(LANGUAGE);
            format!("{words} {}", describe_article(article, LANGUAGE).join(" "))
        })
    };
    match (text(old), text(new)) {
        (Some(before), Some(after)) if before == after => {
            format!("the article {id}: {}", settings::words(old, new, &join("articles", id)))
        }
        (Some(old), Some(new)) => {
            format!(
                "the article {id} becomes: {new}\nits period begins anew, the running one lapses\n(was: {old})"
            )
        }
        (_, new) => format!("a new article, {id}: {}", new.unwrap_or_default()),
    }
}

fn rule(id: &str, old: &Charter, new: &Charter) -> String {
    let text = |charter: &Charter| charter.rule(id).map(|rule| describe(rule, LANGUAGE).join("; "));
    match (text(old), text(new)) {
        (Some(before), Some(after)) if before == after => {
            format!("the rule {id}: {}", settings::words(old, new, &join("rules", id)))
        }
        (Some(old), Some(new)) => format!("the rule {id} becomes: {new}\n(was: {old})"),
        (_, new) => format!("a new rule, {id}: {}", new.unwrap_or_default()),
    }
}

fn admission(id: &str, new: &Charter) -> String {
    let Some(member) = new.member(id) else { return String::new() };
    format!("{id}, {}, becomes a member of kind {}", member.name.in_language(LANGUAGE), member.kind)
}

fn weight(charter: &Charter, member: &str, name: &str) -> Rational {
    charter
        .member(member)
        .and_then(|member| charter.voter(member).weights.get(name).cloned())
        .unwrap_or_default()
}

fn chamber(id: &str, old: &Charter, new: &Charter) -> String {
    let text = |charter: &Charter| {
        charter.chamber(id).map(|chamber| {
            format!(
                "{} members, rule {}, {} to vote, {} until it is carried out",
                charter.electorate(chamber).count(),
                chamber.rule,
                duration_text(chamber.voting_secs.saturating_mul(1_000)),
                duration_text(chamber.delay_secs.saturating_mul(1_000)),
            )
        })
    };
    match (text(old), text(new)) {
        (Some(before), Some(after)) if before == after => {
            format!("the chamber {id}: {}", settings::words(old, new, &join("chambers", id)))
        }
        (Some(old), Some(new)) => format!("the chamber {id} has {new} (was: {old})"),
        (_, new) => format!("a new chamber, {id}: {}", new.unwrap_or_default()),
    }
}

fn fees(charter: &Charter) -> String {
    match &charter.fees {
        Fees::Free => "nothing".to_owned(),
        Fees::Market { initial_base_fee_wei } => format!(
            "for gas, at a base fee that begins at {} {} a unit of gas and follows demand",
            amount_text(U256::from(*initial_base_fee_wei)),
            charter.currency.symbol
        ),
    }
}

fn access(charter: &Charter) -> String {
    let who = |access| match access {
        Access::Anyone => "anyone",
        Access::Members => "members",
    };
    format!("{} may connect, {} may transact", who(charter.access.connect), who(charter.access.transact))
}

fn pace(charter: &Charter) -> String {
    let every = format!("a block every {}", duration_text(charter.block_time_ms));
    match &charter.clock {
        Clock::Replay { until_secs: Some(until), block_time_after_ms, .. } => format!(
            "{every}, and every {} from {} on",
            duration_text(*block_time_after_ms),
            crate::Date(*until)
        ),
        _ => every,
    }
}

fn history(history: History) -> String {
    match history {
        History::All => "all past state".to_owned(),
        History::Blocks(blocks) => format!("the state of the last {blocks} blocks"),
    }
}

fn track(id: &str, old: &Charter, new: &Charter) -> String {
    let text = |charter: &Charter| {
        charter.track(id).map(|track| describe_track(charter, track, LANGUAGE).join("; "))
    };
    match (text(old), text(new)) {
        (Some(before), Some(after)) if before == after => {
            format!("the track {id}: {}", settings::words(old, new, &join("tracks", id)))
        }
        (Some(old), Some(new)) => format!("the track {id} becomes: {new}\n(was: {old})"),
        (_, new) => format!("a new track, {id}: {}", new.unwrap_or_default()),
    }
}
