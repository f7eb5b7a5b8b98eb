//! The constitution of consensus in plain words: who writes, what honesty earns and dishonesty costs, who verifies.

use polity_constitution::{
    FeesTo, Forfeited, Incentive, Primary, Share, Slash, Standing, Verification, WriteRight, quorum,
};
use polity_primitives::U256;

use super::Page;
use super::sections::{named, names, say};
use super::words::{duration, grouped, list};
use crate::{Charter, Language, amount_text};

pub(super) fn consensus(charter: &Charter, language: Language, page: &mut Page) {
    page.heading(&say!(language, "Consensus", "共识"));
    page.line(&writes(charter, language));
    incentive(charter, language, page);
    page.line(&verifies(charter, language));
}

fn amount(charter: &Charter, wei: U256) -> String {
    format!("{} {}", grouped(&amount_text(wei)), charter.currency.symbol)
}

fn secs(secs: u64, language: Language) -> String {
    duration(secs.saturating_mul(1_000), language)
}

/// Members by id, in words.
fn called(charter: &Charter, ids: &[String], language: Language) -> String {
    let name =
        |id: &String| charter.member(id).map_or_else(|| id.clone(), |m| m.name.in_language(language).into());
    list(&ids.iter().map(name).collect::<Vec<_>>(), language)
}

fn chamber(charter: &Charter, id: &str, language: Language) -> String {
    charter.chamber(id).map_or_else(|| id.to_owned(), |chamber| named(&chamber.name, id, language))
}

fn writes(charter: &Charter, language: Language) -> String {
    let (count, who) = (charter.validators().count(), names(charter.validators(), language));
    match &charter.consensus.write {
        WriteRight::Membership { primary } => {
            let how = match primary {
                Primary::Rotation => say!(language, "in turn", "轮流"),
                Primary::Random => say!(language, "in an order drawn by lot", "按抽签次序"),
                Primary::Elected { chamber: id } => {
                    let chamber = chamber(charter, id, language);
                    say!(language, "led by whoever sits in {chamber}", "由当选进入{chamber}者主持、")
                }
                Primary::Appointed { order } => {
                    let first = called(charter, order, language);
                    say!(language, "led by {first}, in this order", "依次由{first}主持、")
                }
            };
            say!(
                language,
                "Who writes: members with the right to decide blocks, {how}. They are {count}: {who}.",
                "写入权：享有验证权的成员{how}写入，共 {count} 个：{who}。"
            )
        }
        WriteRight::Stake { min } => {
            let min = amount(charter, *min);
            say!(
                language,
                "Who writes: members with the right to decide blocks and a stake of at least {min}, drawn in proportion to \
                 stake. They are among {count}: {who}.",
                "写入权：享有验证权且权益不少于 {min} 的成员，按权益比例抽取，限于 {count} 个：{who}。"
            )
        }
        WriteRight::Delegation { seats, term, chamber: elected } => {
            let term = secs(*term, language);
            let how = match elected {
                Some(id) => {
                    let chamber = chamber(charter, id, language);
                    say!(language, "who sit in {chamber}", "{chamber}选出的")
                }
                None => say!(language, "with the most stake, own and delegated", "自有与受托权益最多的"),
            };
            say!(
                language,
                "Who writes: the {seats} {how}, in turn, for {term}. They are among {count}: {who}.",
                "写入权：{how} {seats} 个代表轮流写入，任期 {term}，限于 {count} 个成员：{who}。"
            )
        }
        WriteRight::Work(work) => {
            let (interval, confirmations) = (secs(work.interval, language), work.confirmations);
            say!(
                language,
                "Who writes: whichever member with the right to decide blocks solves first, about one block in {interval}. \
                 They are {count}: {who}. A block is final for clients when {confirmations} more lie on it.",
                "写入权：享有验证权的成员中最先算出者写入，约每 {interval} 一个区块，共 {count} 个：{who}。\
                 其上再有 {confirmations} 个区块，即为终局。"
            )
        }
    }
}

fn incentive(charter: &Charter, language: Language, page: &mut Page) {
    let incentive = &charter.consensus.incentive;
    if incentive.is_empty() {
        return page.line(&say!(
            language,
            "Reward and punishment: none in money. Signatures are kept, and evidence of double signing is recorded.",
            "奖惩：不以货币奖惩。签名全部留存，双重签名的证据记录在案。"
        ));
    }
    page.line(&say!(language, "Reward and punishment:", "奖惩："));
    money(charter, incentive, language, page);
    forfeits(&incentive.slash, incentive, language, page);
    if let Some(score) = &incentive.standing {
        standing(score, language, page);
    }
}

fn money(charter: &Charter, incentive: &Incentive, language: Language, page: &mut Page) {
    if !incentive.reward.is_zero() {
        let reward = amount(charter, incentive.reward);
        page.point(&say!(language, "The writer of a block is paid {reward}.", "写入一个区块奖励 {reward}。"));
    }
    let account = incentive.account.as_deref().unwrap_or_default();
    page.point(&match incentive.fees {
        FeesTo::Writer => say!(language, "Tips go to the writer.", "小费归写入者。"),
        FeesTo::Treasury => {
            say!(language, "Tips go to the treasury's account `{account}`.", "小费归国库账户“{account}”。")
        }
        FeesTo::Burn => say!(language, "Tips go to nobody.", "小费销毁。"),
    });
    if incentive.vesting > 0 {
        let time = secs(incentive.vesting, language);
        page.point(&say!(language, "Both are paid over {time}.", "上述款项在 {time} 内延迟发放。"));
    }
    if !incentive.pledge.is_zero() {
        let pledge = amount(charter, incentive.pledge);
        page.point(&say!(
            language,
            "Only who has pledged {pledge} of its own writes and verifies.",
            "自有质押不少于 {pledge} 者方可写入和验证。"
        ));
    }
    if incentive.unbonding > 0 {
        let time = secs(incentive.unbonding, language);
        page.point(&say!(
            language,
            "What is bonded is paid back {time} after it is asked for.",
            "质押自申请之日起 {time} 后退还。"
        ));
    }
}

