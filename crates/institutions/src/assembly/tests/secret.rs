//! Sealed ballots: what is known when, what unrevealed ones mean, and that each weight counts once.

use proptest::prelude::*;

use super::*;

const STATES: [&str; 5] = ["AAA", "BBB", "CCC", "DDD", "EEE"];
const YES: [u16; 4] = [10_000, 0, 0, 0];
const NO: [u16; 4] = [0, 10_000, 0, 0];

/// The pact whose plenary and shareholders vote by sealed ballots that mean `unrevealed`.
fn chain(unrevealed: &str) -> Chain {
    let secret = format!("secret = {{ reveal = \"2d\", unrevealed = \"{unrevealed}\" }}\n");
    let text = CHARTER
        .replace("rule   = \"majority\"\n", &format!("rule   = \"majority\"\n{secret}"))
        .replace("rule   = \"by-weight\"\n", &format!("rule   = \"by-weight\"\n{secret}"));
    Chain::new(&text)
}

fn salt(who: &str) -> B256 {
    keccak256(format!("salt of {who}"))
}

fn seal(who: &str, id: u64, parts: [u16; 4]) -> B256 {
    commitment(77, U256::from(id), 0, word(who), parts, salt(who))
}

fn commit(chain: &mut Chain, who: &str, id: u64, commitment: B256) -> Result<(), String> {
    chain.try_send(account(who), &sol::commitCall { id: U256::from(id), commitment }).map(drop)
}

fn reveal(chain: &mut Chain, who: &str, id: u64, [yes, no, abstain, veto]: [u16; 4]) -> Result<(), String> {
    let call = sol::revealCall { id: U256::from(id), yes, no, abstain, veto, salt: salt(who) };
    chain.try_send(account(who), &call).map(drop)
}

/// Proposals 11 (AAA can reveal what it committed to) and 12 (ballots are sealed) of the laws.
pub(super) fn prepare_laws(chain: &mut Chain) {
    let (revealed, sealed) = (chain.propose("AAA", "curtain", vec![]), chain.propose("AAA", "veil", vec![]));
    assert_eq!((revealed, sealed), (11, 12));
    commit(chain, "AAA", revealed, seal("AAA", revealed, YES)).expect("open");
    chain.next(1);
}

/// A call of each function about sealed ballots, after [`prepare_laws`].
pub(super) fn law_examples() -> Vec<crate::laws::Example> {
    use crate::laws::Example;
    let (id, salt) = (U256::from(11), salt("AAA"));
    let commitment = seal("AAA", 12, YES);
    vec![
        Example::new(account("AAA"), ASSEMBLY, &sol::commitCall { id: U256::from(12), commitment }),
        Example::new(
            account("AAA"),
            ASSEMBLY,
            &sol::revealCall { id, yes: 10_000, no: 0, abstain: 0, veto: 0, salt },
        ),
        Example::new(Address::ZERO, ASSEMBLY, &sol::commitmentOfCall { id, member: word("AAA") }),
    ]
}

fn yes(chain: &Chain, id: u64) -> String {
    report(&chain.memory, id).unwrap().limbs[0].numerator.to_string()
}

