//! Treaties with their final clauses, and authorities, in words.

use polity_decision::{Delay, DelayUnit};

use super::Page;
use super::sections::{named, rule_name, say};
use super::words::{kind, list};
use crate::{Binds, Charter, Clauses, Date, Holder, Language, Objectors, Once, Treaty};

pub(super) fn treaties(charter: &Charter, language: Language, page: &mut Page) {
    if charter.treaties.is_empty() {
        return;
    }
    page.heading(&say!(language, "Treaties", "条约"));
    for treaty in &charter.treaties {
        let name = named(&treaty.name, &treaty.id, language);
        let kinds: Vec<_> = treaty.depositors.iter().map(|k| kind(*k, 2, language).to_owned()).collect();
        let (kinds, rule) = (list(&kinds, language), rule_name(charter, &treaty.rule, language));
        let rule_of = |id: &str| charter.rule(id).is_some_and(|rule| rule.silence.is_some());
        if rule_of(&treaty.rule) {
            page.line(&say!(
                language,
                "{name}: nobody deposits. A text that the members decide to notify binds {kinds} by their silence, by the rule \
                 {rule}.",
                "{name}：无须交存。成员决定通知的文本按{rule}规则，因{kinds}默示而对其生效。"
            ));
            continue;
        }
        page.line(&say!(
            language,
            "{name}: {kinds} may deposit instruments. It enters into force by itself, by the rule {rule}.",
            "{name}：{kinds}可以交存文书。条约按{rule}规则自行生效。"
        ));
        if let Some(id) = &treaty.amendments {
            let rule = rule_name(charter, id, language);
            page.point(&say!(
                language,
                "A text that the members decide to notify binds its Parties by their silence, by the rule {rule}.",
                "成员决定通知的文本按{rule}规则，因缔约方默示而对其生效。"
            ));
        }
        clauses(charter, treaty, language).iter().for_each(|line| page.point(line));
        let mut dates: Vec<Date> =
            charter.members.iter().filter_map(|member| member.deposits.get(&treaty.id)).copied().collect();
        dates.sort();
        if let [first, .., last] = dates.as_slice() {
            let count = dates.len();
            page.line(&say!(
                language,
                "History to be replayed: {count} deposits from {first} to {last}.",
                "待重演的历史：{first} 至 {last} 共 {count} 份文书。"
            ));
        }
    }
}

fn clauses(charter: &Charter, treaty: &Treaty, language: Language) -> Vec<String> {
    let Clauses { signature_first, reservations, objectors, objection_period, binds, later, withdrawal } =
        treaty.clauses;
    let mut lines = Vec::new();
    if signature_first {
        lines.push(say!(
            language,
            "It is ratified, accepted or approved by those that signed it before; others accede.",
            "须先签署方可批准、接受或核准；未签署者以加入方式成为缔约方。"
        ));
    }
    lines.push(match binds {
        Binds::All => {
            say!(language, "It binds every member that may deposit.", "对所有可交存文书的成员有约束力。")
        }
        Binds::Depositors => {
            say!(language, "It binds those that deposited an instrument.", "仅对已交存文书的成员有约束力。")
        }
    });
    let otherwise =
        charter.rule(&treaty.rule).and_then(|rule| rule.effective).map(|effective| effective.after);
    let (delay, once) = later.map_or((otherwise, Once::Decided), |later| (Some(later.delay), later.once));
    if binds == Binds::Depositors {
        let when = match delay {
            None => say!(language, "on the day of its deposit", "自其交存之日起"),
            Some(delay) => {
                let delay = delay_words(delay, language);
                say!(language, "{delay} after its deposit", "自其交存后 {delay}起")
            }
        };
        lines.push(match once {
            Once::Decided => say!(
                language,
                "For a member that deposits after the conditions are met, it enters into force {when}.",
                "条件满足之后交存的成员，{when}对其生效。"
            ),
            Once::InForce => say!(
                language,
                "For a member that deposits once it is in force, it enters into force {when}.",
                "条约生效之后交存的成员，{when}对其生效。"
            ),
        });
    }
    let period = delay_words(objection_period, language);
    lines.push(match (reservations, objectors) {
        (false, _) => say!(language, "No reservations may be made.", "不得作出保留。"),
        (true, Objectors::Parties) => say!(
            language,
            "Reservations may be made with the instrument; whoever has deposited one may object within {period}.",
            "可随文书作出保留；已交存文书的成员可在 {period}内提出反对。"
        ),
        (true, Objectors::Members) => say!(
            language,
            "Reservations may be made with the instrument; whoever may deposit may object within {period}.",
            "可随文书作出保留；可交存文书的成员可在 {period}内提出反对。"
        ),
    });
    lines.push(match withdrawal {
        None => say!(language, "A Party may leave at any time, at once.", "缔约方可随时退出，立即生效。"),
        Some(clause) => {
            let notice = delay_words(clause.notice, language);
            match clause.not_before.map(|delay| delay_words(delay, language)) {
                None => say!(
                    language,
                    "A Party may leave with notice; it stays one for {notice} after that.",
                    "缔约方可通知退出；通知后 {notice}内仍为缔约方。"
                ),
                Some(first) => say!(
                    language,
                    "A Party may leave with notice, given no sooner than {first} after the entry into force for it; it stays \
                     one for {notice} after that.",
                    "对其生效满 {first}后，缔约方可通知退出；通知后 {notice}内仍为缔约方。"
                ),
            }
        }
    });
    lines
}

/// A calendar delay in words.
pub(super) fn delay_words(delay: Delay, language: Language) -> String {
    let count = delay.count;
    let (one, zh) = match delay.unit {
        DelayUnit::Days => ("day", "天"),
        DelayUnit::Weeks => ("week", "周"),
        DelayUnit::Months => ("month", "个月"),
        DelayUnit::Years => ("year", "年"),
    };
    let many = if count == 1 { "" } else { "s" };
    say!(language, "{count} {one}{many}", "{count} {zh}")
}

pub(super) fn authorities(charter: &Charter, language: Language, page: &mut Page) {
    if charter.authorities.is_empty() {
        return;
    }
    page.heading(&say!(language, "Authorities from outside", "外部授权机构"));
    for authority in &charter.authorities {
        let name = named(&authority.name, &authority.id, language);
        let holder = authority.holder.id();
        let acts = match &authority.holder {
            Holder::Member(_) => say!(language, "member {holder} acts for it", "由成员 {holder} 代行"),
            Holder::Account(_) => say!(language, "account {holder} acts for it", "由账户 {holder} 代行"),
        };
        let what = match &authority.issuer {
            Some(issuer) => say!(language, "mandates issued by {issuer}", "由{issuer}发布的授权"),
            None => say!(language, "mandates of any issuer", "任何发布者的授权"),
        };
        page.line(&match authority.opens.is_empty() {
            true => say!(
                language,
                "{name}: {acts}. It may record {what}, and open nothing under them.",
                "{name}：{acts}。可登记{what}，但不得据此提出提案。"
            ),
            false => say!(
                language,
                "{name}: {acts}. It may record {what}, and open, not decide, emergency proposals under them; every use is \
                 listed.",
                "{name}：{acts}。可登记{what}，并据此提出（但不能决定）紧急提案；每次使用均有记录。"
            ),
        });
    }
}
