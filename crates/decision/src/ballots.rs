//! The ballots file of `polity decide`: who may decide, and what they did.
//!
//! Rule kept: a file that says something twice, or about someone who is no member, is refused with the line; nothing
//! is skipped in silence, because a ballot that does not count should be noticed.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    Choice, Counts, Date, Error, Event, InputFile, Mistake, Rational, Voter,
    error::line_column,
    locate,
    written::{Written, given, keys},
};

/// Longest ballots file. Units: bytes.
pub const BALLOTS_LEN_MAX: usize = 64 * 1024 * 1024;
/// Most mistakes listed.
pub const MISTAKES_MAX: usize = 100;

/// A ballots file, checked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BallotsFile {
    /// The matter put to the vote.
    pub matter: Option<String>,
    /// The day to judge as of; instruments of later days do not count.
    pub as_of: Option<Date>,
    /// The day the vote opened.
    pub opened: Option<Date>,
    /// The day the text was notified.
    pub notified: Option<Date>,
    /// The electorate.
    pub members: Vec<Voter>,
    /// Who was present; `None`: whoever cast a ballot.
    pub present: Option<BTreeSet<String>>,
    /// Ballots by member.
    pub ballots: BTreeMap<String, Event>,
    /// Days of deposit by member.
    pub instruments: BTreeMap<String, Date>,
    /// Days of objection by member.
    pub objections: BTreeMap<String, Date>,
    /// Totals by name, where only totals are known.
    pub tallies: BTreeMap<String, Totals>,
    /// Quorum of the period, for rules whose quorum follows past participation.
    pub quorum: Option<Rational>,
}

/// Totals of a vote of which the single ballots are not known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// In favour.
    pub yes: Rational,
    /// Against.
    pub no: Rational,
    /// Abstaining.
    pub abstain: Rational,
    /// Against with veto.
    pub veto: Rational,
    /// Of all who could vote. A rule that needs it refuses totals without it.
    pub total: Option<Rational>,
}

impl Totals {
    /// The same as sums of a limb. Without a total, whoever voted is all there is.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let mut counts = Counts {
            yes: self.yes.clone(),
            no: self.no.clone(),
            abstain: self.abstain.clone(),
            veto: self.veto.clone(),
            ..Counts::default()
        };
        counts.members = self.total.clone().unwrap_or_else(|| counts.cast());
        counts
    }
}

impl BallotsFile {
    /// Reads and checks a ballots file.
    ///
    /// # Errors
    /// [`Error::File`] with line and column of the first thing that does not read, or else of everything that means
    /// nothing: a member listed twice, a ballot of someone who is no member, totals that exceed their total.
    pub fn parse(text: &str) -> Result<Self, Error> {
        if text.len() > BALLOTS_LEN_MAX {
            let message = format!("the file is longer than {BALLOTS_LEN_MAX} bytes");
            return Err(ballots_error(vec![Mistake { line: 1, column: 1, message, hint: None }]));
        }
        let written: Written = serde_json::from_str(text).map_err(|e| ballots_error(vec![from_json(&e)]))?;
        let mistakes: Vec<Mistake> = written
            .mistakes()
            .into_iter()
            .take(MISTAKES_MAX)
            .map(|(path, message)| mistake_at(text, &path, message))
            .collect();
        if mistakes.is_empty() { Ok(written.accept()) } else { Err(ballots_error(mistakes)) }
    }
}

impl Written {
    /// What reads but means nothing: path and message.
    fn mistakes(&self) -> Vec<(Vec<String>, String)> {
        let mut found = Vec::new();
        let mut ids = BTreeSet::new();
        for (i, member) in self.members.iter().enumerate() {
            if member.id.is_empty() {
                found.push((path(&["members", &i.to_string(), "id"]), "a member needs an id".to_owned()));
            } else if !ids.insert(member.id.as_str()) {
                let message = format!("member `{}` is listed twice", member.id);
                found.push((path(&["members", &i.to_string(), "id"]), message));
            }
        }
        let named = [
            ("ballots", keys(&self.ballots)),
            ("instruments", keys(&self.instruments)),
            ("objections", keys(&self.objections)),
        ];
        for (field, names) in named {
            for name in names.into_iter().filter(|name| !ids.contains(name.as_str())) {
                found.push((path(&[field, name]), format!("`{name}` is not among the members")));
            }
        }
        for (id, _) in given(&self.objections) {
            let ballot = self.ballots.as_ref().and_then(|ballots| ballots.0.get(id)?.as_ref());
            if ballot.is_some_and(|ballot| !ballot.0.is_wholly(&[Choice::No, Choice::Veto])) {
                found.push((
                    path(&["objections", id]),
                    format!("`{id}` objects, but its ballot is not against"),
                ));
            }
        }
        if self.quorum.as_ref().is_some_and(|quorum| quorum.0 > Rational::from_integer(1.into())) {
            let message = "a quorum is a share of one: 47.84 % is \"0.4784\" or \"4784/10000\"";
            found.push((path(&["quorum"]), message.to_owned()));
        }
        let mut seen = BTreeSet::new();
        for (i, name) in self.present.iter().flatten().enumerate() {
            let at = path(&["present", &i.to_string()]);
            if !ids.contains(name.as_str()) {
                found.push((at, format!("`{name}` is not among the members")));
            } else if !seen.insert(name) {
                found.push((at, format!("`{name}` appears twice")));
            }
        }
        for (name, totals) in self.tallies() {
            let counts = totals.counts();
            if counts.cast() > counts.members {
                let message = format!("the ballots of `{name}` are {}, more than its total", counts.cast());
                found.push((path(&["tallies", name]), message));
            }
        }
        if self.members.is_empty() && self.tallies.as_ref().is_none_or(|tallies| tallies.0.is_empty()) {
            found.push((Vec::new(), "there are neither members nor tallies: nobody could decide".to_owned()));
        }
        found
    }

    fn accept(self) -> BallotsFile {
        let ballots = given(&self.ballots).map(|(id, ballot)| (id.to_owned(), ballot.0)).collect();
        let days = |map: &_| given(map).map(|(id, day)| (id.to_owned(), *day)).collect();
        BallotsFile {
            tallies: self.tallies().map(|(name, totals)| (name.to_owned(), totals)).collect(),
            ballots,
            instruments: days(&self.instruments),
            objections: days(&self.objections),
            matter: self.matter,
            as_of: self.as_of,
            opened: self.opened,
            notified: self.notified,
            members: self.members.into_iter().map(Into::into).collect(),
            present: self.present.map(|present| present.into_iter().collect()),
            quorum: self.quorum.map(|quorum| quorum.0),
        }
    }
}

fn path(segments: &[&str]) -> Vec<String> {
    segments.iter().map(|segment| (*segment).to_owned()).collect()
}

pub(crate) fn mistake_at(text: &str, path: &[String], message: String) -> Mistake {
    let (line, column) = line_column(text, locate::in_json(text, path));
    Mistake { line, column, message, hint: None }
}

pub(crate) const fn ballots_error(mistakes: Vec<Mistake>) -> Error {
    Error::File { file: InputFile::Ballots, mistakes }
}

fn from_json(error: &serde_json::Error) -> Mistake {
    let full = error.to_string();
    // serde_json appends the place, which is reported apart.
    let message = full.rsplit_once(" at line ").map_or(full.as_str(), |(message, _)| message).to_owned();
    Mistake { line: error.line().max(1), column: error.column().max(1), message, hint: None }
}
