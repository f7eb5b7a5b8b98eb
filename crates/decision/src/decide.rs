//! Deciding offline, from files, with the same steps the chain takes.
//!
//! Ballots carry no dates: they count as of the day judged. Instruments are replayed day by day, and the first day at
//! whose end the rule is met is the day of the decision.

use std::collections::BTreeMap;

use crate::{
    BallotsFile, Basis, Choice, Date, Denominator, Error, Event, InputFile, Limb, Mistake, Numerator,
    Outcome, Report, Rule, Severity, Tally, Voter,
    ballots::{ballots_error, mistake_at},
    check::KINDS,
    error::line_column,
    locate,
};

/// Longest rule file. Units: bytes.
pub const RULE_FILE_LEN_MAX: usize = 256 * 1024;

/// Decides by the rule in `rule_text` (TOML) on the ballots in `ballots_text` (JSON), as of `as_of` or else of the day
/// the ballots file names.
///
/// # Errors
/// [`Error::File`] names the file, the lines and the columns.
pub fn decide_files(rule_text: &str, ballots_text: &str, as_of: Option<Date>) -> Result<Report, Error> {
    Rule::from_toml(rule_text)?.decide_text(ballots_text, as_of)
}

impl Rule {
    /// Reads and checks a rule file.
    ///
    /// # Errors
    /// [`Error::File`] with line and column of the first thing that does not read, or else of every mistake that
    /// [`Rule::check`] finds. Warnings are not errors.
    pub fn from_toml(text: &str) -> Result<Self, Error> {
        Self::from_toml_named(text, "")
    }

    /// The same for a file that may leave out its `id`: then it is `id`, such as the name of the file without its extension.
    ///
    /// # Errors
    /// Those of [`Self::from_toml`].
    pub fn from_toml_named(text: &str, id: &str) -> Result<Self, Error> {
        let error = |mistakes| Error::File { file: InputFile::Rule, mistakes };
        if text.len() > RULE_FILE_LEN_MAX {
            let message = format!("the file is longer than {RULE_FILE_LEN_MAX} bytes");
            return Err(error(vec![Mistake { line: 1, column: 1, message, hint: None }]));
        }
        let mut rule: Self = toml::from_str(text).map_err(|e| {
            let (line, column) = line_column(text, e.span().map_or(0, |span| span.start));
            error(vec![Mistake { line, column, message: e.message().to_owned(), hint: None }])
        })?;
        if rule.id.is_empty() {
            id.clone_into(&mut rule.id);
        }
        if rule.id.is_empty() {
            let (message, hint) =
                ("the rule has no `id`".to_owned(), Some("such as id = \"majority\"".to_owned()));
            return Err(error(vec![Mistake { line: 1, column: 1, message, hint }]));
        }
        let mistakes: Vec<Mistake> = rule
            .check()
            .into_iter()
            .filter(|problem| problem.severity == Severity::Error)
            .map(|problem| {
                let (line, column) = line_column(text, locate::in_toml(text, &problem.path));
                Mistake { line, column, message: problem.message, hint: problem.hint }
            })
            .collect();
        if mistakes.is_empty() { Ok(rule) } else { Err(error(mistakes)) }
    }

    /// Decides on the ballots in `text` (JSON), as of `as_of` or else of the day the file names.
    ///
    /// # Errors
    /// [`Error::File`] names the lines and the columns.
    pub fn decide_text(&self, text: &str, as_of: Option<Date>) -> Result<Report, Error> {
        let ballots = BallotsFile::parse(text)?;
        self.decide(&ballots, as_of).map_err(|error| match error {
            Error::Mismatch { path, message } => ballots_error(vec![mistake_at(text, &path, message)]),
            other => other,
        })
    }