#[test]
fn nothing_is_known_before_the_close_and_all_is_counted_after_the_reveals() {
    let mut chain = chain("abstain");
    let id = chain.propose("SAM", "plenary", vec![]);
    let open = sol::ballotCall { id: U256::from(id), choice: Choice::Yes };
    assert_eq!(chain.try_send(account("AAA"), &open).map(drop), Err("Sealed".into()));
    let sealed: Vec<_> = STATES.iter().map(|who| seal(who, id, YES)).collect();
    for (who, sealed) in STATES.iter().zip(&sealed).take(4) {
        assert_eq!(commit(&mut chain, who, id, *sealed), Ok(()));
        assert_eq!(reveal(&mut chain, who, id, YES), Err("Closed".into()), "not while ballots are taken");
        assert_eq!(yes(&chain, id), "0");
    }
    assert_eq!(commit(&mut chain, "SAM", id, sealed[0]), Err("NotInElectorate".into()));
    assert_eq!(commit(&mut chain, "DDD", id, B256::ZERO), Ok(()), "taken back");
    assert_eq!(chain.end(), 0);
    chain.run(6 * DAY);
    assert_eq!(chain.status(id), "open", "no early close, though three of five are yes behind their seals");
    chain.run(DAY);
    assert_eq!(chain.status(id), "open", "it is closed, and not yet revealed");
    assert_eq!(commit(&mut chain, "EEE", id, sealed[4]), Err("Closed".into()));
    for (who, parts, error) in
        [("AAA", NO, "WrongReveal"), ("DDD", YES, "WrongReveal"), ("EEE", YES, "WrongReveal")]
    {
        assert_eq!(reveal(&mut chain, who, id, parts), Err(error.into()), "{who}");
    }
    for (who, count) in [("AAA", "1"), ("BBB", "2"), ("CCC", "3")] {
        assert_eq!(reveal(&mut chain, who, id, YES), Ok(()));
        assert_eq!(yes(&chain, id), count);
        let before = chain.memory.clone();
        for parts in [YES, NO] {
            assert_eq!(reveal(&mut chain, who, id, parts), Err("AlreadyRevealed".into()), "a second time");
        }
        assert_eq!(chain.memory.slots(), before.slots());
    }
    assert_eq!(chain.end(), 0, "not before the end of the reveals");
    chain.run(2 * DAY);
    assert_eq!(chain.status(id), "adopted");
    assert_eq!(reveal(&mut chain, "CCC", id, YES), Err("Closed".into()));
}

#[test]
fn an_unrevealed_ballot_means_what_the_charter_says() {
    // By weight of the ballots cast: CCC reveals yes with 2, EEE keeps its seal with 4.
    for (unrevealed, cast, status) in
        [("none", "2", "adopted"), ("abstain", "6", "rejected"), ("no", "6", "rejected")]
    {
        let mut chain = chain(unrevealed);
        let id = chain.propose("SAM", "shares", vec![]);
        for who in ["CCC", "EEE"] {
            commit(&mut chain, who, id, seal(who, id, YES)).unwrap();
        }
        chain.run(7 * DAY);
        reveal(&mut chain, "CCC", id, YES).unwrap();
        chain.run(2 * DAY);
        let report = report(&chain.memory, id).unwrap();
        assert_eq!(
            (report.limbs[0].denominator.to_string().as_str(), chain.status(id)),
            (cast, status),
            "{unrevealed}"
        );
    }
}

#[test]
fn a_commitment_is_of_one_member_on_one_stage_of_one_chain() {
    let mut chain = chain("none");
    let (one, two) = (chain.propose("SAM", "plenary", vec![]), chain.propose("SAM", "plenary", vec![]));
    // BBB copies what AAA sent, and AAA repeats it on another proposal.
    commit(&mut chain, "AAA", one, seal("AAA", one, YES)).unwrap();
    commit(&mut chain, "BBB", one, seal("AAA", one, YES)).unwrap();
    commit(&mut chain, "AAA", two, seal("AAA", one, YES)).unwrap();
    chain.run(7 * DAY);
    let copied =
        sol::revealCall { id: U256::from(one), yes: 10_000, no: 0, abstain: 0, veto: 0, salt: salt("AAA") };
    assert_eq!(chain.try_send(account("BBB"), &copied).map(drop), Err("WrongReveal".into()));
    assert_eq!(reveal(&mut chain, "AAA", two, YES), Err("WrongReveal".into()));
    assert_eq!(reveal(&mut chain, "AAA", one, YES), Ok(()));
    let changed = commitment(78, U256::from(one), 0, word("AAA"), YES, salt("AAA"));
    assert_ne!(changed, seal("AAA", one, YES), "another chain");
    assert_ne!(commitment(77, U256::from(one), 1, word("AAA"), YES, salt("AAA")), seal("AAA", one, YES));
    let plain = chain.propose("SAM", "council", vec![]);
    assert_eq!(commit(&mut chain, "AAA", plain, seal("AAA", plain, YES)), Err("NotSealed".into()));
}

