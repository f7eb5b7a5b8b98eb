//! Keys written into a charter's text.

use std::collections::BTreeMap;

use polity_primitives::Address;
use secp256k1::{SECP256K1, SecretKey};

use super::checked;
use crate::{BUILTIN, Charter, Error, MemberKeys, NodeKeys, Rights, builtin, dev, template, with_keys};

fn secret(n: usize) -> SecretKey {
    let mut bytes = [1; 32];
    bytes[..8].copy_from_slice(&u64::try_from(n).unwrap().to_be_bytes());
    SecretKey::from_byte_array(bytes).unwrap()
}

fn address(n: usize) -> Address {
    Address::from_raw_public_key(&secret(n).public_key(SECP256K1).serialize_uncompressed()[1..])
}

/// Keys for everybody in `charter` that lacks them.
fn keys_for(charter: &Charter) -> BTreeMap<String, MemberKeys> {
    let mut keys = BTreeMap::new();
    for (i, id) in charter.missing_keys().into_iter().enumerate() {
        let validates = charter.member(id).is_some_and(|m| charter.rights_of(m).contains(Rights::VALIDATE));
        let peer = [u8::try_from(i % 256).unwrap(); 32];
        let node = NodeKeys { consensus: secret(3 * i + 2).public_key(SECP256K1).serialize(), peer };
        let node = validates.then_some(node);
        keys.insert(
            id.to_owned(),
            MemberKeys { address: address(3 * i), recovery: address(3 * i + 1), node },
        );
    }
    keys
}

#[test]
fn keys_are_read_back_and_everything_else_stays() {
    for text in BUILTIN.iter().map(|name| builtin(name).unwrap()).chain([template()]) {
        let before = checked(text).charter;
        let keys = keys_for(&before);
        let text_after = with_keys(text, &keys).unwrap();
        let checked = checked(&text_after);
        assert!(checked.warnings.is_empty(), "{}", checked.warnings);
        let after = checked.charter;

        assert_eq!(after.missing_keys(), Vec::<&str>::new());
        for (id, keys) in &keys {
            match after.member(id) {
                Some(member) => {
                    assert_eq!(
                        (member.address, member.recovery),
                        (Some(keys.address), Some(keys.recovery)),
                        "{id}"
                    );
                    assert_eq!(member.node, keys.node, "{id}");
                }
                None => {
                    let account = after.accounts.iter().find(|account| account.id == *id).unwrap();
                    assert_eq!(account.address, Some(keys.address), "{id}");
                }
            }
        }
        let is_other = |line: &&str| !line.contains("0x");
        let untouched: Vec<_> = text_after.lines().filter(is_other).collect();
        let lines = text.lines().filter(|line| text_after.lines().any(|other| other == *line));
        assert_eq!(untouched, lines.collect::<Vec<_>>(), "comments and other lines stay as they are");
        assert_eq!(text.lines().count(), text_after.lines().count(), "no line is added");
        assert_eq!(with_keys(&text_after, &keys).unwrap(), text_after, "writing them again changes nothing");
        assert_ne!(after.hash, before.hash);
    }
}

#[test]
fn one_line_of_paris_with_keys() {
    let keys = MemberKeys { address: address(1), recovery: address(2), node: None };
    let text =
        with_keys("[members]\nA = { kind = \"state\" } # first\n", &[("A".to_owned(), keys)].into()).unwrap();
    let (address, recovery) = (keys.address, keys.recovery);
    let expected = format!(
        "[members]\nA = {{ kind = \"state\", address = \"{address}\", recovery = \"{recovery}\" }} # first\n"
    );
    assert_eq!(text, expected);
}

#[test]
fn members_written_as_tables_take_keys_too() {
    let keys = MemberKeys { address: address(1), recovery: address(2), node: None };
    let text = "[members.A]\n# who\nkind = \"state\" # what\n\n[rights]\nstate = []\n";
    let expected = format!(
        "[members.A]\n# who\nkind = \"state\" # what\naddress = \"{}\"\nrecovery = \"{}\"\n\n[rights]\nstate = []\n",
        keys.address, keys.recovery
    );
    assert_eq!(with_keys(text, &[("A".to_owned(), keys)].into()).unwrap(), expected);
}

#[test]
fn keys_for_nobody_and_texts_that_are_not_toml_are_refused() {
    let keys = MemberKeys { address: address(1), recovery: address(2), node: None };
    let map: BTreeMap<_, _> = [("XYZ".to_owned(), keys)].into();
    assert_eq!(with_keys(template(), &map), Err(Error::UnknownId { id: "XYZ".to_owned() }));
    assert!(matches!(with_keys("a = = 1", &map), Err(Error::Toml { message }) if message.contains("line 1")));
}

#[test]
fn development_networks_have_as_many_validators_as_asked_for() {
    assert_eq!(dev(4).unwrap(), builtin("dev").unwrap());
    for nodes in [1, 3, 7, 64] {
        let charter = checked(&dev(nodes).unwrap()).charter;
        assert_eq!(charter.validators().count(), nodes);
        assert_eq!(charter.accounts.len(), 10);
    }
    for nodes in [0, 65] {
        assert_eq!(dev(nodes), Err(Error::Nodes { nodes }));
    }
}
