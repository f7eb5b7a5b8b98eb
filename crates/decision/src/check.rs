//! Mistakes in rules that can be seen before anyone votes.
//!
//! Two passes: [`Rule::check`] needs the rule only; [`Rule::check_electorate`] also needs who will vote under it.
//! Both return everything they find. Deliberately absent: whether a rule is wise.

use std::{collections::BTreeSet, fmt};

use num_traits::{One, Zero};

use crate::{
    Choice, Comparison, Denominator, FORMULA_DEPTH_MAX, Limb, Numerator, Rational, Rule, Voter,
    check_frame::check_weight,
    rule::{LIMBS_MAX, LIST_MAX, RULE_JSON_MAX, VETOES_MAX},
};

/// How bad a [`Problem`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// It works, but hardly as meant.
    Warning,
    /// The rule is refused.
    Error,
}

/// One mistake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// How bad.
    pub severity: Severity,
    /// The field from the top of the rule, such as `limb[1].threshold`.
    pub path: String,
    /// What is wrong.
    pub message: String,
    /// How to put it right.
    pub hint: Option<String>,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path, self.message)?;
        self.hint.as_ref().map_or(Ok(()), |hint| write!(f, " ({hint})"))
    }
}

/// The kinds of member there are. Source: DESIGN §2.
pub(crate) const KINDS: [&str; 7] =
    ["state", "igo", "ngo", "subnational", "expert", "enterprise", "individual"];

/// Longest id, name, kind, class or matter. Units: bytes.
const WORD_LEN_MAX: usize = 64;

pub(crate) struct Problems(Vec<Problem>);

impl Problems {
    pub(crate) fn error(&mut self, path: impl Into<String>, message: impl Into<String>, hint: &str) {
        self.push(Severity::Error, path.into(), message.into(), hint);
    }

    pub(crate) fn warning(&mut self, path: impl Into<String>, message: impl Into<String>, hint: &str) {
        self.push(Severity::Warning, path.into(), message.into(), hint);
    }

    fn push(&mut self, severity: Severity, path: String, message: String, hint: &str) {
        let hint = (!hint.is_empty()).then(|| hint.to_owned());
        self.0.push(Problem { severity, path, message, hint });
    }

    pub(crate) fn word(&mut self, path: &str, word: &str) {
        let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b':');
        if word.is_empty() || word.len() > WORD_LEN_MAX || !word.bytes().all(fits) {
            let hint = "use ASCII letters, digits, `-` and `_`";
            self.error(
                path,
                format!("`{word}` is empty, too long or has a character that cannot be used"),
                hint,
            );
        }
    }

    fn words(&mut self, path: &str, words: &[String]) {
        if words.len() > LIST_MAX {
            self.error(path, format!("{} entries, but at most {LIST_MAX} are taken", words.len()), "");
        }
        let mut seen = BTreeSet::new();
        for (i, word) in words.iter().enumerate() {
            let path = format!("{path}[{i}]");
            self.word(&path, word);
            if !seen.insert(word) {
                self.error(path, format!("`{word}` appears twice"), "");
            }
        }
    }

    fn kinds(&mut self, path: &str, kinds: &[String]) {
        self.words(path, kinds);
        for (i, kind) in kinds.iter().enumerate().filter(|(_, kind)| !KINDS.contains(&kind.as_str())) {
            let hint = format!("the kinds are {}", KINDS.join(", "));
            self.error(format!("{path}[{i}]"), format!("there is no kind `{kind}`"), &hint);
        }
    }
}