fn forfeits(slash: &Slash, incentive: &Incentive, language: Language, page: &mut Page) {
    let after = slash.after;
    let offences = [
        (slash.double_sign, say!(language, "for signing two things in one round", "同一轮双重签名")),
        (slash.invalid, say!(language, "for proposing an invalid block", "提出无效区块")),
        (slash.downtime, say!(language, "for {after} turns missed in a row", "连续缺席 {after} 次")),
    ];
    let costs: Vec<String> = offences
        .into_iter()
        .filter(|(part, _)| *part != Share::default())
        .map(|(Share { num, den }, why)| say!(language, "{num}/{den} {why}", "{why}罚没 {num}/{den}"))
        .collect();
    if costs.is_empty() {
        return;
    }
    let (costs, account) = (list(&costs, language), incentive.account.as_deref().unwrap_or_default());
    let Share { num, den } = incentive.share;
    let to = match incentive.forfeited {
        Forfeited::Burn => say!(language, "It goes to nobody.", "罚没部分销毁。"),
        Forfeited::Treasury => {
            say!(
                language,
                "It goes to the treasury's account `{account}`.",
                "罚没部分归国库账户“{account}”。"
            )
        }
        Forfeited::Reporter => say!(
            language,
            "Who brings the evidence gets {num}/{den} of it, the rest goes to nobody.",
            "举证者得其中 {num}/{den}，其余销毁。"
        ),
    };
    page.point(&say!(language, "Of a bond is forfeited: {costs}. {to}", "质押：{costs}。{to}"));
}

fn standing(score: &Standing, language: Language, page: &mut Page) {
    let Standing { start, write, absent, double_sign, invalid, suspend_below, expel_below, max } = score;
    page.point(&say!(
        language,
        "Standing begins at {start}; {write:+} for a block written, {absent} for a turn missed, {double_sign} for signing \
         two things in one round, {invalid} for an invalid block.",
        "声誉初始为 {start}；写入一个区块 {write:+}，缺席一次 {absent}，同一轮双重签名 {double_sign}，提出无效区块 {invalid}。"
    ));
    if let Some(max) = max {
        page.point(&say!(language, "It rises no higher than {max}.", "声誉最高为 {max}。"));
    }
    if let Some(below) = suspend_below {
        page.point(&say!(
            language,
            "Below {below} a member may not write, verify or vote until the members decide otherwise.",
            "低于 {below} 者暂停写入、验证和表决权，直至成员另行决定。"
        ));
    }
    if let Some(below) = expel_below {
        page.point(&say!(
            language,
            "Below {below} it is no member any more.",
            "低于 {below} 者丧失成员资格。"
        ));
    }
}

fn verifies(charter: &Charter, language: Language) -> String {
    let count = u64::try_from(charter.validators().count()).unwrap_or(u64::MAX);
    let votes = |count: u64| {
        let needed = quorum(count);
        (needed, count.saturating_sub(needed))
    };
    match (&charter.consensus.verification, &charter.consensus.write) {
        (Verification::All, WriteRight::Work(_)) => {
            say!(language, "Who verifies: every node, for itself.", "验证：每个节点自行验证。")
        }
        (Verification::All, WriteRight::Stake { .. }) => say!(
            language,
            "Who verifies: all who write, in proportion to stake. A block is final once more than two thirds of the stake \
             agree.",
            "验证：全体写入者按权益表决。超过三分之二的权益同意，区块即为终局。"
        ),
        (Verification::All, WriteRight::Delegation { .. }) => say!(
            language,
            "Who verifies: the delegates, one vote each. A block is final once more than two thirds of them agree.",
            "验证：代表各一票。超过三分之二的代表同意，区块即为终局。"
        ),
        (Verification::All, WriteRight::Membership { .. }) => {
            let (needed, absent) = votes(count);
            say!(
                language,
                "Who verifies: all of them, one vote each. A block is final once {needed} of {count} agree; {absent} may be absent.",
                "验证：全体验证者各一票。{count} 票中有 {needed} 票同意，区块即为终局；可缺席 {absent} 个。"
            )
        }
        (Verification::Delegates { chamber: id }, _) => {
            let chamber = chamber(charter, id, language);
            say!(
                language,
                "Who verifies: those who sit in {chamber}, one vote each; while nobody does, all. A block is final once more \
                 than two thirds of them agree.",
                "验证：{chamber}成员各一票，无人在任时由全体验证。超过三分之二同意，区块即为终局。"
            )
        }
        (Verification::Supervisors { members }, _) => {
            let (who, count) = (called(charter, members, language), members.len() as u64);
            let (needed, absent) = votes(count);
            say!(
                language,
                "Who verifies: {who}, one vote each. A block is final once {needed} of {count} agree; {absent} may be absent.",
                "验证：{who}各一票。{count} 票中有 {needed} 票同意，区块即为终局；可缺席 {absent} 个。"
            )
        }
    }
}
