//! What is refused, where, and in which words.

use super::parse;

#[test]
fn every_mistake_has_its_place_and_a_hint() {
    for (source, at, message, hint) in [
        // Texts that are no clause.
        ("", 0, "nothing", "true"),
        ("   ", 0, "nothing", "true"),
        ("1 +", 3, "the clause ends where a value", ""),
        ("1 2", 2, "a number where an operator", ""),
        ("(1", 2, "the clause ends where `)`", "close"),
        ("1)", 1, "`)` where an operator", ""),
        ("min(1, 2", 8, "the clause ends where `)`", "comma"),
        ("min(1,)", 6, "`)` where a value", ""),
        ("ok ? 1", 6, "the clause ends where `:`", "a ? b : c"),
        ("ok ? ok ? 1 : 2 : 3", 8, "`?` where `:`", "parentheses"),
        ("ok and ok", 3, "`and` where an operator", "&&"),
        ("ok or ok", 3, "`or` where an operator", "||"),
        ("* 2", 0, "`*` where a value", ""),
        ("in classes", 0, "`in` where a value", ""),
        ("classes[0]", 7, "`[` where an operator", "`in`"),
        // Signs that the language does not have.
        ("share = 1", 6, "`=` alone", "=="),
        ("share === 1", 6, "`===`", "=="),
        ("share => 1", 6, "`=>`", ">="),
        ("share <> 1", 6, "`<>`", "!="),
        ("ok & ok", 3, "`&` alone", "&&"),
        ("ok | ok", 3, "`|` alone", "||"),
        ("7 % 2", 2, "`%`", "10/100"),
        ("7 // 2", 2, "no comments", "floor"),
        ("7 ** 2", 2, "`**`", "x * x"),
        ("1 # one", 2, "no comments", "text"),
        ("1; 2", 1, "one expression", "let"),
        ("id.size()", 2, "`.`", "standing(member)"),
        (".5", 0, "`.`", "0.5"),
        ("{'a': 1}", 0, "no maps", "['a', 'b']"),
        ("`id`", 0, "backtick", "'…'"),
        ("１ + 1", 0, "`１`", "ASCII"),
        ("max（1, 2）", 3, "`（`", "ASCII"),
        ("\u{0}", 0, r"`\u{0}`", ""),
        // Numbers.
        ("9223372036854775808", 0, "the largest is 9223372036854775807", ""),
        ("1.", 0, "no digit after the point", "1.0"),
        ("1.5.2", 0, "no `.`", "one point"),
        ("1e9", 0, "no `e`", "1000000000"),
        ("0x1F", 0, "no `x`", "decimal"),
        ("1u", 0, "no `u`", "leave out"),
        ("1_000", 0, "no `_`", "separators"),
        ("2share", 0, "no `s`", "operator"),
        ("0.1234567890123456789", 0, "18 digits", "1/3"),
        // Texts.
        ("id == 'FRA", 6, "does not end", "'"),
        (r"id == 'a\n'", 8, "escape", "backslash"),
        (r"'\u0041'", 1, "escape", "backslash"),
        (r"'\", 1, "escape", "backslash"),
        ("'a\nb'", 2, "line breaks", ""),
        ("'''a'''", 2, "two texts", "one pair"),
        ("r'a'", 0, "`r` before a quotation mark", "'…'"),
        ("b\"a\"", 0, "`b` before a quotation mark", "'…'"),
        // Names.
        ("null", 0, "reserved", "not known"),
        ("if", 0, "reserved", "a ? b : c"),
        ("shar > 1", 0, "`shar` is not known", "`share`"),
        ("1 + nothing", 4, "`nothing` is not known", "share"),
        ("size(id)", 0, "no function `size`", "written"),
        ("flor(1)", 0, "no function `flor`", "`floor`"),
        ("floor + 1", 0, "`floor` is a function", "floor(…)"),
        ("share(1)", 0, "`share` is a definition", "without"),
        ("id()", 0, "`id` takes nothing", "write id"),
        ("written > 1", 0, "told of what", "written(member, period)"),
        // How many, and of which type.
        ("min(1)", 0, "two numbers or more, not 1", ""),
        ("abs(1, 2)", 0, "one number, not 2", ""),
        ("written(member)", 0, "takes 2, not 1", "written(member, period)"),
        ("written(period, member)", 8, "needs a member, and this is a period", "written(member, period)"),
        ("in_force(member, 'paris')", 9, "needs a text, and this is a member", "`id`"),
        ("in_force(id, member)", 9, "written here", "a ? b : c"),
        ("ok + 1", 0, "`+` needs a number, and this is true or false", "x ? 1 : 0"),
        ("1 + ok", 4, "`+` needs a number, and this is true or false", "x ? 1 : 0"),
        ("'a' + 'b'", 0, "`+` needs a number, and this is a text", ""),
        ("-ok", 1, "`-` needs a number", "x ? 1 : 0"),
        ("!share", 1, "`!` needs true or false", "x > 0"),
        ("ok && share", 6, "`&&` needs true or false", "x > 0"),
        ("kind || ok", 0, "`||` needs true or false", "kind == 'state'"),
        ("'a' < 'b'", 0, "`<` needs a number", ""),
        ("1 < 2 < 3", 6, "do not chain", "a < b && b < c"),
        ("1 == '1'", 2, "compares a number with a text", "one type"),
        ("member == member", 7, "cannot compare a member", "`id`"),
        ("classes == classes", 8, "cannot compare a list", "in list"),
        ("'a' in 'b'", 7, "needs a list of texts, and this is a text", "['a']"),
        ("1 in classes", 0, "`in` needs a text, and this is a number", ""),
        ("kind in [1, 2]", 9, "a list needs a text, and this is a number", ""),
        ("kind in []", 8, "empty list", "at least one"),
        ("share ? 1 : 2", 0, "`?` needs true or false", "x > 0"),
        ("ok ? 1 : 'a'", 9, "a number and a text", "both"),
        // Bounds.
        ("dear + dear + dear", 0, "12016 steps", "once"),
    ] {
        let mistake = parse(source).expect_err(source);
        assert_eq!(mistake.at, at, "{source}: {mistake:?}");
        assert!(mistake.message.contains(message), "{source}: {mistake:?}");
        assert!(
            mistake.hint.contains(hint) && hint.is_empty() == mistake.hint.is_empty(),
            "{source}: {mistake:?}"
        );
    }
}

#[test]
fn length_and_depth_are_bounded() {
    let long = |bytes: usize| format!("{}1", "1+".repeat((bytes - 1) / 2));
    assert!(parse(&long(1_023)).is_ok());
    let mistake = parse(&long(1_025)).unwrap_err();
    assert_eq!((mistake.at, mistake.message.as_str()), (0, "1025 bytes: a clause has at most 1024"));
    for (open, core, close) in [
        ("(", "1", ")"),
        ("-", "1", ""),
        ("!", "ok", ""),
        ("floor(", "1", ")"),
        ("ok ? 1 : ", "2", ""),
        ("- (", "1", ")"),
    ] {
        let nested = |times: usize| format!("{}{core}{}", open.repeat(times), close.repeat(times));
        let levels = if open == "- (" { 2 } else { 1 };
        assert!(parse(&nested(32 / levels)).is_ok(), "{open}");
        let mistake = parse(&nested(32 / levels + 1)).unwrap_err();
        assert_eq!(mistake.message, "nested more than 32 deep", "{open}");
        assert!(mistake.at > 0 && !mistake.hint.is_empty());
    }
}
