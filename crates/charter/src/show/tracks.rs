//! How proposals are treated, kind by kind, in words.

use super::Page;
use super::seating::secrecy;
use super::sections::{named, rule_name};
use super::words::{duration, list};
use crate::track::CONSTITUTIONAL;
use crate::{Burn, CallKind, Charter, Date, Language, Stage, Track, amount_text};

/// The section on tracks, if there are any.
pub(super) fn tracks(charter: &Charter, language: Language, page: &mut Page) {
    if charter.tracks.is_empty() {
        return;
    }
    page.heading(match language {
        Language::En => "Tracks of proposals",
        Language::Zh => "提案程序",
    });
    let mut tracks: Vec<&Track> = charter.tracks.iter().collect();
    tracks.sort_by_key(|track| core::cmp::Reverse(track.strictness));
    page.line(match language {
        Language::En => {
            "A proposal of several kinds is judged by the first of these tracks that has one of them."
        }
        Language::Zh => "涉及多类事项的提案，按下列程序中最先列出者审议。",
    });
    for track in tracks {
        let name = named(&track.name, &track.id, language);
        let colon = if language == Language::En { ": " } else { "：" };
        let lines = describe_track(charter, track, language);
        let (kinds, steps) =
            lines.split_first().map_or(("", &[][..]), |(first, rest)| (first.as_str(), rest));
        page.line(&format!("{name}{colon}{kinds}"));
        steps.iter().for_each(|line| page.point(line));
    }
    constitutional(charter, language, page);
}

/// What `track` judges, then its steps one by one, as `charter` has its chambers and rules.
#[must_use]
pub fn describe_track(charter: &Charter, track: &Track, language: Language) -> Vec<String> {
    let votes = track.stages.iter().zip(1..).map(|(stage, number)| vote(charter, stage, number, language));
    let mut lines = vec![kinds(track, language)];
    lines.extend(draft(charter, track, language));
    lines.extend(votes);
    lines.extend(after(charter, track, language));
    lines
}

/// What a kind of call is, in the plural.
fn kind(kind: CallKind, language: Language) -> &'static str {
    match (language, kind) {
        (Language::En, CallKind::Ordinary) => "everything not named elsewhere",
        (Language::En, CallKind::Budget) => "payments",
        (Language::En, CallKind::Admission) => "admissions and restorations",
        (Language::En, CallKind::Expulsion) => "expulsions, suspensions and loss of rights",
        (Language::En, CallKind::Amendment) => "amendments",
        (Language::En, CallKind::Constitutional) => "constitutional amendments",
        (Language::En, CallKind::Emergency) => "what is opened under an external mandate",
        (Language::Zh, CallKind::Ordinary) => "其他一切事项",
        (Language::Zh, CallKind::Budget) => "支付",
        (Language::Zh, CallKind::Admission) => "接纳与恢复成员",
        (Language::Zh, CallKind::Expulsion) => "开除、中止与剥夺权利",
        (Language::Zh, CallKind::Amendment) => "修正",
        (Language::Zh, CallKind::Constitutional) => "根本修正",
        (Language::Zh, CallKind::Emergency) => "依外部授权提出的事项",
    }
}

fn kinds(track: &Track, language: Language) -> String {
    let kinds: Vec<_> = track.kinds.iter().map(|k| kind(*k, language).to_owned()).collect();
    match (kinds.is_empty(), language) {
        (true, Language::En) => "whatever its proposer brings to it.".to_owned(),
        (true, Language::Zh) => "提案者自愿选择。".to_owned(),
        (false, Language::En) => format!("{}.", list(&kinds, language)),
        (false, Language::Zh) => format!("{}。", list(&kinds, language)),
    }
}

fn time(secs: u64, language: Language) -> String {
    duration(secs.saturating_mul(1_000), language)
}

/// What comes before the first vote.
fn draft(charter: &Charter, track: &Track, language: Language) -> Vec<String> {
    let mut lines = Vec::new();
    if track.has_draft() {
        let (sponsors, symbol) = (track.sponsors, &charter.currency.symbol);
        let (deposit, wait) = (amount_text(track.deposit_wei), time(track.draft_secs, language));
        let mut needs = Vec::new();
        match language {
            Language::En => {
                if sponsors > 0 {
                    let members = if sponsors == 1 { "member" } else { "members" };
                    needs.push(format!("{sponsors} {members} besides its proposer must sponsor it"));
                }
                if !track.deposit_wei.is_zero() {
                    needs.push(format!("{deposit} {symbol} must be deposited"));
                }
                lines.push(format!("{} within {wait}, or it lapses", list(&needs, language)));
            }
            Language::Zh => {
                if sponsors > 0 {
                    needs.push(format!("获提案者以外 {sponsors} 个成员联署"));
                }
                if !track.deposit_wei.is_zero() {
                    needs.push(format!("缴存 {deposit} {symbol}"));
                }
                lines.push(format!("须在 {wait}内{}，否则失效", list(&needs, language)));
            }
        }
    }
    if !track.deposit_wei.is_zero() {
        lines.push(forfeit(track, language));
    }
    if track.discussion_secs > 0 {
        let discussion = time(track.discussion_secs, language);
        lines.push(match language {
            Language::En => format!("it is discussed for {discussion} before it opens"),
            Language::Zh => format!("开放表决前讨论 {discussion}"),
        });
    }
    lines
}