impl Rule {
    /// Every mistake that the rule alone shows, in the order of its fields.
    #[must_use]
    pub fn check(&self) -> Vec<Problem> {
        let mut found = Problems(Vec::new());
        found.word("id", &self.id);
        found.words("matters", &self.matters);
        found.kinds("not_additional", &self.not_additional);
        if self.limbs.is_empty() && self.vetoes.is_empty() {
            found.error(
                "limb",
                "the rule has no limb and no veto: it would adopt everything",
                "add a [[limb]]",
            );
        }
        if self.limbs.len() > LIMBS_MAX {
            found.error("limb", format!("{} limbs, but at most {LIMBS_MAX} are taken", self.limbs.len()), "");
        }
        for (i, limb) in self.limbs.iter().enumerate().take(LIMBS_MAX) {
            self.check_limb(&mut found, &format!("limb[{i}]"), limb);
        }
        self.check_names(&mut found);
        self.check_formula(&mut found);
        self.check_vetoes(&mut found);
        self.check_matters(&mut found);
        self.check_frame(&mut found);
        if self.deadline.is_some() && self.limbs.iter().all(|limb| limb.numerator == Numerator::Instruments) {
            found.error(
                "deadline",
                "instruments can be deposited at any time, so a deadline for ballots says nothing",
                "",
            );
        }
        if self.canonical_json().len() > RULE_JSON_MAX {
            found.error(
                "",
                format!("the rule is longer than {RULE_JSON_MAX} bytes"),
                "shorten names and source",
            );
        }
        found.0
    }

    fn check_limb(&self, found: &mut Problems, at: &str, limb: &Limb) {
        found.word(&format!("{at}.name"), &limb.name);
        found.words(&format!("{at}.matters"), &limb.matters);
        found.kinds(&format!("{at}.kinds"), &limb.kinds);
        found.words(&format!("{at}.classes"), &limb.classes);
        found.words(&format!("{at}.not_classes"), &limb.not_classes);
        self.check_known_matters(found, at, &limb.matters);
        check_weight(found, at, limb);
        if limb.threshold.is_moving() && self.quorum.is_none() {
            let message = "the rule has no quorum that moves";
            found.error(format!("{at}.threshold"), message, "add a [quorum] with min, max, start and past");
        }
        for (field, word) in [("reason", &limb.reason), ("tally", &limb.tally)] {
            if let Some(word) = word {
                found.word(&format!("{at}.{field}"), word);
            }
        }
        for kind in limb.kinds.iter().filter(|kind| self.not_additional.contains(kind)) {
            let message = format!("kind `{kind}` is not additional, so this limb never counts it");
            found.error(format!("{at}.kinds"), message, "take it out of `kinds` or of `not_additional`");
        }
        if let Some(class) = limb.classes.iter().find(|class| limb.not_classes.contains(class)) {
            found.error(
                format!("{at}.not_classes"),
                format!("class `{class}` is asked for and excluded"),
                "",
            );
        }
        check_parts(found, at, limb);
        check_threshold(found, at, limb);
        if let Some(fewest) = limb.blocking_minority {
            let path = format!("{at}.blocking_minority");
            if fewest < 2 {
                found.error(&path, "a blocking minority of fewer than two members changes nothing", "");
            }
            let blockable: &[Numerator] =
                if self.reverse { &[Numerator::No] } else { &[Numerator::Yes, Numerator::YesAbstain] };
            if !blockable.contains(&limb.numerator) {
                let (message, hint) = if self.reverse {
                    (
                        "only a limb of ballots against can be blocked in a reverse rule",
                        "use numerator = \"no\"",
                    )
                } else {
                    ("only a limb of ballots in favour can be blocked", "use numerator = \"yes\"")
                };
                found.error(&path, message, hint);
            }
            if limb.tally.is_some() {
                found.error(
                    &path,
                    "totals do not say how many members stand behind them",
                    "take out `tally`",
                );
            }
        }
    }

    fn check_names(&self, found: &mut Problems) {
        for (i, limb) in self.limbs.iter().enumerate() {
            let clashes = |other: &&Limb| {
                other.name == limb.name
                    && (other.matters.is_empty()
                        || limb.matters.is_empty()
                        || limb.matters.iter().any(|matter| other.matters.contains(matter)))
            };
            if self.limbs.iter().take(i).find(clashes).is_some() {
                let message = format!("two limbs of one matter are named `{}`", limb.name);
                found.error(format!("limb[{i}].name"), message, "");
            }
        }
    }

