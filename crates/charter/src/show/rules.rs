//! Decision rules in words.

use polity_decision::{
    Choice, Comparison, Delay, DelayUnit, Denominator, Effective, Formula, Limb, Numerator, Rational, Rule,
    Threshold, Veto,
};

use super::words::{grouped, kind, list};
use crate::{Kind, Language};

/// `rule` in words: one line for each limb, then vetoes, and when a decision takes effect.
#[must_use]
pub fn describe(rule: &Rule, language: Language) -> Vec<String> {
    let mut lines: Vec<String> = rule.limbs.iter().map(|limb| limb_line(rule, limb, language)).collect();
    if let Some(formula) = &rule.passes {
        let words = formula_words(formula, language);
        lines.push(match language {
            Language::En => format!("these combine as: {words}"),
            Language::Zh => format!("各项的组合方式为：{words}"),
        });
    }
    lines.extend(rule.vetoes.iter().map(|veto| veto_line(veto, language)));
    if !rule.not_additional.is_empty() {
        let kinds = kinds(&rule.not_additional, language);
        lines.push(match language {
            Language::En => format!("{kinds} do not count in addition to their members"),
            Language::Zh => format!("{kinds}不在其成员之外另行计算"),
        });
    }
    if let Some(deadline) = rule.deadline {
        let time = delay(deadline, language);
        lines.push(match language {
            Language::En => format!("ballots are counted for {time} after opening"),
            Language::Zh => format!("开放后{time}内的投票有效"),
        });
    }
    lines.extend(rule.effective.map(|effective| effective_line(effective, language)));
    lines
}

/// How the limbs of `rule` combine when it does not say: a heading for [`describe`].
pub(super) fn heading(rule: &Rule, language: Language) -> &'static str {
    match (language, rule.limbs.len(), rule.passes.is_some()) {
        (Language::En, _, true) => "is met when its conditions combine as said below:",
        (Language::En, 0 | 1, false) => "is met when:",
        (Language::En, _, false) => "is met when all of these hold:",
        (Language::Zh, _, true) => "在各项条件按下述方式组合成立时通过：",
        (Language::Zh, 0 | 1, false) => "在下列条件成立时通过：",
        (Language::Zh, _, false) => "在下列条件全部成立时通过：",
    }
}

fn limb_line(rule: &Rule, limb: &Limb, language: Language) -> String {
    let who = who(&limb.kinds, &limb.classes, &limb.not_classes, language);
    let (enough, verb) = (threshold(&limb.threshold, language), verb(limb.numerator, language));
    let whole = whole(&limb.denominator, &who, language);
    let weight = limb.weight.name();
    let condition = match (language, weight, limb.threshold.is_share()) {
        (Language::En, None, false) => format!("{enough} {who} {verb}"),
        (Language::En, None, true) => format!("{enough} of {whole} {verb}"),
        (Language::En, Some(weight), false) => format!("{who} with {enough} of `{weight}` {verb}"),
        (Language::En, Some(weight), true) => match limb.denominator {
            Denominator::Fixed(_) => format!("{who} with {enough} of {whole} of `{weight}` {verb}"),
            _ => format!("{who} with {enough} of the `{weight}` of {whole} {verb}"),
        },
        (Language::Zh, None, false) => format!("{enough}个{who}{verb}"),
        (Language::Zh, None, true) => format!("{whole}中{enough}{verb}"),
        (Language::Zh, Some(weight), false) => format!("{verb}的{who}，其“{weight}”合计{enough}"),
        (Language::Zh, Some(weight), true) => format!("{verb}的{who}，其“{weight}”合计占{whole}的{enough}"),
    };
    let matters = if limb.matters.is_empty() { None } else { Some(limb.matters.join(", ")) };
    let blocking = limb.blocking_minority;
    let mut line = format!("{}: {condition}", limb.name);
    match language {
        Language::En => {
            if let Some(fewest) = blocking {
                line += &format!(" (deemed so if fewer than {fewest} members are not among them)");
            }
            if let Some(matters) = matters.filter(|_| rule.matters.len() > 1) {
                line += &format!(" [in matters: {matters}]");
            }
        }
        Language::Zh => {
            if let Some(fewest) = blocking {
                line += &format!("（不在其列的成员少于 {fewest} 个时视为成立）");
            }
            if let Some(matters) = matters.filter(|_| rule.matters.len() > 1) {
                line += &format!("［适用事项：{matters}］");
            }
        }
    }
    line
}

