//! What holds for every rule, every electorate and every order of events.

use std::collections::{BTreeMap, BTreeSet};

use polity_decision::{
    BUILTIN_RULES, Basis, Bundle, Choice, Denominator, Event, Formula, Limb, LimbReport, MovingQuorum,
    Numerator, Others, Outcome, QUORUM_PARTS, Rational, Report, Root, Rounding, Rule, SPLIT_PARTS, Scales,
    Severity, Shares, Tally, Threshold, Veto, Voter, Votes, Weight,
};
use proptest::{collection::vec, option, prelude::*, sample::select};

const MEMBERS_MAX: usize = 7;

fn voters() -> impl Strategy<Value = Vec<Voter>> {
    let classes = any::<[bool; 2]>().prop_map(|has| {
        ["a", "b"]
            .iter()
            .zip(has)
            .filter(|(_, has)| *has)
            .map(|(class, _)| (*class).to_owned())
            .collect::<Vec<_>>()
    });
    let weight = option::of((0u32..9, 1u32..4).prop_map(|(n, d)| Rational::new(n.into(), d.into())));
    let voter =
        (select(vec!["state", "igo", "ngo"]), classes, weight).prop_map(|(kind, classes, weight)| Voter {
            id: String::new(),
            kind: kind.to_owned(),
            classes,
            weights: weight.map(|weight| ("w".to_owned(), weight)).into_iter().collect(),
        });
    vec(voter, 0..=MEMBERS_MAX).prop_map(|voters| {
        voters.into_iter().enumerate().map(|(i, voter)| Voter { id: format!("m{i}"), ..voter }).collect()
    })
}

fn limb(name: &'static str) -> impl Strategy<Value = Limb> {
    let numerators = vec![
        Numerator::Yes,
        Numerator::YesAbstain,
        Numerator::No,
        Numerator::Veto,
        Numerator::Cast,
        Numerator::Present,
        Numerator::NotObjected,
        Numerator::Instruments,
    ];
    let denominators = vec![
        Denominator::Members,
        Denominator::Present,
        Denominator::Voting,
        Denominator::Cast,
        Denominator::Fixed(Rational::from_integer(10.into())),
    ];
    let thresholds = vec![
        ">= 1/2",
        "> 1/2",
        ">= 2/3",
        "<= 1/3",
        "< 1/2",
        ">= 3",
        "> 1",
        "<= 2",
        "< 4",
        ">= 1/1",
        "< 1/1",
        "> 0/1",
        ">= 1/2 rounded up",
        "> 2/3 rounded down",
        "< 1/3 rounded nearest",
        ">= quorum",
    ];
    let who =
        (select(vec![None, Some("state")]), select(vec![None, Some("a")]), select(vec![None, Some("b")]));
    let how = (
        select(numerators),
        select(denominators),
        select(thresholds),
        select(weights()),
        option::of(2u64..4),
    );
    (who, how).prop_map(
        move |((kind, class, not_class), (numerator, denominator, threshold, weight, blocking))| {
            let list = |item: Option<&str>| item.map(str::to_owned).into_iter().collect();
            Limb {
                name: name.to_owned(),
                matters: vec![],
                kinds: list(kind),
                classes: list(class),
                not_classes: list(not_class),
                weight,
                numerator,
                denominator,
                threshold: threshold.parse::<Threshold>().unwrap(),
                blocking_minority: blocking.filter(|_| matches!(numerator, Numerator::Yes | Numerator::No)),
                reason: None,
                tally: None,
            }
        },
    )
}

