//! The facts of the chain: what clauses may ask for, answered from the storage of the institutions.
//!
//! Rule kept: every answer is that of the block in which it is asked, but `written` and `missed`, which count since the running period
//! began for the member; and what the chain does not know is said to be missing, never taken for nothing.

use alloy_primitives::{B256, U256};
use polity_charter::{DAY_SECS, STAKE, STAKE_SCALE, date_days};
use polity_clause::{Answer, Facts, Value};
use polity_decision::Rational;
use polity_primitives::{ASSEMBLY, CONSTITUTION, REGISTRY};

use super::{account::Bench, schema::Four};
use crate::{
    assembly,
    constitution::constitution,
    context::{Context, Result},
    host::Failure,
    names,
    registry::{Standing, Status, registry},
};

/// Gas of a step of a clause.
///
/// Source: measured, arithmetic on numbers of 512 bits takes 0.9 to 1.3 µs a step and everything else less than 0.1: 60 gas at 50 million
/// a second (as `constitution::STEP_GAS`).
pub(super) const STEP_GAS: u64 = 60;

/// One member before the court, in one period.
pub(super) struct Chain<'c, 'h> {
    pub(super) cx: &'c mut Context<'h>,
    pub(super) member: B256,
    pub(super) standing: Standing,
    /// What it had written and missed when the period began for it.
    pub(super) mark: Four,
    /// Number of the period.
    pub(super) period: u64,
}

impl Bench for Chain<'_, '_> {
    fn pay(&mut self, steps: u64) -> Result<()> {
        self.cx.charge(steps.saturating_mul(STEP_GAS))
    }
}

impl Facts for Chain<'_, '_> {
    type Error = Failure;

    fn ask(&mut self, name: &str, arguments: &[Value]) -> Result<Answer> {
        let known = |value: Value| Ok(Answer::Known(value));
        match (name, arguments) {
            ("id", []) => known(Value::Text(names::text(self.member))),
            ("kind", []) => known(Value::Text(self.standing.kind().to_string())),
            ("classes", []) => self.classes(),
            ("rights", []) => self.rights(),
            ("suspended", []) => known(Value::Bool(self.standing.status == Status::Suspended)),
            ("member", []) => known(Value::Member),
            ("period", []) => known(Value::Period),
            ("today", []) => known(Value::from(self.cx.block().timestamp_secs / DAY_SECS)),
            ("date", [Value::Text(text)]) => {
                Ok(date_days(text).map_or_else(Answer::Missing, |days| Answer::Known(Value::from(days))))
            }
            ("number", [Value::Period]) => known(Value::from(self.period)),
            ("weight", [Value::Text(name), Value::Member]) => self.weight(name),
            ("standing", [Value::Member]) => self.score(),
            ("bonded", [Value::Member]) => self.bonded(),
            ("written", [Value::Member, Value::Period]) => self.turns(|turns, mark| (turns.0, mark.0)),
            ("missed", [Value::Member, Value::Period]) => self.turns(|turns, mark| (turns.1, mark.1)),
            ("deposited", [Value::Text(treaty), Value::Member]) => self.deposited(treaty),
            ("in_force", [Value::Text(treaty), Value::Member]) => self.in_force(treaty),
            _ => Err(Failure::fatal(format!("no fact `{name}` of {} arguments", arguments.len()))),
        }
    }
}

impl Chain<'_, '_> {
    fn classes(&mut self) -> Result<Answer> {
        let classes = registry().classes(&mut self.cx.storage_of(REGISTRY), self.standing.classes)?;
        Ok(Answer::Known(Value::Texts(classes.into_iter().map(names::text).collect())))
    }

    fn rights(&mut self) -> Result<Answer> {
        let of_kind =
            registry().kind_rights(&mut self.cx.storage_of(REGISTRY), self.standing.kind, u64::MAX)?;
        let rights = self.standing.rights(of_kind);
        Ok(Answer::Known(Value::Texts(rights.words().map(str::to_owned).collect())))
    }

    fn weight(&mut self, name: &str) -> Result<Answer> {
        let Some(word) = names::word(name) else {
            return Ok(Answer::Missing(format!("`{name}` is no name")));
        };
        let mut members = self.cx.storage_of(REGISTRY);
        let scale = match registry().scale(&mut members, word)? {
            0 if name == STAKE => STAKE_SCALE,
            0 => return Ok(Answer::Missing(format!("no weight is called {name}"))),
            scale => scale,
        };
        let weight = registry().weight(&mut members, self.member, word, u64::MAX)?;
        Ok(Answer::Known(Value::Number(Rational::new(weight.into(), scale.into()))))
    }

    fn score(&mut self) -> Result<Answer> {
        let member = self.member;
        let score = self.cx.inside(CONSTITUTION, |cx| constitution().score_now(cx, member))?;
        Ok(match score {
            Some(score) => Answer::Known(Value::from(score)),
            None => Answer::Missing("the charter keeps no standing".to_owned()),
        })
    }

    fn bonded(&mut self) -> Result<Answer> {
        let wei = constitution().own_bond(&mut self.cx.storage_of(CONSTITUTION), self.member)?;
        let bytes = |number: U256| number.to_string().parse();
        let (wei, unit) = (bytes(wei), bytes(U256::from(STAKE_SCALE)));
        match (wei, unit) {
            (Ok(wei), Ok(unit)) => Ok(Answer::Known(Value::Number(Rational::new(wei, unit)))),
            _ => Err(Failure::fatal("a number of wei is no number")),
        }
    }

    /// What `of` takes from what the member wrote and missed ever, less what it takes from its mark.
    fn turns(&mut self, of: impl Fn((u64, u64), (u64, u64)) -> (u64, u64)) -> Result<Answer> {
        let height = self.cx.block().height;
        let mut own = self.cx.storage_of(CONSTITUTION);
        if !constitution().counts_turns(&mut own, height)? {
            let why = "blocks have no accounts: the charter's incentive says nothing";
            return Ok(Answer::Missing(why.to_owned()));
        }
        let turns = constitution().turns_of(&mut own, self.member)?;
        let Four([written, missed, ..]) = self.mark;
        let (now, before) = of(turns, (written, missed));
        Ok(Answer::Known(Value::from(now.saturating_sub(before))))
    }

    fn deposited(&mut self, treaty: &str) -> Result<Answer> {
        let Some(word) = names::word(treaty) else { return Ok(no_treaty(treaty)) };
        let found = assembly::has_deposited(&mut self.cx.storage_of(ASSEMBLY), word, self.member)?;
        Ok(found.map_or_else(|| no_treaty(treaty), |found| Answer::Known(Value::Bool(found))))
    }

    fn in_force(&mut self, treaty: &str) -> Result<Answer> {
        let Some(word) = names::word(treaty) else { return Ok(no_treaty(treaty)) };
        let (kind, now) = (self.standing.kind(), self.cx.block().timestamp_secs);
        let mut house = self.cx.storage_of(ASSEMBLY);
        let found = assembly::is_in_force(&mut house, word, self.member, kind, now)?;
        Ok(found.map_or_else(|| no_treaty(treaty), |found| Answer::Known(Value::Bool(found))))
    }
}

fn no_treaty(name: &str) -> Answer {
    Answer::Missing(format!("there is no treaty {name}"))
}