/// Who counts: `states of class annex1`.
fn who(kinds: &[String], classes: &[String], not_classes: &[String], language: Language) -> String {
    let plain = if kinds.is_empty() {
        match language {
            Language::En => "members".to_owned(),
            Language::Zh => "成员".to_owned(),
        }
    } else {
        self::kinds(kinds, language)
    };
    let quoted =
        |classes: &[String]| classes.iter().map(|class| format!("`{class}`")).collect::<Vec<_>>().join(" / ");
    match language {
        Language::En => {
            let mut words = plain;
            if !classes.is_empty() {
                words += &format!(" of class {}", quoted(classes));
            }
            if !not_classes.is_empty() {
                words += &format!(" not of class {}", quoted(not_classes));
            }
            words
        }
        Language::Zh => {
            let of =
                if classes.is_empty() { String::new() } else { format!("属于{}类的", quoted(classes)) };
            let not = if not_classes.is_empty() {
                String::new()
            } else {
                format!("不属于{}类的", quoted(not_classes))
            };
            format!("{of}{not}{plain}")
        }
    }
}

fn kinds(kinds: &[String], language: Language) -> String {
    let words = kinds
        .iter()
        .map(|word| Kind::from_word(word).map_or(word.as_str(), |k| kind(k, 2, language)).to_owned());
    list(&words.collect::<Vec<_>>(), language)
}

/// What the members that count for it do.
const fn verb(numerator: Numerator, language: Language) -> &'static str {
    match (language, numerator) {
        (Language::En, Numerator::Yes) => "vote yes",
        (Language::En, Numerator::YesAbstain) => "vote yes or abstain",
        (Language::En, Numerator::No) => "vote no",
        (Language::En, Numerator::Veto) => "cast a veto",
        (Language::En, Numerator::Cast) => "cast a ballot",
        (Language::En, Numerator::Present) => "are present",
        (Language::En, Numerator::NotObjected) => "do not vote no",
        (Language::En, Numerator::Instruments) => "have deposited an instrument",
        (Language::En, _) => "count for it",
        (Language::Zh, Numerator::Yes) => "投赞成票",
        (Language::Zh, Numerator::YesAbstain) => "投赞成票或弃权",
        (Language::Zh, Numerator::No) => "投反对票",
        (Language::Zh, Numerator::Veto) => "投否决票",
        (Language::Zh, Numerator::Cast) => "投票",
        (Language::Zh, Numerator::Present) => "出席",
        (Language::Zh, Numerator::NotObjected) => "未投反对票",
        (Language::Zh, Numerator::Instruments) => "交存文书",
        (Language::Zh, _) => "计入",
    }
}

/// The whole that a share is of.
fn whole(denominator: &Denominator, who: &str, language: Language) -> String {
    match (language, denominator) {
        (Language::En, Denominator::Members) => format!("all {who}"),
        (Language::En, Denominator::Present) => format!("the {who} present"),
        (Language::En, Denominator::Voting) => format!("the {who} present and voting"),
        (Language::En, Denominator::Cast) => format!("the {who} that cast a ballot, abstentions included,"),
        (Language::En, Denominator::Fixed(total)) => format!("a fixed total of {}", number(total)),
        (Language::En, _) => format!("the {who} that the rule names"),
        (Language::Zh, Denominator::Members) => format!("全体{who}"),
        (Language::Zh, Denominator::Present) => format!("出席的{who}"),
        (Language::Zh, Denominator::Voting) => format!("出席并参加表决的{who}"),
        (Language::Zh, Denominator::Cast) => format!("投票（含弃权）的{who}"),
        (Language::Zh, Denominator::Fixed(total)) => format!("固定总数 {} ", number(total)),
        (Language::Zh, _) => format!("规则所指的{who}"),
    }
}

