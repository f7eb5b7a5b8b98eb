//! The built-in charters make a genesis, and what is wrong with others is named.

use polity_charter::{MemberKeys, NodeKeys, parse};
use secp256k1::{SECP256K1, SecretKey};

use super::*;

fn address(seed: &str) -> Address {
    Address::from_slice(&keccak256(seed)[12..])
}

/// Keys for everyone, made from ids.
fn keyed(text: &str) -> Charter {
    let read = |text: &str| parse("test.toml", text).unwrap_or_else(|e| panic!("{e:?}")).charter;
    let bare = read(text);
    let key = |id: &str| {
        let secret =
            SecretKey::from_byte_array(keccak256(format!("{id} consensus")).0).expect("below the order");
        let node = NodeKeys {
            consensus: secret.public_key(SECP256K1).serialize(),
            peer: keccak256(format!("{id} peer")).0,
        };
        let validates =
            bare.member(id).is_some_and(|m| bare.rights_of(m).contains(polity_charter::Rights::VALIDATE));
        MemberKeys {
            address: address(id),
            recovery: address(&format!("{id} recovery")),
            node: validates.then_some(node),
        }
    };
    let keys = bare.missing_keys().into_iter().map(|id| (id.to_owned(), key(id))).collect();
    read(&polity_charter::with_keys(text, &keys).expect("keys fit"))
}

fn charter(name: &str) -> Charter {
    keyed(polity_charter::builtin(name).expect("built in"))
}

#[test]
fn built_in_charters_begin() {
    for name in polity_charter::BUILTIN {
        let charter = charter(name);
        let memory = memory(&charter).unwrap_or_else(|error| panic!("{name}: {error}"));
        let members = registry::members(&memory);
        assert_eq!(members.len(), charter.members.len(), "{name}");
        for (record, member) in members.iter().zip(&charter.members) {
            assert_eq!(record.id, member.id);
            assert_eq!(record.kind, member.kind);
            assert_eq!(record.weights, member.weights.clone().into_iter().filter(|(_, w)| *w != 0).collect());
            assert_eq!(
                record.classes.iter().collect::<std::collections::BTreeSet<_>>(),
                member.classes.iter().collect()
            );
            assert_eq!(record.rights, charter.rights_of(member), "{name}: {}", member.id);
            assert_eq!(record.node, member.node);
            assert_eq!(memory.balance_of(record.account), member.balance_wei);
        }
        let validators: Vec<_> = registry::validators(&memory).into_iter().map(|v| v.id).collect();
        assert_eq!(validators, charter.validators().map(|m| m.id.clone()).collect::<Vec<_>>(), "{name}");
        for account in &charter.accounts {
            let address = account.address.expect("keyed");
            assert_eq!(memory.balance_of(address), account.balance_wei);
            assert!(registry::may_transact(&memory, address));
        }
        let treasury: BTreeMap<_, _> = crate::treasury::accounts(&memory).into_iter().collect();
        assert_eq!(treasury, charter.treasury, "{name}");
        let sum = charter.treasury.values().copied().fold(U256::ZERO, |sum, balance| sum + balance);
        assert_eq!(memory.balance_of(TREASURY), sum);
        assert_eq!(memory.balance_of(AGREEMENT), U256::ZERO);
    }
}

#[test]
fn weights_read_from_chain_are_those_of_the_charter() {
    let charter = charter("paris");
    let memory = memory(&charter).expect("begins");
    let everyone = registry::Filter { kinds: u16::MAX, ..Default::default() };
    let voters = registry::voters_at(&memory, &everyone, 0);
    assert_eq!(voters.len(), charter.members.len());
    for (voter, member) in voters.iter().zip(&charter.members) {
        let mut expected = charter.voter(member);
        expected.weights.retain(|_, weight| *weight != polity_decision::Rational::default());
        let mut voter = voter.clone();
        voter.weights.retain(|_, weight| *weight != polity_decision::Rational::default());
        voter.classes.sort();
        assert_eq!(voter, expected);
    }
}

#[test]
fn the_state_is_what_the_institutions_see() {
    let charter = charter("dev");
    let state = genesis(&charter).expect("begins");
    for entry in DIRECTORY {
        let (account, code, _) = &state.accounts[&entry.address];
        assert_eq!((account.nonce, code.as_ref()), (1, INSTITUTION_CODE), "{}", entry.name);
        assert_eq!(account.code_hash, keccak256(INSTITUTION_CODE));
    }
    let (agreement, code, _) = &state.accounts[&AGREEMENT];
    assert_eq!(code.as_ref(), assembly::AGREEMENT_CODE);
    assert_eq!(agreement.code_hash, keccak256(code));
    let memory = memory(&charter).expect("begins");
    let slots: usize = state.accounts.values().map(|(_, _, storage)| storage.len()).sum();
    assert_eq!(slots, memory.slots().len(), "every slot belongs to an account");
    assert!(state.accounts.values().all(|(_, _, storage)| storage.values().all(|value| !value.is_zero())));
    assert!(state.accounts.values().all(|(account, ..)| *account != Account::default()));
    assert_eq!(state, genesis(&charter).expect("begins"), "twice the same");
}

#[test]
fn what_is_missing_or_wrong_is_named() {
    let bare = parse("dev.toml", polity_charter::builtin("dev").expect("built in")).expect("checks").charter;
    let Err(Error::MissingKeys(missing)) = genesis(&bare) else { panic!("dev has no keys in its file") };
    assert_eq!(missing, bare.missing_keys());

    let mut twice = charter("dev");
    twice.members[1].address = twice.members[0].address;
    let error = genesis(&twice).expect_err("one account, two members").to_string();
    assert!(error.contains(&twice.members[1].id) && error.contains("AccountTaken"), "{error}");

    let mut nobody = charter("dev");
    nobody.rights.values_mut().for_each(|rights| *rights = rights.without(polity_charter::Rights::VALIDATE));
    nobody.members.iter_mut().for_each(|m| m.rights = m.rights.without(polity_charter::Rights::VALIDATE));
    assert_eq!(genesis(&nobody), Err(Error::NoValidator));

    let mut rich = charter("dev");
    rich.accounts.push(polity_charter::FundedAccount {
        id: "rich".into(),
        address: Some(address("rich")),
        balance_wei: U256::MAX,
    });
    rich.members[0].balance_wei = U256::from(1);
    assert_eq!(genesis(&rich), Err(Error::TooMuchMoney));
}
