//! Any order, any repetition, any garbage: the same block, or a refusal within bounds.

use polity_primitives::Signature;
use proptest::prelude::*;

use super::*;

const CHAIN: u64 = 9;

fn key() -> Key {
    Key::new([3; 32]).expect("a key")
}

fn head(size: usize) -> StreamHead {
    StreamHead {
        height: BlockHeight(Height(5)),
        round: Round::new(1),
        valid_round: Round::Nil,
        proposer: ValidatorAddress(key().address()),
        block: BlockHash(B256::repeat_byte(1)),
        size: u32::try_from(size).expect("small"),
        streamer: ValidatorAddress(Address::ZERO),
        signature: SignatureBytes(Signature::ZERO),
    }
    .signed(CHAIN, &key())
}

fn body(size: usize) -> Vec<u8> {
    (0..size).map(|i| u8::try_from(i % 251).expect("a byte")).collect()
}

fn message(publisher: u8, stream: u64, sequence: u64, content: Content) -> StreamPart {
    StreamPart { publisher: vec![publisher], stream: stream.to_be_bytes().to_vec(), sequence, content }
}

fn admit(head: &StreamHead) -> Result<(), Refusal> {
    if head.is_signed(CHAIN) { Ok(()) } else { Err(Refusal::Unsigned) }
}

#[test]
fn a_head_is_bound_to_all_it_says() {
    let good = head(10);
    assert!(good.is_signed(CHAIN));
    assert!(!good.is_signed(CHAIN + 1), "another chain");
    let changes: [fn(&mut StreamHead); 7] = [
        |h| h.height = BlockHeight(Height(6)),
        |h| h.round = Round::new(2),
        |h| h.valid_round = Round::new(0),
        |h| h.proposer = ValidatorAddress(Address::ZERO),
        |h| h.block = BlockHash(B256::ZERO),
        |h| h.size += 1,
        |h| h.streamer = ValidatorAddress(Address::ZERO),
    ];
    for (i, change) in changes.iter().enumerate() {
        let mut changed = good.clone();
        change(&mut changed);
        assert!(!changed.is_signed(CHAIN), "change {i}");
    }
}

#[test]
fn the_largest_block_fits_and_one_byte_more_does_not() {
    let mut assembler = Assembler::new();
    let whole = body(BLOCK_BYTES_MAX);
    let mut last = Progress::Waiting;
    for (sequence, content) in (0..).zip(split(head(BLOCK_BYTES_MAX), &whole)) {
        last = assembler.add(message(1, 1, sequence, content), admit);
    }
    assert!(matches!(last, Progress::Complete(_, got) if got == whole));
    assert_eq!(assembler.bytes(), 0, "a finished stream keeps nothing");
    let refused =
        assembler.add(message(1, 2, 0, Content::Part(Part::Head(head(BLOCK_BYTES_MAX + 1)))), admit);
    assert_eq!(refused, Progress::Refused(Refusal::Bounds));
}

