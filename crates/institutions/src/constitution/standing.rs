//! Standing: a score that nobody can buy or give away, moved by conduct, with what follows from it by rule.
//!
//! Rule kept: a loss that takes the score below a threshold suspends or expels at once; a gain never does anything by itself, so what
//! the members restore by decision stays restored until the next loss. And no rule takes the last member away that can decide
//! blocks, or vote: it is spared, and the chain says so.
//!
//! Works without any currency: losing the right to write and to vote is the punishment.

use alloy_primitives::{B256, U256};
use polity_constitution::{Settings, Standing};

use super::{Constitution, IConstitution as sol, candidates::somebody_decides};
use crate::{
    context::{Context, Result},
    ensure, layout,
    registry::{Status, registry},
    storage::{Read, Slot},
};
use polity_primitives::REGISTRY;

layout! {
    /// How one member stands.
    pub(super) struct ScoreRecord {
        /// Whether `score` was ever written; before, it is the charter's `start`.
        known: Slot<bool>,
        score: Slot<i64>,
        pub(super) written: Slot<u64>,
        pub(super) missed: Slot<u64>,
        pub(super) in_a_row: Slot<u64>,
    }
}

/// Why a score moves or a member is punished.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cause {
    Write,
    Absent,
    DoubleSign,
    Invalid,
    Decision,
    Standing,
    Offence,
    Article,
}

impl Cause {
    pub(super) fn word(self) -> B256 {
        let word = match self {
            Self::Write => "write",
            Self::Absent => "absent",
            Self::DoubleSign => "double_sign",
            Self::Invalid => "invalid",
            Self::Decision => "decision",
            Self::Standing => "standing",
            Self::Offence => "offence",
            Self::Article => "article",
        };
        B256::right_padding_from(word.as_bytes())
    }
}

impl ScoreRecord {
    /// The score, where `start` is everyone's first.
    pub(super) fn score<R: Read>(&self, r: &mut R, start: i64) -> Result<i64, R::Error> {
        if self.known.get(r)? { self.score.get(r) } else { Ok(start) }
    }

    /// As the ABI shows it.
    pub(super) fn read<R: Read>(&self, r: &mut R, start: i64) -> Result<sol::Score, R::Error> {
        Ok(sol::Score {
            score: self.score(r, start)?,
            written: self.written.get(r)?,
            missed: self.missed.get(r)?,
            inARow: self.in_a_row.get(r)?,
        })
    }
}

impl Constitution {
    /// Moves the score of `member` by `by`, and does what follows from a loss.
    pub(super) fn move_score(
        &self,
        cx: &mut Context<'_>,
        rules: &Standing,
        member: B256,
        by: i64,
        cause: Cause,
    ) -> Result<()> {
        let record = self.scores.at(member);
        let before = record.score(cx, rules.start)?;
        let wanted = before.saturating_add(by);
        // A score above the cap, from before there was one, is not cut: it only rises no further.
        let score = rules.max.map_or(wanted, |max| wanted.min(max.max(before)));
        if score == before {
            return Ok(());
        }
        record.known.set(cx, true)?;
        record.score.set(cx, score)?;
        cx.emit(&sol::StandingMoved {
            member,
            by: score.saturating_sub(before),
            score,
            cause: cause.word(),
        })?;
        if score > before {
            return Ok(());
        }
        let below = |threshold: Option<i64>| threshold.is_some_and(|threshold| score < threshold);
        if below(rules.expel_below) {
            self.punish(cx, member, true, Cause::Standing)
        } else if below(rules.suspend_below) {
            self.punish(cx, member, false, Cause::Standing)
        } else {
            Ok(())
        }
    }

    /// Suspends or expels `member` by rule, unless it is gone or suspended already, or the last.
    pub(super) fn punish(&self, cx: &mut Context<'_>, member: B256, expel: bool, cause: Cause) -> Result<()> {
        let status = registry().standing(&mut cx.storage_of(REGISTRY), member, u64::MAX)?.status;
        let done = if expel { !status.is_present() } else { status != Status::Active };
        if done {
            return Ok(());
        }
        let could_decide = somebody_decides(cx)?;
        let punished = cx.inside(REGISTRY, |cx| {
            let decides = |cx: &mut Context<'_>| Ok(!could_decide || somebody_decides(cx)?);
            registry().punish(cx, member, expel, decides)
        })?;
        if punished {
            cx.emit(&sol::Punished { member, expelled: expel, cause: cause.word() })
        } else {
            spare(cx, member, if expel { "expulsion" } else { "suspension" })
        }
    }