#[test]
fn the_commitment_is_that_of_solidity() {
    // cast keccak $(cast abi-encode 'f(uint256,uint256,uint256,bytes32,uint16,uint16,uint16,uint16,bytes32)' …)
    let words = [77u64, 3, 1].map(U256::from).map(|word| word.to_be_bytes::<32>()).concat();
    let parts = [10_000u64, 0, 0, 0].map(U256::from).map(|word| word.to_be_bytes::<32>()).concat();
    let bytes = [words, word("AAA").to_vec(), parts, salt("AAA").to_vec()].concat();
    assert_eq!(commitment(77, U256::from(3), 1, word("AAA"), YES, salt("AAA")), keccak256(bytes));
}

#[test]
fn a_delegates_sealed_ballot_carries_those_behind_it() {
    let mut chain = chain("no");
    let delegate = sol::delegateCall { scope: word("plenary"), to: word("CCC") };
    for who in ["AAA", "BBB"] {
        chain.send(who, &delegate);
    }
    chain.next(1);
    let id = chain.propose("SAM", "plenary", vec![]);
    commit(&mut chain, "CCC", id, seal("CCC", id, YES)).unwrap();
    commit(&mut chain, "BBB", id, seal("BBB", id, YES)).unwrap();
    assert_eq!(yes(&chain, id), "0");
    chain.run(7 * DAY);
    reveal(&mut chain, "CCC", id, YES).unwrap();
    assert_eq!(yes(&chain, id), "2", "CCC and AAA; BBB's own seal stands for no until it is broken");
    reveal(&mut chain, "BBB", id, YES).unwrap();
    assert_eq!(yes(&chain, id), "3");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Before the close the chain says the same whatever is behind the seals; after the reveals, each weight counts once, as
    /// revealed last or as the charter says.
    #[test]
    fn each_weight_counts_once_and_no_seal_tells(
        unrevealed in prop::sample::select(vec!["none", "abstain", "no"]),
        ballots in prop::collection::vec((0..5usize, 0..3usize), 0..10),
        reveals in prop::collection::vec(0..5usize, 0..8),
    ) {
        const WORDS: [[u16; 4]; 3] = [YES, NO, [5_000, 2_500, 2_500, 0]];
        let mut chain = chain(unrevealed);
        let id = chain.propose("SAM", "plenary", vec![]);
        let mut other = chain.clone();
        let mut last = [None; 5];
        for (who, says) in &ballots {
            commit(&mut chain, STATES[*who], id, seal(STATES[*who], id, WORDS[*says])).unwrap();
            commit(&mut other, STATES[*who], id, seal(STATES[*who], id, NO)).unwrap();
            last[*who] = Some(WORDS[*says]);
        }
        prop_assert_eq!(report(&chain.memory, id), report(&other.memory, id));
        chain.run(7 * DAY);
        let mut revealed = [false; 5];
        for who in reveals {
            let Some(parts) = last[who] else { continue };
            let again = if revealed[who] { Err("AlreadyRevealed".to_owned()) } else { Ok(()) };
            prop_assert_eq!(reveal(&mut chain, STATES[who], id, parts), again);
            revealed[who] = true;
        }
        let parts: u64 = (0..5).filter(|who| revealed[*who]).map(|who| u64::from(last[who].unwrap()[0])).sum();
        let limb = report(&chain.memory, id).unwrap().limbs.remove(0);
        prop_assert_eq!(limb.numerator, polity_decision::Rational::new(parts.into(), 10_000.into()));
        chain.run(2 * DAY);
        prop_assert_ne!(chain.status(id), "open");
    }
}
