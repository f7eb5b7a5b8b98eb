//! What it means to a running chain that its charter becomes another.
//!
//! Rule kept: every setting of a charter is either carried out on the living chain, or refused with the reason and the way
//! that leads there; none is changed in the text alone while the chain goes on as before. [`Effect`]s come in the order in
//! which they are carried out: what others refer to is written before them and removed after them.
//!
//! Deliberately absent: carrying it out (the institutions do), and the roll of members as decisions and the members
//! themselves have changed it since: a charter names those who founded the agreement or came by an amendment, the registry
//! has them all.

mod members;
mod settings;
mod words;

use serde::Serialize;

use crate::report::join;
use crate::{Charter, Clock, Kind, Rights, Treaty};

/// A live setting that changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "effect", rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub enum Effect {
    /// A weight becomes known to the registry.
    WeightName {
        /// Its name.
        name: String,
    },
    /// An account of the treasury is opened.
    TreasuryAccount {
        /// Its name.
        name: String,
    },
    /// A rule is written or rewritten.
    Rule {
        /// Its id.
        id: String,
    },
    /// A member is admitted.
    Admit {
        /// Its id.
        member: String,
    },
    /// A member has another name.
    MemberName {
        /// Its id.
        member: String,
    },
    /// A member is of another kind.
    MemberKind {
        /// Its id.
        member: String,
    },
    /// A member enters or leaves classes.
    MemberClasses {
        /// Its id.
        member: String,
        /// Classes it now belongs to.
        gained: Vec<String>,
        /// Classes it belongs to no more.
        lost: Vec<String>,
    },
    /// A weight of a member changes.
    MemberWeight {
        /// Its id.
        member: String,
        /// Name of the weight.
        name: String,
    },
    /// Rights that a member has by name change.
    MemberRights {
        /// Its id.
        member: String,
        /// Given.
        gained: Rights,
        /// No longer given by name; those its kind has stay.
        lost: Rights,
    },
    /// Rights of a kind change.
    KindRights {
        /// The kind.
        kind: Kind,
    },
    /// A treaty is opened for instruments.
    Treaty {
        /// Its id.
        id: String,
    },
    /// A treaty has another name.
    TreatyName {
        /// Its id.
        id: String,
    },
    /// An authority from outside is named, or changes.
    Authority {
        /// Its id.
        id: String,
    },
    /// An authority records no more mandates.
    AuthorityRemoved {
        /// Its id.
        id: String,
    },
    /// An article is written or rewritten: its period begins anew.
    Article {
        /// Its id.
        id: String,
    },
    /// An article is removed.
    ArticleRemoved {
        /// Its id.
        id: String,
    },
    /// A chamber is written or rewritten.
    Chamber {
        /// Its id.
        id: String,
    },
    /// A track is written or rewritten.
    Track {
        /// Its id.
        id: String,
    },
    /// A track is removed.
    TrackRemoved {
        /// Its id.
        id: String,
    },
    /// Other paths are constitutional.
    Constitutional,
    /// A chamber is removed.
    ChamberRemoved {
        /// Its id.
        id: String,
    },
    /// A rule is removed.
    RuleRemoved {
        /// Its id.
        id: String,
    },
    /// A member is expelled, unless it left before.
    Expel {
        /// Its id.
        member: String,
    },
    /// The settings of consensus change.
    Consensus,
    /// What transactions pay changes.
    Fees,
    /// The gas of a block changes.
    BlockGasLimit,
    /// Who may connect or transact changes.
    Access,
    /// The time between blocks changes, or when the replay of history ends.
    Pace,
    /// How much past state is kept changes.
    History,
    /// Words that are shown and nothing else, such as the name of the agreement.
    Words {
        /// The key.
        path: String,
    },
}

/// A setting that no amendment can change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Refusal {
    /// Which.
    pub path: String,
    /// Why.
    pub reason: String,
    /// What to do instead; empty if there is nothing.
    pub instead: String,
}

impl core::fmt::Display for Refusal {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{}: {}", self.path, self.reason)?;
        if self.instead.is_empty() { Ok(()) } else { write!(f, "; {}", self.instead) }
    }
}

/// Effects and refusals in the making.
#[derive(Default)]
struct Found {
    effects: Vec<Effect>,
    refusals: Vec<Refusal>,
}

impl Found {
    fn refuse(&mut self, path: impl Into<String>, reason: impl Into<String>, instead: impl Into<String>) {
        self.refusals.push(Refusal { path: path.into(), reason: reason.into(), instead: instead.into() });
    }

