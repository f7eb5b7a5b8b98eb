//! Text that is written to break the reader: depth, length, repetition. It must be refused in words and never
//! exhaust the stack: every node reads the same amendment in the same block.

use crate::{Change, Op, amended, builtin, parse};

fn set(path: &str, value: String) -> Change {
    Change { op: Op::Set, path: path.into(), value }
}

#[test]
fn depth_never_exhausts_the_stack() {
    let text = builtin("dev").unwrap().to_owned();
    let deep = [
        ("dotted", format!("{{ {}a = 1 }}", "a.".repeat(8_000))),
        ("quoted", format!("{{ {}a = 1 }}", "\"a\".".repeat(8_000))),
        ("lists", format!("{}{}", "[".repeat(8_000), "]".repeat(8_000))),
        ("tables", format!("{}1{}", "{a=".repeat(8_000), "}".repeat(8_000))),
        ("open lists", "[".repeat(16_000)),
        ("open tables", "{a=".repeat(8_000)),
        ("mixed", format!("{}1{}", "[{a.a.a.a.a=".repeat(1_000), "}]".repeat(1_000))),
        (
            "many",
            format!("{{ {} }}", (0..2_000).map(|i| format!("a{i}.b.c = 1")).collect::<Vec<_>>().join(", ")),
        ),
    ];
    for (what, value) in deep {
        for path in ["name", "rules.x", "members", "fees"] {
            let result = amended(&text, &[set(path, value.clone())]);
            assert!(result.is_err(), "{what} at {path}");
        }
        assert!(parse("x.toml", &format!("x = {value}\n{text}")).is_err());
        assert!(parse("x.toml", &format!("{text}\n[{}a]\n", "a.".repeat(8_000))).is_err());
        assert!(parse("x.toml", &format!("{}a = 1\n{text}", "a.".repeat(8_000))).is_err());
    }
}
