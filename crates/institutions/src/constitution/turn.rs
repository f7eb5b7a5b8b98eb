//! When settings of consensus hold: those in storage from a height on, and before it those they replace.
//!
//! A change enacted in block `H` holds from `H + 1` on; but where blocks are worked, `H` itself may still be undone, so the worked
//! chain first buries it under the confirmations of the old settings. While a change is under way no other is taken: a network
//! is on its way from one engine to one other.

use polity_constitution::{Settings, WriteRight};
use polity_primitives::CONSTITUTION;

use super::{Constitution, IConstitution as sol, constitution, judge::invalid, rules, term};
use crate::{
    context::{Context, Result},
    host::Failure,
    storage::Read,
};

/// Gas of reading a byte of settings.
const JSON_GAS: u64 = 5;

/// Whether blocks have accounts under these settings: somebody is paid or counted, or terms begin.
#[must_use]
pub fn closes(settings: &Settings) -> bool {
    settings.keeps_accounts()
}

/// The first height decided under the newest settings of consensus.
pub(crate) fn first_turn<R: Read>(r: &mut R) -> Result<u64, R::Error> {
    constitution().turn.get(r)
}

fn parsed(json: &str) -> Option<Settings> {
    if json.is_empty() { Some(Settings::default()) } else { serde_json::from_str(json).ok() }
}

impl Constitution {
    /// The settings by which block `height` is decided, as JSON. Defined for the next block and those after it.
    fn json_at<R: Read>(&self, r: &mut R, height: u64) -> Result<String, R::Error> {
        if height < self.turn.get(r)? { self.former.get(r) } else { self.consensus.get(r) }
    }

    /// The settings by which block `height` is decided; `None` if they are not those of this program.
    pub(super) fn settings_at<R: Read>(&self, r: &mut R, height: u64) -> Result<Option<Settings>, R::Error> {
        self.json_at(r, height).map(|json| parsed(&json))
    }

    /// The settings of the block being executed, whichever institution `cx` is in.
    pub(super) fn settings(&self, cx: &mut Context<'_>) -> Result<Settings> {
        let height = cx.block().height;
        let json = self.json_at(&mut cx.storage_of(CONSTITUTION), height)?;
        cx.charge((json.len() as u64).saturating_mul(JSON_GAS))?;
        parsed(&json).ok_or_else(|| Failure::fatal("the settings of consensus are not those of this program"))
    }

    /// The settings from block `height` on: those in force and, while a change is under way, those that are coming.
    pub(super) fn settings_from(&self, cx: &mut Context<'_>, height: u64) -> Result<Vec<Settings>> {
        let mut own = cx.storage_of(CONSTITUTION);
        let json = self.json_at(&mut own, height)?;
        let mut all: Vec<Settings> = parsed(&json).into_iter().collect();
        if height < self.turn.get(&mut own)? {
            let json = self.consensus.get(&mut own)?;
            all.extend(parsed(&json));
        }
        Ok(all)
    }

    /// Refuses a change of consensus while another is under way.
    ///
    /// Errors: `InvalidAmendment`.
    pub(super) fn may_turn(&self, cx: &mut Context<'_>) -> Result<()> {
        let turn = self.turn.get(cx)?;
        if cx.block().height < turn {
            return Err(invalid(&format!(
                "consensus: a change of consensus is under way until block {turn}; propose another after it"
            )));
        }
        Ok(())
    }

    /// Makes `new` the settings from the height on that follows from those in force. Genesis has none before.
    pub(super) fn turn_to(&self, cx: &mut Context<'_>, new: &Settings) -> Result<()> {
        let json = rules::settings_json(new)?;
        let before = self.consensus.get(cx)?;
        if before == json {
            return Ok(());
        }
        if !before.is_empty() {
            let old = self.settings(cx)?;
            let turn = turn_of(&old, new, cx.block().height);
            self.may_turn(cx)?;
            self.former.set(cx, &before)?;
            self.turn.set(cx, turn)?;
            self.closed_before.set(cx, closes(&old))?;
            cx.emit(&sol::ConsensusTurns { height: turn, settings: json.clone() })?;
        }
        self.consensus.set(cx, &json)?;
        self.closes.set(cx, closes(new))?;
        self.revise(cx)?;
        term::begin(self, cx, new)
    }
}

/// The first block under `new`, enacted in block `height` under `old`.
const fn turn_of(old: &Settings, new: &Settings, height: u64) -> u64 {
    let buried = match (&old.write, &new.write) {
        (WriteRight::Work(_), WriteRight::Work(_)) => 0,
        (WriteRight::Work(work), _) => work.confirmations,
        _ => 0,
    };
    height.saturating_add(buried).saturating_add(1)
}