    fn when(&mut self, differs: bool, effect: impl FnOnce() -> Effect) {
        if differs {
            self.effects.push(effect());
        }
    }
}

/// What has to be done for `old`, which is in force, to become `new`, in order.
///
/// # Errors
/// Everything in `new` that a running chain cannot take over.
pub fn diff(old: &Charter, new: &Charter) -> Result<Vec<Effect>, Vec<Refusal>> {
    let (effects, refusals) = compare(old, new);
    if refusals.is_empty() { Ok(effects) } else { Err(refusals) }
}

/// The same in two lists: what an amendment can change, in order, and what none can.
#[must_use]
pub fn compare(old: &Charter, new: &Charter) -> (Vec<Effect>, Vec<Refusal>) {
    let mut found = Found::default();
    // Whoever gives the charter a new setting says here what it means to amend it.
    let Charter {
        id,
        name,
        languages,
        chain_id,
        sources,
        clock,
        block_time_ms,
        consensus,
        currency,
        fees,
        block_gas_limit,
        history,
        access,
        rights,
        accounts: _,
        treasury: _,
        members: _,
        weight_scales,
        chambers,
        rules,
        treaties: _,
        tracks,
        constitutional,
        authorities,
        articles,
        text: _,
        hash: _,
    } = new;
    if *id != old.id {
        found.refuse("id", "it names this chain in every home and every backup", "");
    }
    if *chain_id != old.chain_id {
        found.refuse("chain_id", "every signature ever made on this chain holds it", "");
    }
    clock_kept(&old.clock, clock, &mut found);
    for name in weight_scales.keys().filter(|name| !old.weight_scales.contains_key(*name)) {
        found.effects.push(Effect::WeightName { name: name.clone() });
    }
    money(old, new, &mut found);
    for rule in rules {
        found.when(old.rule(&rule.id) != Some(rule), || Effect::Rule { id: rule.id.clone() });
    }
    members::present(old, new, &mut found);
    for kind in Kind::ALL {
        let of = |rights: &std::collections::BTreeMap<Kind, Rights>| {
            rights.get(&kind).copied().unwrap_or_default()
        };
        found.when(of(&old.rights) != of(rights), || Effect::KindRights { kind });
    }
    treaties_kept(old, new, &mut found);
    for authority in authorities {
        found.when(old.authority(&authority.id) != Some(authority), || Effect::Authority {
            id: authority.id.clone(),
        });
    }
    for authority in &old.authorities {
        found.when(new.authority(&authority.id).is_none(), || Effect::AuthorityRemoved {
            id: authority.id.clone(),
        });
    }
    for article in &old.articles {
        found.when(new.article(&article.id).is_none(), || Effect::ArticleRemoved { id: article.id.clone() });
    }
    for article in articles {
        found.when(old.article(&article.id) != Some(article), || Effect::Article { id: article.id.clone() });
    }
    for chamber in chambers {
        found.when(old.chamber(&chamber.id) != Some(chamber), || Effect::Chamber { id: chamber.id.clone() });
    }
    for track in old.tracks.iter().filter(|track| new.track(&track.id).is_none()) {
        found.effects.push(Effect::TrackRemoved { id: track.id.clone() });
    }
    for track in tracks {
        found.when(old.track(&track.id) != Some(track), || Effect::Track { id: track.id.clone() });
    }
    found.when(old.constitutional != *constitutional, || Effect::Constitutional);
    for chamber in &old.chambers {
        found.when(new.chamber(&chamber.id).is_none(), || Effect::ChamberRemoved { id: chamber.id.clone() });
    }
    for rule in &old.rules {
        found.when(new.rule(&rule.id).is_none(), || Effect::RuleRemoved { id: rule.id.clone() });
    }
    members::gone(old, new, &mut found);
    found.when(old.consensus != *consensus, || Effect::Consensus);
    found.when(old.fees != *fees, || Effect::Fees);
    found.when(old.block_gas_limit != *block_gas_limit, || Effect::BlockGasLimit);
    found.when(old.access != *access, || Effect::Access);
    let is_paced_anew = old.block_time_ms != *block_time_ms || old.clock != *clock;
    found.when(is_paced_anew, || Effect::Pace);
    found.when(old.history != *history, || Effect::History);
    for (path, differs) in [
        ("name", old.name != *name),
        ("languages", old.languages != *languages),
        ("sources", old.sources != *sources),
        ("currency", old.currency != *currency),
    ] {
        found.when(differs, || Effect::Words { path: path.to_owned() });
    }
    (found.effects, found.refusals)
}