/// Any rule that [`Rule::check`] lets pass.
fn rules() -> impl Strategy<Value = Rule> {
    let formulas = vec![None, Some(false), Some(true)];
    let veto = (select(vec![None, Some("a")]), select(vec![Choice::No, Choice::Abstain, Choice::Veto]));
    let parts = (limb("x"), limb("y"), limb("z"), select(formulas), option::of(veto), any::<[bool; 3]>());
    parts
        .prop_map(|(mut x, mut y, mut z, formula, veto, [additional, reverse, absent])| {
            let by_instruments = |limb: &Limb| limb.numerator == Numerator::Instruments;
            let reverse = reverse && ![&x, &y, &z].into_iter().any(by_instruments);
            for limb in [&mut x, &mut y, &mut z] {
                let blocked = if reverse { Numerator::No } else { Numerator::Yes };
                limb.blocking_minority = limb.blocking_minority.filter(|_| limb.numerator == blocked);
            }
            let moves = [&x, &y, &z].into_iter().any(|limb| limb.threshold.is_moving());
            let name = |limb: &Limb| Formula::Limb(limb.name.clone());
            let inner = vec![name(&y), name(&z)];
            let passes = formula.map(|all| match all {
                true => Formula::All(vec![name(&x), Formula::Any(inner)]),
                false => Formula::Any(vec![name(&x), Formula::All(inner)]),
            });
            let veto = veto.map(|(class, by)| Veto {
                matters: vec![],
                kinds: vec![],
                classes: class.map(str::to_owned).into_iter().collect(),
                by: vec![by],
                absent,
                present: false,
                reason: "veto".to_owned(),
            });
            Rule {
                id: "any".to_owned(),
                name: BTreeMap::new(),
                source: None,
                matters: vec![],
                not_additional: if additional { vec![] } else { vec!["igo".to_owned()] },
                limbs: vec![x, y, z],
                passes,
                vetoes: veto.into_iter().collect(),
                reverse,
                quorum: moves.then(tezos),
                silence: None,
                deadline: None,
                effective: None,
            }
        })
        .prop_filter("checked", |rule| rule.check().iter().all(|problem| problem.severity < Severity::Error))
}

fn tezos() -> MovingQuorum {
    let tenths = |n: u32| Rational::new(n.into(), 10.into());
    MovingQuorum { min: tenths(2), max: tenths(7), start: tenths(7), past: tenths(8) }
}

/// The limbs of `rule`, each as a rule of its own: a rule of three is seldom decided early.
fn alone(rule: &Rule) -> Vec<Rule> {
    let with = |limb: &Limb| {
        let quorum = rule.quorum.clone().filter(|_| limb.threshold.is_moving());
        Rule { limbs: vec![limb.clone()], passes: None, vetoes: vec![], quorum, ..rule.clone() }
    };
    rule.limbs.iter().map(with).collect()
}

/// A ballot, whole or split.
fn ballot() -> impl Strategy<Value = Event> {
    let cuts = (0..=SPLIT_PARTS, 0..=SPLIT_PARTS, 0..=SPLIT_PARTS).prop_map(|(a, b, c)| {
        let mut cuts = [a, b, c];
        cuts.sort_unstable();
        let [a, b, c] = cuts;
        Event::Split(Shares::new([a, b - a, c - b, SPLIT_PARTS - c]).unwrap())
    });
    prop_oneof![3 => select(Choice::ALL.to_vec()).prop_map(Event::Ballot), 1 => cuts]
}

/// What a limb can weigh.
fn weights() -> Vec<Weight> {
    let number = |n: u32, d: u32| Some(Rational::new(n.into(), d.into()));
    let plain = Votes {
        of: "w".to_owned(),
        per: None,
        root: None,
        rounding: None,
        places: 0,
        cap: None,
        basic: None,
    };
    let votes = |votes: Votes| Weight::Votes(Box::new(votes));
    vec![
        Weight::One,
        Weight::One,
        Weight::Named("w".to_owned()),
        votes(Votes { per: number(1, 10), basic: number(5_502, 100_000), ..plain.clone() }),
        votes(Votes { cap: number(5, 2), ..plain.clone() }),
        votes(Votes {
            root: Some(Root::Square),
            rounding: Some(Rounding::Nearest),
            places: 1,
            ..plain.clone()
        }),
        votes(Votes { per: number(2, 1), rounding: Some(Rounding::Down), basic: number(1, 3), ..plain }),
    ]
}

/// A step of one voter: what it now stands at in its ballot line, or whether its instrument is in.
#[derive(Clone, Copy, Debug)]
enum Step {
    Ballot(usize, Option<Event>),
    Instrument(usize, bool),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let event = prop_oneof![
        4 => ballot().prop_map(Some),
        1 => Just(Some(Event::Present)),
        1 => Just(None)
    ];
    let who = 0..MEMBERS_MAX;
    let step = prop_oneof![
        3 => (who.clone(), event).prop_map(|(who, event)| Step::Ballot(who, event)),
        1 => (who, any::<bool>()).prop_map(|(who, is_in)| Step::Instrument(who, is_in))
    ];
    vec(step, 0..30)
}

/// Where every voter stands, and the tally that followed each step.
#[derive(Clone)]
struct Vote {
    tally: Tally,
    ballots: Vec<Option<Event>>,
    instruments: Vec<bool>,
}

impl Vote {
    fn open(rule: &Rule, voters: &[Voter]) -> Self {
        Self {
            tally: rule.open(voters),
            ballots: vec![None; voters.len()],
            instruments: vec![false; voters.len()],
        }
    }

