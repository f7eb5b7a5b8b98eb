//! Decision rules in words.

use polity_decision::{
    Choice, Comparison, Delay, DelayUnit, Denominator, Effective, Formula, Limb, MovingQuorum, Numerator,
    Rational, Rounding, Rule, Silence, Since, Threshold, Veto, Votes, Weight,
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
    lines.extend(rule.limbs.iter().filter_map(|limb| votes_line(limb, language)));
    lines.extend(rule.quorum.as_ref().map(|quorum| quorum_line(quorum, language)));
    if let Some(silence) = &rule.silence {
        lines.extend(silence_lines(silence, language));
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
    if rule.reverse {
        return match language {
            Language::En => "is met unless the following rejects:",
            Language::Zh => "除非下列条件构成否决，否则通过：",
        };
    }
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
    let weight = match (&limb.weight, language) {
        (Weight::Votes(votes), Language::En) => Some(format!("votes by {}", votes.of)),
        (Weight::Votes(votes), Language::Zh) => Some(format!("按{}计票", votes.of)),
        (weight, _) => weight.name().map(str::to_owned),
    };
    let weight = weight.as_deref();
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
    let number = match (threshold.is_moving(), language) {
        (false, _) => grouped(threshold.number()),
        (true, Language::En) => "the quorum of the period".to_owned(),
        (true, Language::Zh) => "当期法定人数".to_owned(),
    };
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
    let rounded = match (threshold.rounding(), language) {
        (None, _) => String::new(),
        (Some(rounding), Language::En) => format!(" (rounded {})", rounding.word()),
        (Some(rounding), Language::Zh) => format!("（{}）", rounded_zh(rounding)),
    };
    format!("{words} {number}{gap}{rounded}")
}

const fn rounded_zh(rounding: Rounding) -> &'static str {
    match rounding {
        Rounding::Down => "舍去小数",
        Rounding::Up => "进位取整",
        Rounding::Nearest => "四舍五入",
    }
}

/// How votes are reckoned, where a limb reckons them.
fn votes_line(limb: &Limb, language: Language) -> Option<String> {
    let Weight::Votes(votes) = &limb.weight else { return None };
    let Votes { of, per, root, rounding, places, cap, basic } = votes.as_ref();
    let mut parts = Vec::new();
    let (en, zh) = (language == Language::En, language == Language::Zh);
    if root.is_some() {
        parts.push(if en { format!("the square root of `{of}`") } else { format!("“{of}”的平方根") });
    }
    match per {
        Some(per) if en => parts.push(format!("one for each {} of `{of}`", decimal_of(per))),
        Some(per) => parts.push(format!("每 {} 单位“{of}”一票", decimal_of(per))),
        None => {}
    }
    if let Some(rounding) = rounding {
        parts.push(match (zh, places) {
            (false, 0) => format!("rounded {} to whole votes", rounding.word()),
            (false, places) => format!("rounded {} to {places} decimals", rounding.word()),
            (true, 0) => format!("{}取整票", rounded_zh(*rounding)),
            (true, places) => format!("保留 {places} 位小数，{}", rounded_zh(*rounding)),
        });
    }
    if let Some(cap) = cap {
        let cap = decimal_of(cap);
        parts.push(if en {
            format!("at most {cap} for one member")
        } else {
            format!("每个成员最多 {cap} 票")
        });
    }
    if let Some(basic) = basic {
        let basic = decimal_of(basic);
        parts.push(if en {
            format!("and {basic} of all votes divided equally among the members")
        } else {
            format!("另以全部票数的 {basic} 在成员间平均分配")
        });
    }
    Some(match language {
        Language::En => format!("votes in {}: {}", limb.name, parts.join(", ")),
        Language::Zh => format!("{} 的计票：{}", limb.name, parts.join("，")),
    })
}

/// A number as people write it.
fn decimal_of(number: &Rational) -> String {
    let decimal = polity_decision::decimal_cut(number, 6);
    match polity_decision::parse_rational(&decimal) {
        Ok(same) if same == *number => grouped(&decimal),
        _ => number.to_string(),
    }
}

fn quorum_line(quorum: &MovingQuorum, language: Language) -> String {
    let MovingQuorum { min, max, start, past } = quorum;
    let [min, max, start, past] = [min, max, start, past].map(decimal_of);
    match language {
        Language::En => format!(
            "the quorum follows participation: between {min} and {max}, by an average that begins at {start} and in which the past counts {past}"
        ),
        Language::Zh => format!(
            "法定人数随参与率变动：介于 {min} 与 {max} 之间，取决于初值为 {start} 的平均参与率，其中以往所占比重为 {past}"
        ),
    }
}

fn silence_lines(silence: &Silence, language: Language) -> Vec<String> {
    let line = |class: Option<&str>, objection: Delay, effective: Delay| {
        let (objection, effective) = (delay(objection, language), delay(effective, language));
        match (language, class) {
            (Language::En, None) => format!(
                "silence consents: members may object within {objection} of the notification, and are bound {effective} after it"
            ),
            (Language::En, Some(class)) => {
                format!("for class `{class}`: within {objection}, bound after {effective}")
            }
            (Language::Zh, None) => {
                format!("沉默视为同意：成员可在通知后{objection}内提出反对，自通知起{effective}后受约束")
            }
            (Language::Zh, Some(class)) => format!("对“{class}”类：{objection}内，{effective}后受约束"),
        }
    };
    let others = silence.others.iter().map(|o| line(Some(o.class.as_str()), o.objection, o.effective));
    std::iter::once(line(None, silence.objection, silence.effective)).chain(others).collect()
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
    let mut ballots = ballots.collect::<Vec<_>>();
    if veto.absent {
        ballots.push(if language == Language::En { "no ballot at all" } else { "未投票" });
    }
    let ballots = ballots.join(" / ");
    match language {
        Language::En => format!("any one of the {who} can stop it alone ({ballots})"),
        Language::Zh => format!("任何一个{who}均可单独阻止（{ballots}）"),
    }
}

fn effective_line(effective: Effective, language: Language) -> String {
    let after = delay(effective.after, language);
    let from_notice = effective.from == Since::Notified;
    let mut line = match (language, effective.on) {
        (Language::En, None) if from_notice => format!("it takes effect {after} after it was notified"),
        (Language::En, None) => format!("it takes effect {after} after the day it is met"),
        (Language::En, Some(on)) => {
            format!("it takes effect on {on} if it is met by then, else {after} after the day it is met")
        }
        (Language::Zh, None) if from_notice => format!("自通知之日起{after}后生效"),
        (Language::Zh, None) => format!("自满足之日起{after}后生效"),
        (Language::Zh, Some(on)) => format!("若届时已满足则于 {on} 生效，否则自满足之日起{after}后生效"),
    };
    if let Some(day) = effective.not_before {
        line += &match language {
            Language::En => format!(", but not before {day}"),
            Language::Zh => format!("，但不早于 {day}"),
        };
    }
    line
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
