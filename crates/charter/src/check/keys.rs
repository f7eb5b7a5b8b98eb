//! Every key and address has one owner and one role.

use std::collections::{BTreeMap, BTreeSet};

use crate::Charter;
use crate::report::{Report, join};

/// Reports ids, addresses and keys that are used twice.
pub(super) fn distinct(charter: &Charter, report: &mut Report<'_>) {
    let (mut addresses, mut peers) = (BTreeMap::new(), BTreeMap::new());
    let ids: BTreeSet<_> = charter.members.iter().map(|member| member.id.as_str()).collect();
    for member in &charter.members {
        let path = join("members", &member.id);
        let node = member.node;
        let roles = [
            (member.address, join(&path, "address")),
            (member.recovery, join(&path, "recovery")),
            (node.and_then(|keys| keys.consensus_address()), join(&join(&path, "node"), "consensus")),
        ];
        for (address, path) in roles {
            if let Some(address) = address {
                once(&mut addresses, address, "address", path, report);
            }
        }
        if let Some(keys) = node {
            once(&mut peers, keys.peer, "key", join(&join(&path, "node"), "peer"), report);
        }
    }
    for account in &charter.accounts {
        let path = join("accounts", &account.id);
        if ids.contains(account.id.as_str()) {
            let hint = "a member's opening balance is balance = \"…\" among its own keys";
            report.error_at_key(&path, format!("`{}` is also the id of a member", account.id), hint);
        }
        if let Some(address) = account.address {
            once(&mut addresses, address, "address", join(&path, "address"), report);
        }
    }
}

/// Notes that `key` is used at `path`, and reports it if it already was elsewhere.
fn once<K: Ord>(seen: &mut BTreeMap<K, String>, key: K, what: &str, path: String, report: &mut Report<'_>) {
    if let Some(first) = seen.get(&key) {
        let message = format!("this {what} is already that of {first}");
        report.error(
            &path,
            message,
            "every key has one owner and one role, so that losing one never loses another",
        );
    } else {
        seen.insert(key, path);
    }
}