    fn check_known_matters(&self, found: &mut Problems, at: &str, matters: &[String]) {
        for (i, matter) in matters.iter().enumerate().filter(|(_, matter)| !self.matters.contains(matter)) {
            let hint = "list every matter in `matters` of the rule, the default first";
            found.error(format!("{at}.matters[{i}]"), format!("the rule has no matter `{matter}`"), hint);
        }
    }

    fn check_matters(&self, found: &mut Problems) {
        for (i, matter) in self.matters.iter().enumerate() {
            let narrowed = Self { matters: vec![matter.clone()], ..self.clone() };
            if narrowed.judged().next().is_none() && narrowed.vetoes_judged().next().is_none() {
                let message = format!("no limb and no veto is for `{matter}`: it would always be adopted");
                found.error(format!("matters[{i}]"), message, "");
            }
        }
    }

    fn check_formula(&self, found: &mut Problems) {
        let Some(formula) = &self.passes else { return };
        if formula.depth() > FORMULA_DEPTH_MAX {
            found.error("passes", format!("nested deeper than {FORMULA_DEPTH_MAX} levels"), "");
        }
        if formula.has_empty_part() {
            found.error("passes", "an empty list of conditions says nothing", "");
        }
        let names = formula.names();
        for name in names.iter().filter(|name| !self.limbs.iter().any(|limb| limb.name == **name)) {
            let known: Vec<&str> = self.limbs.iter().map(|limb| limb.name.as_str()).collect();
            found.error(
                "passes",
                format!("there is no limb `{name}`"),
                &format!("the limbs are {}", known.join(", ")),
            );
        }
        for (i, limb) in self.limbs.iter().enumerate().filter(|(_, l)| !names.contains(&l.name.as_str())) {
            let message = format!("limb `{}` is not in `passes`: it decides nothing", limb.name);
            found.error(format!("limb[{i}].name"), message, "name it in `passes`, or take it out");
        }
    }

    fn check_vetoes(&self, found: &mut Problems) {
        if self.vetoes.len() > VETOES_MAX {
            found.error(
                "veto",
                format!("{} vetoes, but at most {VETOES_MAX} are taken", self.vetoes.len()),
                "",
            );
        }
        for (i, veto) in self.vetoes.iter().enumerate().take(VETOES_MAX) {
            let at = format!("veto[{i}]");
            found.words(&format!("{at}.matters"), &veto.matters);
            found.kinds(&format!("{at}.kinds"), &veto.kinds);
            found.words(&format!("{at}.classes"), &veto.classes);
            found.word(&format!("{at}.reason"), &veto.reason);
            self.check_known_matters(found, &at, &veto.matters);
            if veto.by.is_empty() {
                found.error(format!("{at}.by"), "no ballot uses this veto", "write by = [\"no\", \"veto\"]");
            }
            if veto.by.contains(&Choice::Yes) {
                found.error(format!("{at}.by"), "a ballot in favour cannot be a veto", "");
            }
        }
        let by_instruments = |limb: &Limb| limb.numerator == Numerator::Instruments;
        if !self.vetoes.is_empty() && !self.limbs.is_empty() && self.limbs.iter().all(by_instruments) {
            found.error("veto", "a veto is a ballot, and this rule counts instruments only", "");
        }
    }

    /// Every mistake that shows when `electorate` votes under this rule, for each of its matters.
    #[must_use]
    pub fn check_electorate(&self, electorate: &[Voter]) -> Vec<Problem> {
        let mut found = Problems(Vec::new());
        for (i, limb) in self.limbs.iter().enumerate() {
            let voters: Vec<&Voter> = electorate.iter().filter(|voter| self.counts(limb, voter)).collect();
            check_voters(&mut found, &format!("limb[{i}]"), limb, &voters);
        }
        for (i, veto) in self.vetoes.iter().enumerate() {
            if !electorate.iter().any(|voter| self.is_additional(voter) && veto.is_held_by(voter)) {
                let message = format!("nobody holds the veto `{}`", veto.reason);
                found.warning(format!("veto[{i}]"), message, "check its kinds and classes");
            }
        }
        found.0
    }
}