    /// Moves a score by decision. Errors: `NotByDecision`, `NoStanding`, `NotAMember`.
    pub(super) fn adjust(&self, cx: &mut Context<'_>, member: B256, by: i64) -> Result<()> {
        cx.by_decision()?;
        let rules = self.settings(cx)?.incentive.standing.ok_or(sol::NoStanding {})?;
        let status = registry().standing(&mut cx.storage_of(REGISTRY), member, u64::MAX)?.status;
        ensure!(status.is_present(), sol::NoCandidate { member });
        self.move_score(cx, &rules, member, by, Cause::Decision)
    }
}

/// What articles ask and do. The institution of articles calls it.
impl Constitution {
    /// The score of `member` in the block being executed; `None` where the charter keeps none. `cx` is in the constitution.
    pub(crate) fn score_now(&self, cx: &mut Context<'_>, member: B256) -> Result<Option<i64>> {
        let Some(rules) = self.settings(cx)?.incentive.standing else { return Ok(None) };
        self.scores.at(member).score(cx, rules.start).map(Some)
    }

    /// Blocks that `member` wrote, and turns it let pass, ever. `r` reads the constitution.
    pub(crate) fn turns_of<R: Read>(&self, r: &mut R, member: B256) -> Result<(u64, u64), R::Error> {
        let record = self.scores.at(member);
        Ok((record.written.get(r)?, record.missed.get(r)?))
    }

    /// Whether turns are counted in block `height`. `r` reads the constitution.
    pub(crate) fn counts_turns<R: Read>(&self, r: &mut R, height: u64) -> Result<bool, R::Error> {
        if height < self.turn.get(r)? { self.closed_before.get(r) } else { self.closes.get(r) }
    }

    /// The bond of `member` on its own conduct. Units: wei. `r` reads the constitution.
    pub(crate) fn own_bond<R: Read>(&self, r: &mut R, member: B256) -> Result<U256, R::Error> {
        self.pools.at(member).amount_of(r, member)
    }

    /// Moves the score of `member` because an article says so; the reason if that has no effect. `cx` is in the constitution.
    pub(crate) fn moved_by_article(
        &self,
        cx: &mut Context<'_>,
        member: B256,
        by: i64,
    ) -> Result<Option<&'static str>> {
        if !registry().standing(&mut cx.storage_of(REGISTRY), member, u64::MAX)?.status.is_present() {
            return Ok(Some(GONE));
        }
        let Some(rules) = self.settings(cx)?.incentive.standing else {
            return Ok(Some("the charter keeps no standing any more"));
        };
        self.move_score(cx, &rules, member, by, Cause::Article).map(|()| None)
    }

    /// Suspends `member` because an article says so, unless it is the last that can decide blocks, or vote; the reason if that has no
    /// effect. `cx` is in the constitution.
    pub(crate) fn suspended_by_article(
        &self,
        cx: &mut Context<'_>,
        member: B256,
    ) -> Result<Option<&'static str>> {
        match registry().standing(&mut cx.storage_of(REGISTRY), member, u64::MAX)?.status {
            Status::Active => self.punish(cx, member, false, Cause::Article).map(|()| None),
            Status::Suspended => Ok(Some("it is suspended already")),
            _ => Ok(Some(GONE)),
        }
    }
}

/// Why what an article says of a member has no effect.
const GONE: &str = "it is no member any more";

/// Says that `member` keeps what a rule would take.
pub(super) fn spare(cx: &mut Context<'_>, member: B256, what: &str) -> Result<()> {
    cx.emit(&sol::Spared { member, what: B256::right_padding_from(what.as_bytes()) })
}

/// Everyone's first score under `settings`.
pub(super) fn start(settings: &Settings) -> i64 {
    settings.incentive.standing.map_or(0, |standing| standing.start)
}