    fn take(&mut self, rule: &Rule, voters: &[Voter], step: Step) {
        match step {
            Step::Ballot(who, event) if who < voters.len() => {
                rule.record(&mut self.tally, &voters[who], self.ballots[who], event);
                self.ballots[who] = event;
            }
            Step::Instrument(who, is_in) if who < voters.len() => {
                let event = |is_in: bool| is_in.then_some(Event::Instrument);
                rule.record(&mut self.tally, &voters[who], event(self.instruments[who]), event(is_in));
                self.instruments[who] = is_in;
            }
            _ => {}
        }
    }

    fn choices<'a>(&'a self, voters: &'a [Voter]) -> impl Iterator<Item = (&'a Voter, Event)> + Clone {
        let is_ballot = |event: &Event| event.is_ballot();
        voters
            .iter()
            .zip(&self.ballots)
            .filter_map(move |(voter, event)| Some((voter, event.filter(is_ballot)?)))
    }

    /// The same standing, counted from scratch.
    fn count(&self, rule: &Rule, voters: &[Voter]) -> Tally {
        let ballots = self.choices(voters).map(|(voter, choice)| (voter.id.clone(), choice)).collect();
        let ids = |which: &dyn Fn(usize) -> bool| -> BTreeSet<String> {
            voters.iter().enumerate().filter(|(i, _)| which(*i)).map(|(_, voter)| voter.id.clone()).collect()
        };
        let others = Others {
            present: ids(&|i| self.ballots[i] == Some(Event::Present)),
            instruments: ids(&|i| self.instruments[i]),
        };
        rule.count(voters, &ballots, &others)
    }
}