/// Numerators and denominators that do not belong together.
fn check_parts(found: &mut Problems, at: &str, limb: &Limb) {
    use Denominator as D;
    use Numerator as N;
    let path = format!("{at}.denominator");
    let by_ballot = matches!(limb.denominator, D::Present | D::Voting | D::Cast);
    match (limb.numerator, &limb.denominator) {
        (N::Instruments, _) if by_ballot => {
            found.error(
                &path,
                "instruments are deposited, not voted: nobody is present",
                "use members, or a fixed total",
            );
        }
        _ if limb.part_can_exceed_whole() => {
            found.error(&path, "the part is not within the whole: the share could exceed one", "use members");
        }
        (N::Cast, D::Cast) | (N::Present, D::Present) => {
            found.error(&path, "a share of itself is always one", "use members");
        }
        (_, D::Fixed(total)) if total.is_zero() => {
            found.error(&path, "a total of zero can never be shared", "")
        }
        _ => {}
    }
    if limb.numerator == N::Instruments && limb.tally.is_some() {
        found.error(format!("{at}.tally"), "totals hold ballots, not instruments", "take out `tally`");
    }
}

fn check_threshold(found: &mut Problems, at: &str, limb: &Limb) {
    if limb.threshold.is_moving() {
        if !limb.threshold.comparison().is_rising() {
            found.error(format!("{at}.threshold"), "a quorum is reached, not missed", "write >= quorum");
        }
        return;
    }
    let (threshold, one) = (&limb.threshold, Rational::one());
    let (value, share) = (threshold.value(), threshold.is_share());
    let never = match threshold.comparison() {
        Comparison::More => share && *value >= one,
        Comparison::AtLeast => share && *value > one,
        Comparison::Less => value.is_zero(),
        Comparison::AtMost => false,
    };
    let always = match threshold.comparison() {
        Comparison::AtLeast => value.is_zero(),
        Comparison::Less => share && *value > one,
        Comparison::AtMost => share && *value >= one,
        Comparison::More => false,
    };
    let path = format!("{at}.threshold");
    let hint = if share { "a share lies between 0/1 and 1/1" } else { "" };
    if never {
        found.error(&path, format!("`{threshold}` can never be met"), hint);
    }
    if always {
        found.error(&path, format!("`{threshold}` is always met"), hint);
    }
    let looks_like_share = !share && !value.is_integer() && *value < one;
    if looks_like_share {
        let hint = "a share is written as a fraction, such as 55/100";
        found.error(&path, format!("`{threshold}` is a count of less than one"), hint);
    }
}

fn check_voters(found: &mut Problems, at: &str, limb: &Limb, voters: &[&Voter]) {
    if voters.is_empty() {
        found.error(at, format!("limb `{}` counts no member", limb.name), "check its kinds and classes");
        return;
    }
    if let Some(name) = limb.weight.name() {
        let without: Vec<&str> = voters
            .iter()
            .filter(|voter| !voter.weights.contains_key(name))
            .map(|voter| voter.id.as_str())
            .collect();
        if !without.is_empty() {
            let more = without.len().saturating_sub(5);
            let list = without.iter().take(5).copied().collect::<Vec<_>>().join(", ");
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            let message = format!("limb `{}` weighs by `{name}`, which {list}{more} do not have", limb.name);
            found.error(format!("{at}.weight"), message, "give each member the weight; \"0\" is a weight");
        }
    }
    let all: Rational = voters.iter().map(|voter| limb.weight_of(voter)).sum();
    if all.is_zero() {
        found.error(format!("{at}.weight"), format!("nobody in limb `{}` weighs anything", limb.name), "");
        return;
    }
    let whole = match &limb.denominator {
        Denominator::Fixed(total) => total.clone(),
        _ => all.clone(),
    };
    // A quorum that moves is at most one, and basic votes raise part and whole alike.
    if !limb.threshold.is_moving()
        && limb.threshold.comparison().is_rising()
        && !limb.threshold.is_met(&all, &whole)
    {
        let message = format!(
            "limb `{}` can never be met: `{}` is needed and all its members together are {all} of {whole}",
            limb.name, limb.threshold
        );
        found.error(format!("{at}.threshold"), message, "");
    }
}