    /// Decides on `file`, as of `as_of` or else of the day the file names. Without either, everything in the file
    /// counts.
    ///
    /// # Errors
    /// [`Error::Mismatch`] if the file lacks what the rule needs: the matter, totals, a weight, the quorum of the period.
    pub fn decide(&self, file: &BallotsFile, as_of: Option<Date>) -> Result<Report, Error> {
        let rule = self.for_matter(file.matter.as_deref())?.at_period(file)?;
        let as_of = as_of.or(file.as_of);
        let mut tally = rule.open(&file.members);
        rule.require_kinds(file)?;
        rule.take_totals(&mut tally, file)?;
        rule.require_weights(&tally, file)?;
        if let Some(silence) = &rule.silence {
            return rule.decide_by_silence(silence, tally, file, as_of);
        }
        let last_day = rule.deadline.zip(file.opened).and_then(|(deadline, opened)| opened.after(deadline));
        rule.record_ballots(&mut tally, file, last_day.into_iter().chain(as_of).min());
        let has_opened = file.opened.zip(as_of).is_none_or(|(opened, today)| opened <= today);
        let closed = has_opened && last_day.zip(as_of).is_none_or(|(last, today)| today >= last);
        // The day a decision by ballots alone bears.
        let ballots_day = last_day.into_iter().chain(as_of).min();
        let by_ballots = rule.outcome(&tally, closed);
        if rule.basis() == Basis::Ballots {
            return Ok(by_ballots.dated_on_notice(&rule, ballots_day, file.notified));
        }
        let decided = (by_ballots.outcome != Outcome::Pending).then_some((ballots_day, by_ballots.outcome));
        Ok(rule.replay(tally, file, as_of, closed, decided))
    }

    /// The rule with the quorum of the period that `file` is about.
    fn at_period(self, file: &BallotsFile) -> Result<Self, Error> {
        match &file.quorum {
            _ if !self.needs_quorum() => Ok(self),
            Some(quorum) => Ok(self.with_quorum(quorum)),
            None => {
                let message =
                    format!("rule `{}` needs the `quorum` of the period, such as \"0.4784\"", self.id);
                Err(Error::Mismatch { path: Vec::new(), message })
            }
        }
    }

    /// Adds the instruments of `file` day by day and judges at the end of each day, unless ballots `decided` it.
    fn replay(
        &self,
        mut tally: Tally,
        file: &BallotsFile,
        as_of: Option<Date>,
        closed: bool,
        mut decided: Option<(Option<Date>, Outcome)>,
    ) -> Report {
        let members: BTreeMap<&str, &Voter> = file.members.iter().map(|m| (m.id.as_str(), m)).collect();
        let mut days: BTreeMap<Date, Vec<&Voter>> = BTreeMap::new();
        for (id, day) in &file.instruments {
            if let Some(voter) = members.get(id.as_str()).filter(|_| as_of.is_none_or(|today| *day <= today))
            {
                days.entry(*day).or_default().push(voter);
            }
        }
        for (day, voters) in days {
            for voter in voters {
                self.record(&mut tally, voter, None, Some(Event::Instrument));
            }
            let outcome = self.outcome(&tally, closed).outcome;
            if decided.is_none() && outcome != Outcome::Pending {
                decided = Some((Some(day), outcome));
            }
        }
        let mut report = self.outcome(&tally, closed);
        if let Some((_, outcome)) = decided {
            report.outcome = outcome;
        }
        report.dated_on_notice(self, decided.and_then(|(day, _)| day), file.notified)
    }

    /// Records who was present, and ballots.
    fn record_ballots(&self, tally: &mut Tally, file: &BallotsFile, last_day: Option<Date>) {
        let ballots: BTreeMap<&str, Event> =
            self.ballots_of(file, last_day).map(|(voter, ballot)| (voter.id.as_str(), ballot)).collect();
        for voter in &file.members {
            let present = file.present.as_ref().is_some_and(|present| present.contains(&voter.id));
            let presence = present.then_some(Event::Present);
            self.record(tally, voter, None, presence);
            if let Some(ballot) = ballots.get(voter.id.as_str()) {
                self.record(tally, voter, presence, Some(*ballot));
            }
        }
    }

