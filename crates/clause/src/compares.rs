//! Which words a clause compares facts with: so that whoever knows the words there are finds those that no fact can ever be.

use crate::node::{Node, Question};
use crate::operator::Operator;
use crate::{Clause, Value};

impl Clause {
    /// Facts that it compares with written texts, and each text: `kind == 'state'`, `'validate' in rights`, `id in ['a', 'b']`.
    ///
    /// In the order of the text. What is compared by way of a definition is not among them.
    #[must_use]
    pub fn compares(&self) -> Vec<(&str, &str)> {
        let mut compares = Vec::new();
        self.node().each(&mut |node| {
            let Node::Fold(first, rest) = node else { return };
            let [(Operator::Equal | Operator::NotEqual | Operator::In, right)] = rest.as_slice() else {
                return;
            };
            let sides = [(&**first, right), (right, &**first)];
            for (fact, texts) in sides {
                if let Node::Fact(Question { name, .. }) = fact {
                    compares.extend(written(texts).into_iter().map(|text| (*name, text)));
                }
            }
        });
        compares
    }
}

/// The text that `node` is, or the texts of the list that it is.
fn written(node: &Node) -> Vec<&str> {
    let text = |node| match node {
        &Node::Literal(Value::Text(ref text)) => Some(text.as_str()),
        _ => None,
    };
    match node {
        Node::List(parts) => parts.iter().filter_map(text).collect(),
        node => text(node).into_iter().collect(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use crate::{Clause, Fact, Type};

    #[test]
    fn texts_that_facts_are_compared_with_are_found_on_either_side() {
        let fact = |name, gives| Fact { name, takes: &[], gives, cost: 1, says: "" };
        let facts = [fact("kind", Type::Text), fact("id", Type::Text), fact("rights", Type::Texts)];
        for (source, expected) in [
            ("kind == 'state'", &[("kind", "state")][..]),
            ("'ngo' != kind && true", &[("kind", "ngo")]),
            ("'vote' in rights", &[("rights", "vote")]),
            ("!(id in ['a', \"b\"]) ? kind == 'x' : false", &[("id", "a"), ("id", "b"), ("kind", "x")]),
            ("id in rights || id == kind || 'a' == 'b' || 'a' in ['b']", &[]),
        ] {
            let clause = Clause::parse(source, &facts, &BTreeMap::new()).expect(source);
            assert_eq!(clause.compares(), expected, "{source}");
        }
    }
}