fn number(number: &Rational) -> String {
    grouped(&number.to_string())
}

/// `at least 2/3`.
fn threshold(threshold: &Threshold, language: Language) -> String {
    let text = threshold.to_string();
    let number = grouped(text.rsplit(' ').next().unwrap_or_default());
    let words = match (language, threshold.comparison()) {
        (Language::En, Comparison::More) => "more than",
        (Language::En, Comparison::AtLeast) => "at least",
        (Language::En, Comparison::Less) => "less than",
        (Language::En, Comparison::AtMost) => "at most",
        (Language::Zh, Comparison::More) => "超过",
        (Language::Zh, Comparison::AtLeast) => "至少",
        (Language::Zh, Comparison::Less) => "少于",
        (Language::Zh, Comparison::AtMost) => "至多",
    };
    let gap = if language == Language::Zh { " " } else { "" };
    format!("{words} {number}{gap}")
}

/// Limbs by name, joined with and, or and brackets. The depth is bounded by the rule's own check.
fn formula_words(formula: &Formula, language: Language) -> String {
    let (joint, parts) = match (formula, language) {
        (Formula::Limb(name), _) => return name.clone(),
        (Formula::All(parts), Language::En) => (" and ", parts),
        (Formula::Any(parts), Language::En) => (" or ", parts),
        (Formula::All(parts), Language::Zh) => ("且", parts),
        (Formula::Any(parts), Language::Zh) => ("或", parts),
    };
    let words = parts.iter().map(|part| match part {
        Formula::Limb(name) => name.clone(),
        _ => format!("({})", formula_words(part, language)),
    });
    words.collect::<Vec<_>>().join(joint)
}

fn veto_line(veto: &Veto, language: Language) -> String {
    let who = who(&veto.kinds, &veto.classes, &[], language);
    let ballots = veto.by.iter().map(|choice| match (language, choice) {
        (Language::En, Choice::Yes) => "yes",
        (Language::En, Choice::No) => "no",
        (Language::En, Choice::Abstain) => "abstention",
        (Language::En, Choice::Veto) => "veto",
        (Language::Zh, Choice::Yes) => "赞成",
        (Language::Zh, Choice::No) => "反对",
        (Language::Zh, Choice::Abstain) => "弃权",
        (Language::Zh, Choice::Veto) => "否决",
    });
    let ballots = ballots.collect::<Vec<_>>().join(" / ");
    match language {
        Language::En => format!("any one of the {who} can stop it alone ({ballots})"),
        Language::Zh => format!("任何一个{who}均可单独阻止（{ballots}）"),
    }
}

fn effective_line(effective: Effective, language: Language) -> String {
    let after = delay(effective.after, language);
    match (language, effective.on) {
        (Language::En, None) => format!("it takes effect {after} after the day it is met"),
        (Language::En, Some(on)) => {
            format!("it takes effect on {on} if it is met by then, else {after} after the day it is met")
        }
        (Language::Zh, None) => format!("自满足之日起{after}后生效"),
        (Language::Zh, Some(on)) => format!("若届时已满足则于 {on} 生效，否则自满足之日起{after}后生效"),
    }
}

fn delay(delay: Delay, language: Language) -> String {
    let (one, many, zh) = match delay.unit {
        DelayUnit::Days => ("day", "days", "天"),
        DelayUnit::Weeks => ("week", "weeks", "周"),
        DelayUnit::Months => ("month", "months", "个月"),
        DelayUnit::Years => ("year", "years", "年"),
    };
    match language {
        Language::En => format!("{} {}", delay.count, if delay.count == 1 { one } else { many }),
        Language::Zh => format!(" {} {zh}", delay.count),
    }
}