    /// The ballots of `file` that count on `last_day`, in the order of its members. An objection of that day or before is
    /// a ballot against; where only those present can object, nobody else's ballot counts.
    pub fn ballots_of<'a>(
        &self,
        file: &'a BallotsFile,
        last_day: Option<Date>,
    ) -> impl Iterator<Item = (&'a Voter, Event)> + Clone {
        let in_person = file.present.as_ref().filter(|_| self.vetoes_judged().any(|veto| veto.present));
        file.members
            .iter()
            .filter(move |voter| in_person.is_none_or(|present| present.contains(&voter.id)))
            .filter_map(move |voter| {
                let objected =
                    file.objections.get(&voter.id).filter(|day| last_day.is_none_or(|last| **day <= last));
                let objection = objected.map(|_| Event::Ballot(Choice::No));
                Some((voter, file.ballots.get(&voter.id).copied().or(objection)?))
            })
    }

    /// Kinds that nobody knows are misspelt, where the rule tells kinds apart.
    fn require_kinds(&self, file: &BallotsFile) -> Result<(), Error> {
        if self.kinds_used().is_empty() {
            return Ok(());
        }
        let unknown =
            file.members.iter().enumerate().find(|(_, voter)| !KINDS.contains(&voter.kind.as_str()));
        let Some((i, voter)) = unknown else { return Ok(()) };
        let message = format!("there is no kind `{}`; the kinds are {}", voter.kind, KINDS.join(", "));
        Err(Error::Mismatch { path: vec!["members".to_owned(), i.to_string(), "kind".to_owned()], message })
    }

    /// Lets totals stand in for ballots in the limbs that name them.
    fn take_totals(&self, tally: &mut Tally, file: &BallotsFile) -> Result<(), Error> {
        for (limb, tally) in self.judged().zip(&mut tally.limbs) {
            let Some(name) = &limb.tally else { continue };
            match file.tallies.get(name) {
                Some(totals) => {
                    if totals.total.is_none() && needs_total(limb) {
                        let message = format!(
                            "limb `{}` of rule `{}` needs the `total` of `{name}`",
                            limb.name, self.id
                        );
                        return Err(Error::Mismatch {
                            path: vec!["tallies".to_owned(), name.clone()],
                            message,
                        });
                    }
                    tally.weight = totals.counts();
                    tally.is_given = true;
                }
                // Members' ballots can do instead, where some member counts in the limb.
                None if !file.members.iter().any(|voter| self.counts(limb, voter)) => {
                    let message = format!("rule `{}` needs the tally `{name}`", self.id);
                    return Err(Error::Mismatch { path: vec!["tallies".to_owned()], message });
                }
                None => {}
            }
        }
        Ok(())
    }

    /// A weight that no member has is a misspelt weight. One that a single member lacks is zero, as for a Party that is
    /// not in the table of emissions.
    fn require_weights(&self, tally: &Tally, file: &BallotsFile) -> Result<(), Error> {
        for (limb, _) in self.judged().zip(&tally.limbs).filter(|(_, tally)| !tally.is_given) {
            let Some(name) = limb.weight.name() else { continue };
            let mut voters = file.members.iter().filter(|voter| self.counts(limb, voter)).peekable();
            if voters.peek().is_some() && !voters.any(|voter| voter.weights.contains_key(name)) {
                let message = format!(
                    "limb `{}` of rule `{}` weighs by `{name}`, which no member has",
                    limb.name, self.id
                );
                return Err(Error::Mismatch { path: vec!["members".to_owned()], message });
            }
        }
        Ok(())
    }
}

fn needs_total(limb: &Limb) -> bool {
    limb.denominator == Denominator::Members && limb.threshold.is_share()
        || limb.numerator == Numerator::NotObjected
}
