//! Members: who comes, who goes, and what of a member an amendment may change.

use std::collections::{BTreeMap, BTreeSet};

use super::{Effect, Found};
use crate::report::join;
use crate::{Charter, Member};

/// Members that are in `new`: admitted, or changed.
pub(super) fn present(old: &Charter, new: &Charter, found: &mut Found) {
    let before: BTreeMap<_, _> = old.members.iter().map(|member| (member.id.as_str(), member)).collect();
    for member in &new.members {
        match before.get(member.id.as_str()) {
            None => admitted(member, found),
            Some(known) if *known == member && old.weight_scales == new.weight_scales => {}
            Some(known) => changed(old, known, new, member, found),
        }
    }
}

/// Members that are not in `new` any more.
pub(super) fn gone(old: &Charter, new: &Charter, found: &mut Found) {
    let kept: BTreeSet<_> = new.members.iter().map(|member| member.id.as_str()).collect();
    for member in old.members.iter().filter(|member| !kept.contains(member.id.as_str())) {
        found.effects.push(Effect::Expel { member: member.id.clone() });
    }
}

fn admitted(member: &Member, found: &mut Found) {
    let path = join("members", &member.id);
    if member.address.is_none() {
        let reason = "a member of a running chain needs the account it acts with";
        found.refuse(join(&path, "address"), reason, "give address = \"0x…\"");
    }
    if !member.balance_wei.is_zero() {
        let reason = "opening balances were paid in the first block";
        found.refuse(join(&path, "balance"), reason, "propose treasury.pay");
    }
    if !member.bond_wei.is_zero() {
        found.refuse(join(&path, "bond"), BONDS, BOND);
    }
    if !member.deposits.is_empty() {
        found.refuse(join(&path, "deposited"), DEPOSITS, DEPOSIT);
    }
    found.effects.push(Effect::Admit { member: member.id.clone() });
}

const DEPOSITS: &str = "a deposit is the member's own act";
const DEPOSIT: &str = "the member deposits it: polity deposit TREATY";
const BONDS: &str = "opening bonds were made in the first block";
const BOND: &str = "the member bonds: constitution.bond";
const KEYS: &str = "keys are the member's own, and no decision changes them";
const NODE: &str = "its node signs with the keys that the registry holds since";

fn changed(old: &Charter, known: &Member, new: &Charter, member: &Member, found: &mut Found) {
    // Whoever gives members a new setting says here what it means to amend it.
    let Member {
        id,
        name,
        kind,
        classes,
        weights: _,
        address,
        recovery,
        rights,
        node,
        balance_wei,
        bond_wei,
        deposits,
    } = member;
    let path = join("members", id);
    for (key, differs, reason, instead) in [
        (
            "address",
            *address != known.address,
            KEYS,
            "its recovery account calls registry.rotateKey; leave the charter's first key in the file",
        ),
        ("recovery", *recovery != known.recovery, KEYS, "its recovery account calls registry.rotateKey"),
        ("node", *node != known.node, NODE, "the member calls registry.setNode, or it is proposed"),
        (
            "balance",
            *balance_wei != known.balance_wei,
            "opening balances were paid in the first block",
            "propose treasury.pay",
        ),
        ("bond", *bond_wei != known.bond_wei, BONDS, BOND),
        ("deposited", *deposits != known.deposits, DEPOSITS, DEPOSIT),
    ] {
        if differs {
            found.refuse(join(&path, key), reason, instead);
        }
    }
    found.when(*name != known.name, || Effect::MemberName { member: id.clone() });
    found.when(*kind != known.kind, || Effect::MemberKind { member: id.clone() });
    let lacking = |these: &[String], others: &[String]| -> Vec<String> {
        these.iter().filter(|class| !others.contains(class)).cloned().collect()
    };
    let (gained, lost) = (lacking(classes, &known.classes), lacking(&known.classes, classes));
    found.when(!(gained.is_empty() && lost.is_empty()), || Effect::MemberClasses {
        member: id.clone(),
        gained,
        lost,
    });
    let (before, after) = (old.voter(known).weights, new.voter(member).weights);
    let names: BTreeSet<_> = before.keys().chain(after.keys()).collect();
    for name in names {
        let (before, after) =
            (before.get(name).cloned().unwrap_or_default(), after.get(name).cloned().unwrap_or_default());
        found.when(before != after, || Effect::MemberWeight { member: id.clone(), name: name.clone() });
    }
    let (gained, lost) = (rights.without(known.rights), known.rights.without(*rights));
    found.when(!(gained.is_empty() && lost.is_empty()), || Effect::MemberRights {
        member: id.clone(),
        gained,
        lost,
    });
}