/// A calendar that blocks were dated by stays: the time of a block follows from its height.
fn clock_kept(old: &Clock, new: &Clock, found: &mut Found) {
    const DATED: &str = "the date of every block so far follows from it";
    match (old, new) {
        (Clock::Wall, Clock::Wall) => {}
        (Clock::Replay { start, step_secs, .. }, Clock::Replay { start: begins, step_secs: steps, .. }) => {
            if start != begins {
                found.refuse("clock.start", DATED, "");
            }
            if step_secs != steps {
                found.refuse("clock.step", DATED, "clock.block_time is how fast blocks follow each other");
            }
        }
        _ => found.refuse("clock.mode", DATED, ""),
    }
}

/// Opening balances are history; accounts of the treasury can be opened empty.
fn money(old: &Charter, new: &Charter, found: &mut Found) {
    const OPENED: &str = "opening balances were paid in the first block";
    const PAY: &str = "propose treasury.pay";
    for (name, balance) in &new.treasury {
        let path = join("treasury", name);
        match old.treasury.get(name) {
            Some(before) if before == balance => {}
            None if balance.is_zero() => {
                found.effects.push(Effect::TreasuryAccount { name: name.clone() });
            }
            None => {
                found.refuse(path, OPENED, "open it with \"0\" and propose treasury.move or treasury.pay")
            }
            Some(_) => found.refuse(path, OPENED, PAY),
        }
    }
    for name in old.treasury.keys().filter(|name| !new.treasury.contains_key(*name)) {
        found.refuse(
            join("treasury", name),
            "an account may hold money",
            "propose treasury.move to empty it",
        );
    }
    for account in &new.accounts {
        if !old.accounts.contains(account) {
            let instead = "propose registry.setGuest to let an account transact, and treasury.pay to fund it";
            found.refuse(join("accounts", &account.id), OPENED, instead);
        }
    }
    for account in &old.accounts {
        if !new.accounts.iter().any(|kept| kept.id == account.id) {
            let instead = "propose registry.setGuest with welcome = false to shut an account out";
            found.refuse(join("accounts", &account.id), "the account was opened in the first block", instead);
        }
    }
}

/// What Parties deposited instruments to stays as it was; a treaty may be opened, or get another name.
fn treaties_kept(old: &Charter, new: &Charter, found: &mut Found) {
    for treaty in &new.treaties {
        match old.treaty(&treaty.id) {
            None => found.effects.push(Effect::Treaty { id: treaty.id.clone() }),
            Some(before) => treaty_kept(before, treaty, new, old, found),
        }
    }
    for treaty in old.treaties.iter().filter(|treaty| new.treaty(&treaty.id).is_none()) {
        let reason = "instruments may be deposited to it";
        found.refuse(join("treaties", &treaty.id), reason, "its Parties withdraw from it: polity withdraw");
    }
}

fn treaty_kept(old: &Treaty, new: &Treaty, amended: &Charter, before: &Charter, found: &mut Found) {
    const DEPOSITED: &str = "instruments are deposited to the treaty as it was opened";
    const ANOTHER: &str = "open another treaty under [treaties]";
    let path = join("treaties", &new.id);
    if old.depositors != new.depositors {
        found.refuse(join(&path, "depositors"), DEPOSITED, ANOTHER);
    }
    if old.rule != new.rule {
        found.refuse(join(&path, "rule"), DEPOSITED, ANOTHER);
    } else if before.rule(&old.rule) != amended.rule(&new.rule) {
        let reason = format!("treaty `{}` was opened with this rule, and {DEPOSITED}", new.id);
        found.refuse(join("rules", &new.rule), reason, "write the new rule under another id");
    }
    found.when(old.name != new.name, || Effect::TreatyName { id: new.id.clone() });
    // Whoever gives treaties a new setting says here what it means to amend it.
    let Treaty { id: _, name: _, rule: _, depositors: _, amendments, clauses } = new;
    if old.amendments != *amendments {
        found.refuse(join(&path, "amendments"), DEPOSITED, ANOTHER);
    }
    if old.clauses != *clauses {
        found.refuse(path, format!("final clauses bind as they were: {DEPOSITED}"), ANOTHER);
    }
}
