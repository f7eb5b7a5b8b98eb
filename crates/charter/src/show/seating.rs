//! How the seats of a chamber are filled, in words.

use super::words::duration;
use crate::{Chamber, Charter, Language, Seating, Secrecy, Unrevealed, amount_text};

fn days(secs: u64, language: Language) -> String {
    duration(secs.saturating_mul(1_000), language)
}

/// Who sits in `chamber`, where that is not by description; `who` may stand, or bond.
pub(super) fn seating(charter: &Charter, chamber: &Chamber, who: &str, language: Language) -> Option<String> {
    let named = |id: &str| {
        charter
            .chamber(id)
            .map_or_else(|| id.to_owned(), |chamber| chamber.name.in_language(language).to_owned())
    };
    Some(match (&chamber.seating, language) {
        (Seating::Description, _) => return None,
        (Seating::Election(e), Language::En) => {
            let (seats, of, term) = (e.seats, named(&e.of), days(e.term_secs, language));
            let (time, ballot) = (
                days(e.election_secs, language),
                if e.approval { "every candidate it approves of" } else { "one candidate" },
            );
            let weight =
                e.weight.as_ref().map_or_else(|| "one vote each".to_owned(), |w| format!("weighed by `{w}`"));
            let stands = if who.is_empty() { "its own members".to_owned() } else { who.to_owned() };
            format!(
                "{seats} members elected for {term} by {of}, {weight}; {stands} may stand. In the last {time} of a term a ballot \
                 names {ballot}; who stood first wins a tie, and the chain seats the winners"
            )
        }
        (Seating::Election(e), Language::Zh) => {
            let (seats, of, term) = (e.seats, named(&e.of), days(e.term_secs, language));
            let (time, ballot) = (
                days(e.election_secs, language),
                if e.approval { "可写下其赞成的所有候选人" } else { "只写一名候选人" },
            );
            let weight =
                e.weight.as_ref().map_or_else(|| "每个成员一票".to_owned(), |w| format!("按“{w}”加权"));
            let stands = if who.is_empty() { "该机构自身成员".to_owned() } else { who.to_owned() };
            format!(
                "由{of}选举 {seats} 名成员，任期 {term}，{weight}；{stands}可参选。任期最后 {time}内投票，每张选票{ballot}；\
                 票数相同者先参选者当选，由链安排就任"
            )
        }
        (Seating::Sortition(s), Language::En) => {
            let (seats, from, term) = (s.seats, named(&s.from), days(s.term_secs, language));
            let chance = s.weight.as_ref().map_or_else(
                || "all with the same chance".to_owned(),
                |w| format!("each draw in proportion to `{w}`"),
            );
            format!("{seats} members drawn by lot for {term} from {from}, {chance}; the chain draws")
        }
        (Seating::Sortition(s), Language::Zh) => {
            let (seats, from, term) = (s.seats, named(&s.from), days(s.term_secs, language));
            let chance =
                s.weight.as_ref().map_or_else(|| "机会均等".to_owned(), |w| format!("每次抽签按“{w}”的比例"));
            format!("由链从{from}中抽签产生 {seats} 名成员，任期 {term}，{chance}")
        }
        (Seating::Stake(s), Language::En) => {
            let (least, time) = (least(charter, s.min_wei), days(s.unbonding_secs, language));
            let who = if who.is_empty() { "any member".to_owned() } else { who.to_owned() };
            format!(
                "{who} that bonded {least}, each with what it bonded; what is unbonded is paid back after {time}"
            )
        }
        (Seating::Stake(s), Language::Zh) => {
            let (least, time) = (least(charter, s.min_wei), days(s.unbonding_secs, language));
            let who = if who.is_empty() { "任何成员".to_owned() } else { who.to_owned() };
            format!("{who}凡质押不少于 {least} 者，按各自质押额计算；解除质押的款项在 {time}后退还")
        }
    })
}

fn least(charter: &Charter, wei: polity_primitives::U256) -> String {
    format!("{} {}", amount_text(wei), charter.currency.symbol)
}

/// What secret ballots mean, as part of a sentence.
pub(super) fn secrecy(secret: &Secrecy, language: Language) -> String {
    let time = days(secret.reveal_secs, language);
    match language {
        Language::En => {
            let meaning = match secret.unrevealed {
                Unrevealed::None => "as if it had not been cast",
                Unrevealed::Abstain => "as an abstention",
                Unrevealed::No => "as a ballot against",
            };
            format!(
                "ballots are sealed while voting is open and revealed within {time} after it; one that is not counts {meaning}"
            )
        }
        Language::Zh => {
            let meaning = match secret.unrevealed {
                Unrevealed::None => "未投",
                Unrevealed::Abstain => "弃权",
                Unrevealed::No => "反对",
            };
            format!("投票期间选票密封，结束后 {time}内公开；未公开者视为{meaning}")
        }
    }
}