fn vote(rule: &Rule, voters: &[Voter], steps: &[Step]) -> Vote {
    let mut vote = Vote::open(rule, voters);
    steps.iter().for_each(|step| vote.take(rule, voters, *step));
    vote
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn increments_equal_the_count_from_scratch(rule in rules(), voters in voters(), steps in steps()) {
        let vote = vote(&rule, &voters, &steps);
        prop_assert_eq!(&vote.tally, &vote.count(&rule, &voters));
    }

    #[test]
    fn the_order_of_voters_does_not_matter(
        rule in rules(),
        voters in voters(),
        last in vec(option::of(ballot()), MEMBERS_MAX),
        order in Just((0..MEMBERS_MAX).collect::<Vec<_>>()).prop_shuffle(),
    ) {
        let step = |i: usize| Step::Ballot(i, last[i]);
        let straight = vote(&rule, &voters, &(0..MEMBERS_MAX).map(step).collect::<Vec<_>>());
        let shuffled = vote(&rule, &voters, &order.into_iter().map(step).collect::<Vec<_>>());
        prop_assert_eq!(straight.tally, shuffled.tally);
    }

    #[test]
    fn each_unit_of_weight_counts_once(rule in rules(), voters in voters(), steps in steps()) {
        let vote = vote(&rule, &voters, &steps);
        for (limb, tally) in rule.judged().zip(&vote.tally.limbs) {
            let (tally, counted) = (&tally.weight, |voter: &Voter| rule.counts(limb, voter));
            let weigh = |voter: &Voter| limb.weight_of(voter);
            let cast: Rational = vote.choices(&voters).map(|(v, _)| v).filter(|v| counted(v)).map(weigh).sum();
            let all: Rational = voters.iter().filter(|v| counted(v)).map(weigh).sum();
            prop_assert_eq!(&tally.cast(), &cast);
            prop_assert_eq!(&tally.members, &all);
            prop_assert!(tally.cast() + &tally.present <= all);
        }
    }

    #[test]
    fn a_report_recomputed_from_its_own_numbers_agrees(
        rule in rules(), voters in voters(), steps in steps(), closed: bool,
    ) {
        let report = rule.outcome(&vote(&rule, &voters, &steps).tally, closed);
        let read: Report = serde_json::from_str(&report.json()).unwrap();
        prop_assert!(read.limbs.iter().all(LimbReport::agrees), "{}", report.json());
        prop_assert_eq!(&read.limbs, &report.limbs);
        // Without vetoes and blocking minorities, the limbs as printed give the outcome as printed.
        let plain = rule.vetoes.is_empty() && rule.limbs.iter().all(|limb| limb.blocking_minority.is_none());
        if closed && plain && rule.basis() == Basis::Ballots {
            let met: Vec<bool> = read.limbs.iter().map(|limb| limb.met).collect();
            let holds = match &rule.passes {
                None => met[0] && met[1] && met[2],
                Some(Formula::All(_)) => met[0] && (met[1] || met[2]),
                Some(_) => met[0] || (met[1] && met[2]),
            };
            prop_assert_eq!(read.outcome, if holds != rule.reverse { Outcome::Adopted } else { Outcome::Rejected });
        }
    }

    /// What is called decided while ballots are open stands however the silent ones vote or stay silent.
    #[test]
    fn an_early_outcome_stands(
        rule in rules(),
        voters in voters(),
        steps in steps(),
        rest in vec(option::of(ballot()), MEMBERS_MAX),
        presence in vec(any::<bool>(), MEMBERS_MAX),
    ) {
        for rule in alone(&rule).into_iter().chain([rule]) {
            let mut vote = vote(&rule, &voters, &steps);
            let early = rule.outcome(&vote.tally, false);
            for i in 0..voters.len() {
                if !vote.ballots[i].is_some_and(|event| event.is_ballot()) {
                    let event = rest[i].or(vote.ballots[i]).or(presence[i].then_some(Event::Present));
                    vote.take(&rule, &voters, Step::Ballot(i, event));
                }
            }
            let last = rule.outcome(&vote.tally, true);
            if early.outcome != Outcome::Pending {
                prop_assert_eq!(early.outcome, last.outcome, "{:?} then {:?}", early, last);
            }
        }
    }

    /// And when nobody is silent any more, nothing is left open.
    #[test]
    fn when_all_have_voted_it_is_decided(
        rule in rules(), voters in voters(), last in vec(ballot(), MEMBERS_MAX),
    ) {
        let steps: Vec<Step> = last.iter().enumerate().map(|(i, c)| Step::Ballot(i, Some(*c))).collect();
        let tally = vote(&rule, &voters, &steps).tally;
        if rule.basis() == Basis::Ballots {
            let (open, closed) = (rule.outcome(&tally, false), rule.outcome(&tally, true));
            prop_assert_eq!(open.outcome, closed.outcome);
            prop_assert_eq!(open.reason, closed.reason);
        }
    }

    #[test]
    fn words_hold_the_tally(rule in rules(), voters in voters(), steps in steps()) {
        // Weights here have denominators 1 to 3.
        let scales = Scales::from([("w".to_owned(), 6)]);
        let vote = vote(&rule, &voters, &steps);
        let words = rule.to_words(&vote.tally, &scales).unwrap();
        prop_assert_eq!(words.len(), rule.words_len());
        let mut read = rule.tally_from_words(&words, &scales).unwrap();
        rule.name_vetoers(&mut read, vote.choices(&voters));
        prop_assert_eq!(&read, &vote.tally);
        prop_assert!(rule.tally_from_words(&words[1..], &scales).is_err());
    }

    /// A proposal opened in parts is the one opened at once, whatever the parts.
    #[test]
    fn opening_in_parts_equals_opening(
        rule in rules(), voters in voters(), size in 1usize..4, order in Just((0..MEMBERS_MAX).collect::<Vec<_>>()).prop_shuffle(),
    ) {
        let shuffled: Vec<Voter> = order.into_iter().filter_map(|i| voters.get(i).cloned()).collect();
        let mut tally = rule.open_empty();
        for part in shuffled.chunks(size) {
            rule.open_more(&mut tally, part);
            let scales = Scales::from([("w".to_owned(), 6)]);
            let words = rule.to_words(&tally, &scales).unwrap();
            tally = rule.tally_from_words(&words, &scales).unwrap();
        }
        prop_assert_eq!(tally, rule.open(&voters));
    }

    /// Delegates act for bundles, delegators for themselves, in any order, and change their minds: each counts as if it
    /// had cast its own last word.
    #[test]
    fn delegation_counts_each_voter_once(
        rule in rules(),
        voters in voters(),
        delegate_of in vec(option::of(0..2usize), MEMBERS_MAX),
        acts in vec((0..MEMBERS_MAX + 2, option::of(ballot())), 0..30),
    ) {
        let scales = Scales::from([("w".to_owned(), 6)]);
        let mut tally = rule.open(&voters);
        let mut bundles: Vec<Bundle> = (0..2).map(|delegate| {
            let behind = voters.iter().zip(&delegate_of).filter(|(_, of)| **of == Some(delegate)).map(|(voter, _)| voter);
            rule.bundle(behind)
        }).collect();
        let mut said: [Option<Event>; 2] = [None, None];
        let mut own: Vec<Option<Option<Event>>> = vec![None; voters.len()];
        for (who, event) in acts {
            if who >= MEMBERS_MAX {
                // A delegate's ballot.
                let delegate = who - MEMBERS_MAX;
                let words = rule.bundle_to_words(&bundles[delegate], &scales).unwrap();
                prop_assert_eq!(words.len(), rule.bundle_words_len());
                let bundle = rule.bundle_from_words(&words, &scales).unwrap();
                rule.record_bundle(&mut tally, &bundle, said[delegate], event);
                said[delegate] = event;
            } else if let Some(voter) = voters.get(who) {
                match (delegate_of[who], own[who]) {
                    (Some(delegate), None) => {
                        rule.override_bundle(&mut tally, &mut bundles[delegate], voter, said[delegate], event);
                    }
                    (_, before) => rule.record(&mut tally, voter, before.flatten(), event),
                }
                own[who] = Some(event);
            }
        }
        let mut plain = rule.open(&voters);
        for (i, voter) in voters.iter().enumerate() {
            let last = own[i].unwrap_or_else(|| delegate_of[i].and_then(|delegate| said[delegate]));
            rule.record(&mut plain, voter, None, last);
        }
        for veto in plain.vetoes.iter_mut().chain(&mut tally.vetoes) {
            veto.names.clear();
        }
        prop_assert_eq!(tally, plain);
    }

    /// Taking voters out of a bundle and putting them back, one by one or together, comes to the same.
    #[test]
    fn bundles_add_up(rule in rules(), voters in voters(), cut in 0..=MEMBERS_MAX) {
        let (left, right) = voters.split_at(cut.min(voters.len()));
        let whole = rule.bundle(&voters);
        let mut sum = rule.bundle(left);
        sum.add(&rule.bundle(right));
        prop_assert_eq!(&sum, &whole);
        for voter in right {
            rule.remove_voter(&mut sum, voter);
        }
        prop_assert_eq!(&sum, &rule.bundle(left));
        sum.subtract(&rule.bundle(left));
        prop_assert!(sum.is_empty());
        let mut opened = rule.open_empty();
        rule.open_bundle(&mut opened, &whole);
        prop_assert_eq!(opened, rule.open(&voters));
    }

    /// Who becomes a member, or weighs more, after the opening changes nothing in an open vote.
    #[test]
    fn an_open_vote_does_not_see_later_members(
        rule in rules(), voters in voters(), later in voters(), steps in steps(), closed: bool,
    ) {
        let before = vote(&rule, &voters, &steps);
        let expected = rule.outcome(&before.tally, closed);
        // The same ballots in a register that has grown: voters keep their place, what was frozen is theirs alone.
        let mut register = voters.clone();
        register.extend(later.into_iter().map(|voter| Voter { id: format!("late-{}", voter.id), ..voter }));
        let mut tally = rule.open(&voters);
        for (voter, ballot) in register.iter().zip(&before.ballots) {
            rule.record(&mut tally, voter, None, *ballot);
        }
        for (voter, is_in) in register.iter().zip(&before.instruments) {
            rule.record(&mut tally, voter, None, is_in.then_some(Event::Instrument));
        }
        prop_assert_eq!(rule.outcome(&tally, closed), expected);
    }

    /// Nothing is divided by zero, whoever there is and whatever they do: under the rules of the library, with basic
    /// votes, fixed totals, moving quorums and classes that nobody is in.
    #[test]
    fn the_rules_of_the_library_judge_anybody(
        i in 0..BUILTIN_RULES.len(), voters in voters(), steps in steps(), closed: bool, average in 0u32..=QUORUM_PARTS,
    ) {
        let rule = Rule::from_toml(BUILTIN_RULES[i].1).unwrap();
        let matters = rule.matters.iter().map(|matter| Some(matter.as_str())).chain([None]);
        for rule in matters.map(|matter| rule.for_matter(matter).unwrap()) {
            let vote = vote(&rule, &voters, &steps);
            let report = rule.outcome(&vote.tally, closed);
            prop_assert!(report.limbs.iter().all(LimbReport::agrees), "{}", report.json());
            prop_assert_eq!(&vote.tally, &vote.count(&rule, &voters));
            let average = Rational::new(average.into(), QUORUM_PARTS.into());
            if let Some(next) = rule.next_average(&vote.tally, &average) {
                prop_assert!(next <= Rational::from_integer(1.into()));
                prop_assert!((next * Rational::from_integer(QUORUM_PARTS.into())).is_integer());
            }
        }
    }

    #[test]
    fn rules_survive_their_canonical_form(rule in rules()) {
        let json = rule.canonical_json();
        let read = Rule::from_json(&json).unwrap();
        prop_assert_eq!(&read.canonical_json(), &json);
        prop_assert_eq!(read, rule);
    }
}
