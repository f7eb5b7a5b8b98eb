//! Where something stands in a file: line and column from a path of keys and indices.
//!
//! Used only after a file has been read as a whole, to point at what it means wrongly. Both walkers give up quietly
//! and point at the last thing they found: a message with a rough place is better than none.

use toml::de::{DeTable, DeValue};

/// The byte at which the value at `path` begins in `json`, which is valid; for a map entry, its key.
pub(crate) fn in_json(json: &str, path: &[String]) -> usize {
    let mut scanner = Scanner { bytes: json.as_bytes(), at: 0 };
    let mut found = scanner.skip_blanks();
    for segment in path {
        let Some(place) = scanner.enter(segment) else { break };
        found = place;
    }
    found
}

struct Scanner<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Scanner<'_> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn step(&mut self) {
        self.at = self.at.saturating_add(1);
    }

    /// Moves to the next byte that is not blank, a comma or a colon, and returns its place.
    fn skip_blanks(&mut self) -> usize {
        while matches!(self.peek(), Some(b' ' | b'\n' | b'\r' | b'\t' | b',' | b':')) {
            self.step();
        }
        self.at
    }

    /// Moves past a string and returns it, or `None` if there is none here.
    fn string(&mut self) -> Option<String> {
        let start = self.at;
        if self.peek() != Some(b'"') {
            return None;
        }
        self.step();
        while let Some(byte) = self.peek() {
            self.step();
            match byte {
                b'\\' => self.step(),
                b'"' => return serde_json::from_slice(self.bytes.get(start..self.at)?).ok(),
                _ => {}
            }
        }
        None
    }

    /// Moves past any value, without recursion.
    fn skip_value(&mut self) {
        let mut depth = 0usize;
        loop {
            self.skip_blanks();
            match self.peek() {
                None => return,
                Some(b'"') => {
                    if self.string().is_none() {
                        return;
                    }
                }
                Some(b'{' | b'[') => {
                    depth = depth.saturating_add(1);
                    self.step();
                }
                Some(b'}' | b']') => {
                    depth = depth.saturating_sub(1);
                    self.step();
                }
                Some(_) => {
                    while self.peek().is_some_and(|b| !b" \n\r\t,:]}".contains(&b)) {
                        self.step();
                    }
                }
            }
            if depth == 0 {
                return;
            }
        }
    }

    /// Moves to the value `segment` of the object or array here, and returns the place of its key (or of itself).
    fn enter(&mut self, segment: &str) -> Option<usize> {
        self.skip_blanks();
        let is_object = match self.peek()? {
            b'{' => true,
            b'[' => false,
            _ => return None,
        };
        self.step();
        let mut index = 0usize;
        loop {
            let place = self.skip_blanks();
            if matches!(self.peek()?, b'}' | b']') {
                return None;
            }
            let is_it = if is_object { self.string()? == segment } else { index.to_string() == segment };
            self.skip_blanks();
            if is_it {
                return Some(place);
            }
            self.skip_value();
            index = index.saturating_add(1);
        }
    }
}

/// The byte at which the field `path` (such as `limb[1].threshold`) stands in `text`, which is valid TOML.
pub(crate) fn in_toml(text: &str, path: &str) -> usize {
    let Ok(document) = DeTable::parse(text) else { return 0 };
    let names = path.split(['.', '[', ']']).filter(|name| !name.is_empty());
    let mut table = Some(document.get_ref());
    let mut array = None;
    let mut found = 0;
    for name in names {
        let value = match (table, array) {
            (Some(table), _) => {
                let Some((key, value)) = table.iter().find(|(key, _)| key.get_ref() == name) else { break };
                found = key.span().start;
                value
            }
            (None, Some(values)) => {
                let values: &toml::de::DeArray<'_> = values;
                let Some(value) = name.parse().ok().and_then(|i: usize| values.get(i)) else { break };
                found = value.span().start;
                value
            }
            (None, None) => break,
        };
        (table, array) = match value.get_ref() {
            DeValue::Table(inner) => (Some(inner), None),
            DeValue::Array(inner) => (None, Some(inner)),
            _ => (None, None),
        };
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::line_column;

    #[test]
    fn places_in_json() {
        let json = "{\n \"members\": [\n  {\"id\": \"A\\\"]\", \"weights\": {}},\n  {\"id\": \"B\"}],\n \"bal\\u006cots\": {\"B\": \"yes\"}\n}";
        for (path, expected) in [
            (vec![], (1, 1)),
            (vec!["members", "1"], (4, 3)),
            (vec!["members", "1", "id"], (4, 4)),
            (vec!["ballots", "B"], (5, 19)),
            (vec!["ballots", "C"], (5, 2)),
            (vec!["nothing"], (1, 1)),
        ] {
            let path: Vec<String> = path.into_iter().map(str::to_owned).collect();
            assert_eq!(line_column(json, in_json(json, &path)), expected, "{path:?}");
        }
    }

    #[test]
    fn places_in_toml() {
        let text = "id = \"x\"\n\n[[limb]]\nname = \"a\"\n[[limb]]\n  threshold = \"> 1\"\n  kinds = [\"state\", \"stat\"]\n";
        for (path, expected) in [
            ("id", (1, 1)),
            ("limb[1].threshold", (6, 3)),
            ("limb[1].kinds[1]", (7, 21)),
            ("limb[1].weight", (5, 1)),
            ("passes", (1, 1)),
        ] {
            assert_eq!(line_column(text, in_toml(text, path)), expected, "{path}");
        }
    }
}
