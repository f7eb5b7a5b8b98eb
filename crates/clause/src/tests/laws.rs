//! Clauses made by a grammar, beside a second evaluation that knows nothing of the first: over fractions of `i128`.

use std::collections::BTreeMap;

use num_traits::ToPrimitive;
use proptest::prelude::*;

use super::{FACTS, answers};
use crate::{Clause, Problem, Value};

/// A clause of numbers and truths, as a tree.
#[derive(Clone, Debug)]
enum Tree {
    Whole(u8),
    Tenths(u8),
    Truth(bool),
    Negative(Box<Tree>),
    Not(Box<Tree>),
    Two(&'static str, Box<Tree>, Box<Tree>),
    Choice(Box<Tree>, Box<Tree>, Box<Tree>),
    Call(&'static str, Vec<Tree>),
}

/// How tightly the outermost operator binds: 1 is tightest. Source: CEL language definition, table of operators.
fn looseness(tree: &Tree) -> u8 {
    match tree {
        Tree::Whole(_) | Tree::Tenths(_) | Tree::Truth(_) | Tree::Call(..) => 1,
        Tree::Negative(_) | Tree::Not(_) => 2,
        Tree::Two("*" | "/", ..) => 3,
        Tree::Two("+" | "-", ..) => 4,
        Tree::Two("&&", ..) => 6,
        Tree::Two("||", ..) => 7,
        Tree::Two(..) => 5,
        Tree::Choice(..) => 8,
    }
}

/// The clause, with parentheses only where the table of operators needs them.
fn write(tree: &Tree) -> String {
    let inner = |part: &Tree, loosest: u8| match looseness(part) <= loosest {
        true => write(part),
        false => format!("({})", write(part)),
    };
    match tree {
        Tree::Whole(number) => number.to_string(),
        Tree::Tenths(number) => format!("{}.{}", number / 10, number % 10),
        Tree::Truth(truth) => truth.to_string(),
        Tree::Negative(part) => format!("-{}", inner(part, 1)),
        Tree::Not(part) => format!("!{}", inner(part, 1)),
        Tree::Two(operator, left, right) => {
            let own = looseness(tree);
            format!("{} {operator} {}", inner(left, own), inner(right, own - 1))
        }
        Tree::Choice(condition, yes, no) => {
            format!("{} ? {} : {}", inner(condition, 7), inner(yes, 7), write(no))
        }
        Tree::Call(name, parts) => {
            format!("{name}({})", parts.iter().map(write).collect::<Vec<_>>().join(", "))
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Result128 {
    Fraction(i128, i128),
    Truth(bool),
    DividedByZero,
    /// More than this evaluation can do; the case is left out.
    TooLong,
}
use Result128::{DividedByZero, Fraction, TooLong, Truth};

fn gcd(a: i128, b: i128) -> i128 {
    if b == 0 { a.abs().max(1) } else { gcd(b, a % b) }
}

fn reduced(over: Option<i128>, under: Option<i128>) -> Result128 {
    let (Some(over), Some(under)) = (over, under) else { return TooLong };
    let divisor = gcd(over, under) * if under < 0 { -1 } else { 1 };
    Fraction(over / divisor, under / divisor)
}

fn two(operator: &str, (a, b): (i128, i128), (c, d): (i128, i128)) -> Result128 {
    let (Some(ad), Some(cb), Some(bd)) = (a.checked_mul(d), c.checked_mul(b), b.checked_mul(d)) else {
        return TooLong;
    };
    match operator {
        "+" => reduced(ad.checked_add(cb), Some(bd)),
        "-" => reduced(ad.checked_sub(cb), Some(bd)),
        "*" => reduced(a.checked_mul(c), Some(bd)),
        "/" if c == 0 => DividedByZero,
        "/" => reduced(Some(ad), b.checked_mul(c)),
        "<" => Truth(ad < cb),
        "<=" => Truth(ad <= cb),
        ">" => Truth(ad > cb),
        ">=" => Truth(ad >= cb),
        "==" => Truth(ad == cb),
        _ => Truth(ad != cb),
    }
}

fn call(name: &str, numbers: &[(i128, i128)]) -> Result128 {
    let (over, under) = numbers[0];
    let pick = |better: &str| {
        let mut best = (over, under);
        for next in numbers {
            match two(better, *next, best) {
                Truth(true) => best = *next,
                Truth(false) => {}
                _ => return TooLong,
            }
        }
        Fraction(best.0, best.1)
    };
    match name {
        "min" => pick("<"),
        "max" => pick(">"),
        "abs" => Fraction(over.abs(), under),
        "floor" => Fraction(over.div_euclid(under), 1),
        "ceil" => Fraction(-(-over).div_euclid(under), 1),
        _ => {
            let (below, rest) = (over.div_euclid(under), over.rem_euclid(under));
            let up = match (rest * 2).cmp(&under) {
                std::cmp::Ordering::Less => 0,
                std::cmp::Ordering::Greater => 1,
                std::cmp::Ordering::Equal => below.rem_euclid(2),
            };
            Fraction(below + up, 1)
        }
    }
}

fn compute(tree: &Tree) -> Result128 {
    match tree {
        Tree::Whole(number) => Fraction((*number).into(), 1),
        Tree::Tenths(number) => reduced(Some((*number).into()), Some(10)),
        Tree::Truth(truth) => Truth(*truth),
        Tree::Negative(part) => match compute(part) {
            Fraction(over, under) => Fraction(-over, under),
            other => other,
        },
        Tree::Not(part) => match compute(part) {
            Truth(truth) => Truth(!truth),
            other => other,
        },
        Tree::Two("&&", left, right) => match compute(left) {
            Truth(true) => compute(right),
            other => other,
        },
        Tree::Two("||", left, right) => match compute(left) {
            Truth(false) => compute(right),
            other => other,
        },
        Tree::Two(operator, left, right) => match (compute(left), compute(right)) {
            (Fraction(a, b), Fraction(c, d)) => two(operator, (a, b), (c, d)),
            (TooLong, _) | (_, TooLong) => TooLong,
            _ => DividedByZero,
        },
        Tree::Choice(condition, yes, no) => match compute(condition) {
            Truth(true) => compute(yes),
            Truth(false) => compute(no),
            other => other,
        },
        Tree::Call(name, parts) => {
            let mut numbers = Vec::new();
            for part in parts {
                match compute(part) {
                    Fraction(over, under) => numbers.push((over, under)),
                    other => return other,
                }
            }
            call(name, &numbers)
        }
    }
}

fn boxed<T: Strategy<Value = Tree> + Clone>(part: &T) -> impl Strategy<Value = Box<Tree>> + use<T> {
    part.clone().prop_map(Box::new)
}

/// Numbers and truths of at most `levels` levels.
fn trees(levels: u32) -> (BoxedStrategy<Tree>, BoxedStrategy<Tree>) {
    let number = prop_oneof![(0_u8..20).prop_map(Tree::Whole), any::<u8>().prop_map(Tree::Tenths)].boxed();
    let truth = any::<bool>().prop_map(Tree::Truth).boxed();
    (0..levels).fold((number, truth), |(number, truth), _| {
        let arithmetic = prop::sample::select(vec!["+", "-", "*", "/"]);
        let relation = prop::sample::select(vec!["<", "<=", ">", ">=", "==", "!="]);
        let one = prop::sample::select(vec!["abs", "floor", "ceil", "round"]);
        let many = prop::sample::select(vec!["min", "max"]);
        let deeper_number = prop_oneof![
            2 => number.clone(),
            6 => (arithmetic, boxed(&number), boxed(&number)).prop_map(|(o, a, b)| Tree::Two(o, a, b)),
            1 => boxed(&number).prop_map(Tree::Negative),
            1 => (boxed(&truth), boxed(&number), boxed(&number)).prop_map(|(c, a, b)| Tree::Choice(c, a, b)),
            1 => (one, number.clone()).prop_map(|(name, part)| Tree::Call(name, vec![part])),
            1 => (many, prop::collection::vec(number.clone(), 2..4)).prop_map(|(name, parts)| Tree::Call(name, parts)),
        ];
        let deeper_truth = prop_oneof![
            1 => truth.clone(),
            3 => (relation, boxed(&number), boxed(&number)).prop_map(|(o, a, b)| Tree::Two(o, a, b)),
            2 => (prop::sample::select(vec!["&&", "||"]), boxed(&truth), boxed(&truth)).prop_map(|(o, a, b)| Tree::Two(o, a, b)),
            1 => boxed(&truth).prop_map(Tree::Not),
            1 => (boxed(&truth), boxed(&truth), boxed(&truth)).prop_map(|(c, a, b)| Tree::Choice(c, a, b)),
        ];
        (deeper_number.boxed(), deeper_truth.boxed())
    })
}

fn any_tree() -> impl Strategy<Value = Tree> {
    let (number, truth) = trees(4);
    prop_oneof![number, truth]
}

/// The tree of a clause as written, with every operator in parentheses; `None` if it cannot be read.
pub(super) fn clause_made_by_grammar() -> impl Strategy<Value = String> {
    any_tree().prop_map(|tree| write(&tree))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn a_clause_gives_what_its_tree_gives(tree in any_tree()) {
        let source = write(&tree);
        prop_assume!(source.len() <= 1_024);
        let clause = Clause::parse(&source, FACTS, &BTreeMap::new())
            .map_err(|mistake| TestCaseError::fail(format!("{source}: {mistake:?}")))?;
        let evaluation = clause.evaluate(&mut answers(), &BTreeMap::new());
        prop_assert!(evaluation.steps <= clause.cost(), "{}", source);
        match (compute(&tree), evaluation.value) {
            (Fraction(over, under), Ok(Value::Number(value))) => {
                prop_assert_eq!((value.numer().to_i128(), value.denom().to_i128()), (Some(over), Some(under)), "{}", source);
            }
            (Truth(truth), value) => prop_assert_eq!(value, Ok(Value::Bool(truth)), "{}", source),
            (DividedByZero, value) => {
                prop_assert_eq!(value, Err(Problem::Undefined("division by zero".to_owned())), "{}", source);
            }
            (TooLong, _) => {}
            (expected, value) => prop_assert!(false, "{}: {:?}, and is {:?}", source, expected, value),
        }
    }
}