#[test]
fn broken_streams_are_refused_once_and_then_ignored() {
    let data = |bytes: usize| Content::Part(Part::Data(vec![0; bytes]));
    type Case = (&'static str, Vec<(u64, Content)>, Refusal);
    let cases: [Case; 10] = [
        ("data where the head belongs", vec![(0, data(1))], Refusal::Bounds),
        ("a head elsewhere", vec![(1, Content::Part(Part::Head(head(1))))], Refusal::Bounds),
        ("a part too long", vec![(1, data(PART_BYTES + 1))], Refusal::Bounds),
        ("an empty part", vec![(1, data(0))], Refusal::Bounds),
        ("a part too many", vec![(PARTS_MAX as u64 + 1, data(1))], Refusal::Bounds),
        ("an end too far", vec![(PARTS_MAX as u64 + 2, Content::End)], Refusal::Bounds),
        ("two ends", vec![(2, Content::End), (3, Content::End)], Refusal::Inconsistent),
        ("data after the end", vec![(2, Content::End), (2, data(1))], Refusal::Inconsistent),
        ("two different parts", vec![(1, data(1)), (1, data(2))], Refusal::Inconsistent),
        (
            "more than the head says",
            vec![(0, Content::Part(Part::Head(head(1)))), (1, data(2))],
            Refusal::Bounds,
        ),
    ];
    for (what, messages, refusal) in cases {
        let mut assembler = Assembler::new();
        let outcomes: Vec<_> = messages
            .into_iter()
            .map(|(at, content)| assembler.add(message(1, 1, at, content), admit))
            .collect();
        assert_eq!(outcomes.last(), Some(&Progress::Refused(refusal)), "{what}");
        assert_eq!(assembler.bytes(), 0, "{what}");
        assert_eq!(assembler.add(message(1, 1, 1, data(1)), admit), Progress::Waiting, "{what}: later parts");
        assert_eq!(assembler.bytes(), 0, "{what}: later parts keep nothing");
    }
    let mut unsigned = head(1);
    unsigned.size = 2;
    let outcome = Assembler::new().add(message(1, 1, 0, Content::Part(Part::Head(unsigned))), admit);
    assert_eq!(outcome, Progress::Refused(Refusal::Unsigned));
}

#[test]
fn without_a_head_only_little_is_kept() {
    let mut assembler = Assembler::new();
    let mut refused = 0;
    for stream in 0..40 {
        for sequence in 1..=PARTS_MAX as u64 {
            let part = Content::Part(Part::Data(vec![0; PART_BYTES]));
            if matches!(assembler.add(message(1, stream, sequence, part), admit), Progress::Refused(_)) {
                refused += 1;
            }
            assert!(assembler.bytes() <= PUBLISHER_BYTES_MAX + PART_BYTES);
        }
    }
    assert_eq!(refused, 40, "each ends in one refusal");
}

#[test]
fn the_greediest_publisher_pays_when_all_room_is_used() {
    let mut assembler = Assembler::new();
    let part = || Content::Part(Part::Data(vec![0; PART_BYTES]));
    let fill = |assembler: &mut Assembler, publisher: u8, streams: u64| {
        for stream in 0..streams {
            for sequence in 1..=(EARLY_BYTES_MAX / PART_BYTES) as u64 {
                let _ = assembler.add(message(publisher, stream, sequence, part()), admit);
            }
        }
    };
    let whole = body(3 * PART_BYTES);
    let messages: Vec<_> = (0..).zip(split(head(whole.len()), &whole)).collect();
    let (last, first) = messages.split_last().expect("parts");
    for (sequence, content) in first {
        let _ = assembler.add(message(0, 7, *sequence, content.clone()), admit);
    }
    for publisher in 1..=60 {
        fill(&mut assembler, publisher, 6);
        assert!(assembler.bytes() <= BYTES_MAX, "{}", assembler.bytes());
    }
    let outcome = assembler.add(message(0, 7, last.0, last.1.clone()), admit);
    assert!(matches!(outcome, Progress::Complete(_, got) if got == whole), "the modest one is not hurt");
}

#[test]
fn streams_of_decided_heights_are_forgotten() {
    let mut assembler = Assembler::new();
    for (sequence, content) in (0..2).zip(split(head(300_000), &body(300_000))) {
        let _ = assembler.add(message(1, 1, sequence, content), admit);
    }
    assert_eq!(assembler.bytes(), PART_BYTES);
    assembler.decided(Height(4));
    assert_eq!(assembler.bytes(), PART_BYTES, "a later height stays");
    assembler.decided(Height(5));
    assert_eq!(assembler.bytes(), 0);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Two streams of one publisher and one of another, shuffled together, parts repeated.
    #[test]
    fn any_interleaving_with_repetition_gives_the_same_blocks(
        size in 1usize..5 * PART_BYTES,
        order in proptest::collection::vec(any::<prop::sample::Index>(), 0..40),
        seed in any::<u64>(),
    ) {
        let whole = body(size);
        let mut all = Vec::new();
        for (publisher, stream) in [(1, 1), (1, 2), (2, 1)] {
            for (sequence, content) in (0..).zip(split(head(size), &whole)) {
                all.push(message(publisher, stream, sequence, content));
            }
        }
        let repeated: Vec<_> = order.iter().map(|index| index.get(&all).clone()).collect();
        all.extend(repeated);
        // A fixed shuffle of the seed: sort by a hash.
        let mut tagged: Vec<_> = all.into_iter().enumerate().map(|(i, m)| {
            (keccak256([seed.to_be_bytes(), (i as u64).to_be_bytes()].concat()), m)
        }).collect();
        tagged.sort_by_key(|(tag, _)| *tag);
        let mut assembler = Assembler::new();
        let mut complete = 0;
        for (_, message) in tagged {
            match assembler.add(message, admit) {
                Progress::Waiting => {}
                Progress::Complete(got_head, got) => {
                    prop_assert_eq!(&got, &whole);
                    prop_assert_eq!(*got_head, head(size));
                    complete += 1;
                }
                Progress::Refused(refusal) => prop_assert!(false, "{refusal}"),
            }
        }
        prop_assert_eq!(complete, 3);
        prop_assert_eq!(assembler.bytes(), 0);
    }

    /// Arbitrary messages never break a bound, whatever they are.
    #[test]
    fn garbage_stays_within_bounds(
        messages in proptest::collection::vec((0u8..3, 0u64..9, 0u64..80, 0usize..4, any::<u8>()), 0..200),
    ) {
        let mut assembler = Assembler::new();
        for (publisher, stream, sequence, what, byte) in messages {
            let content = match what {
                0 => Content::Part(Part::Head(head(usize::from(byte) * 1000))),
                1 => Content::End,
                _ => Content::Part(Part::Data(vec![byte; usize::from(byte) * 600])),
            };
            let _ = assembler.add(message(publisher, stream, sequence, content), admit);
            prop_assert!(assembler.bytes() <= 3 * PUBLISHER_BYTES_MAX);
            prop_assert!(assembler.publishers.values().all(|p| p.streams.len() <= STREAMS_PER_PUBLISHER_MAX));
            let kept: usize = assembler.publishers.values().map(|p| p.bytes).sum();
            prop_assert_eq!(kept, assembler.bytes());
        }
    }
}