fn forfeit(track: &Track, language: Language) -> String {
    let account = track.forfeit_to.as_deref();
    match language {
        Language::En => {
            let to = account.map_or_else(
                || "is burnt".to_owned(),
                |account| format!("goes to the treasury account `{account}`"),
            );
            match track.burn {
                Burn::Never => "the deposit is returned at the end".to_owned(),
                Burn::Veto => format!("the deposit {to} if a veto rejects it, and is returned otherwise"),
                Burn::Rejected => format!("the deposit {to} if it is rejected, and is returned otherwise"),
            }
        }
        Language::Zh => {
            let to = account.map_or_else(|| "销毁".to_owned(), |account| format!("归入国库账户“{account}”"));
            match track.burn {
                Burn::Never => "结束时退还押金".to_owned(),
                Burn::Veto => format!("因否决权而被否决者，押金{to}；否则退还"),
                Burn::Rejected => format!("未获通过者，押金{to}；否则退还"),
            }
        }
    }
}

fn vote(charter: &Charter, stage: &Stage, number: usize, language: Language) -> String {
    let chamber = charter.chamber(&stage.chamber);
    let name = chamber.map_or_else(|| stage.chamber.clone(), |c| c.name.in_language(language).to_owned());
    let rule = stage.rule.as_deref().or_else(|| chamber.map(|c| c.rule.as_str())).unwrap_or_default();
    let rule = rule_name(charter, rule, language);
    let voting = time(stage.voting_secs.or_else(|| chamber.map(|c| c.voting_secs)).unwrap_or(0), language);
    let pause = time(stage.pause_secs, language);
    match (language, stage.pause_secs) {
        (Language::En, 0) => format!("vote {number}: {name}, by the rule {rule}, for {voting}"),
        (Language::En, _) => {
            format!("vote {number}, after {pause}: {name}, by the rule {rule}, for {voting}")
        }
        (Language::Zh, 0) => format!("第 {number} 次表决：{name}，按{rule}规则，{voting}"),
        (Language::Zh, _) => format!("第 {number} 次表决（{pause}后）：{name}，按{rule}规则，{voting}"),
    }
}

/// What can happen while it is open, and what comes after the last vote.
fn after(charter: &Charter, track: &Track, language: Language) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(e) = track.extension {
        let (last, by, times) = (time(e.last_secs, language), time(e.by_secs, language), e.times);
        lines.push(match language {
            Language::En => format!(
                "a ballot in the last {last} that flips the outcome moves the close by {by}, at most {times} times a vote"
            ),
            Language::Zh => format!("最后 {last}内改变结果的选票使截止延后 {by}，每次表决最多 {times} 次"),
        });
    }
    lines.extend(track.secret.as_ref().map(|secret| secrecy(secret, language)));
    if let Some(guardian) = &track.guardian {
        let chamber = charter.chamber(&guardian.chamber);
        let name =
            chamber.map_or_else(|| guardian.chamber.clone(), |c| c.name.in_language(language).to_owned());
        let rule = guardian.rule.as_deref().or_else(|| chamber.map(|c| c.rule.as_str())).unwrap_or_default();
        let (rule, until) = (rule_name(charter, rule, language), Date::of_timestamp(guardian.until_secs));
        lines.push(match language {
            Language::En => {
                format!("until {until} {name} may cancel it by the rule {rule}, before its calls are made")
            }
            Language::Zh => format!("{until} 之前，{name}可按{rule}规则在执行前撤销"),
        });
    }
    let chamber = track.stages.last().and_then(|stage| charter.chamber(&stage.chamber));
    let delay = track.delay_secs.or_else(|| chamber.map(|c| c.delay_secs)).unwrap_or(0);
    lines.push(match (language, delay) {
        (Language::En, 0) => "what is adopted is carried out by the chain itself, at once".to_owned(),
        (Language::En, _) => {
            format!("what is adopted is carried out by the chain itself, {} later", time(delay, language))
        }
        (Language::Zh, 0) => "获通过者由链自行立即执行".to_owned(),
        (Language::Zh, _) => format!("获通过者由链自行在 {}后执行", time(delay, language)),
    });
    lines
}

fn constitutional(charter: &Charter, language: Language, page: &mut Page) {
    let shown: Vec<_> = charter.constitutional.iter().map(|path| format!("`{path}`")).collect();
    if shown.is_empty() || charter.constitutional == CONSTITUTIONAL {
        return;
    }
    let paths = list(&shown, language);
    page.line(&match language {
        Language::En => format!("Constitutional are the settings under {paths}."),
        Language::Zh => format!("根本条款：{paths} 之下的各项设定。"),
    });
}
