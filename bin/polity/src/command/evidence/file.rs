//! Reading evidence from a file, strictly: what is not understood is refused with its place, and nothing is left out silently.
//!
//! An entry is what `polity evidence list --json` prints, without or with its annotations, or an accusation in hex. What it proves
//! is checked here before anything is sent, and must be what the entry says.

use polity_constitution::{Offence, offence};
use polity_primitives::{Accusation, Address, B256, Bytes, Evidence, Signature, SignedVote, VoteKind};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::output::Failure;

/// An accusation of a file.
#[derive(Debug)]
pub(super) struct Entry {
    /// Where it is.
    pub(super) place: String,
    pub(super) accusation: Bytes,
    pub(super) offence: Offence,
}

/// What `list` adds to an entry.
const ANNOTATIONS: [&str; 7] = ["member", "accusation", "punished", "key", "offence", "state", "why"];

/// The entries of `text`, the file `name`; those that it says were punished are left out.
pub(super) fn read(name: &str, text: &str, chain_id: u64) -> Result<Vec<Entry>, Failure> {
    let text = text.trim();
    if text.starts_with("0x") {
        let accusation = bytes(name, text)?;
        return Ok(vec![judged(name.to_owned(), accusation, chain_id)?]);
    }
    let value: Value = serde_json::from_str(text).map_err(|error| wrong(name, &error))?;
    let entries = match value {
        Value::Array(entries) => entries,
        Value::Object(mut whole) if whole.contains_key("recorded") => {
            known(name, &whole, &["recorded", "punished"])?;
            match whole.remove("recorded") {
                Some(Value::Array(entries)) => entries,
                _ => return Err(wrong(&format!("{name}: recorded"), &"not a list")),
            }
        }
        entry @ Value::Object(_) => vec![entry],
        _ => return Err(wrong(name, &"neither evidence, nor a list of it, nor an accusation in hex")),
    };
    let mut found = Vec::new();
    let alone = entries.len() == 1;
    for (number, entry) in (1..).zip(entries) {
        let place = if alone { name.to_owned() } else { format!("{name}: entry {number}") };
        found.extend(one(place, entry, chain_id)?);
    }
    Ok(found)
}

fn one(place: String, entry: Value, chain_id: u64) -> Result<Option<Entry>, Failure> {
    if let Value::String(hex) = &entry {
        return judged(place.clone(), bytes(&place, hex)?, chain_id).map(Some);
    }
    let Value::Object(object) = entry else { return Err(wrong(&place, &"not an object")) };
    let told: Option<String> = optional(&place, &object, "accusation")?;
    let told = told.map(|hex| bytes(&format!("{place}: accusation"), &hex)).transpose()?;
    let punished = optional::<bool>(&place, &object, "punished")?.unwrap_or(false);
    let stated = if object.contains_key("type") {
        Some(evidence(&place, &object)?)
    } else {
        known(&place, &object, &ANNOTATIONS)?;
        None
    };
    let made = stated.as_ref().map(|(evidence, _)| Accusation::from(evidence).to_bytes());
    let accusation = match (made, told) {
        (Some(made), Some(told)) if made != told => {
            return Err(wrong(&format!("{place}: accusation"), &"not the one of the signatures beside it"));
        }
        (Some(bytes), _) | (None, Some(bytes)) => bytes,
        (None, None) => return Err(wrong(&place, &"it has neither `type` nor `accusation`")),
    };
    if punished {
        return Ok(None);
    }
    let entry = judged(place, accusation, chain_id)?;
    if let Some((_, named)) = stated
        && named != entry.offence.culprit
    {
        let culprit = entry.offence.culprit;
        return Err(wrong(
            &format!("{}: validator", entry.place),
            &format!("the signatures are of {culprit}"),
        ));
    }
    Ok(Some(entry))
}

/// What `accusation` proves.
fn judged(place: String, accusation: Bytes, chain_id: u64) -> Result<Entry, Failure> {
    let offence = offence(chain_id, &accusation)
        .map_err(|error| wrong(&place, &format!("it proves nothing on chain {chain_id}: {error}")))?;
    Ok(Entry { place, accusation, offence })
}

/// The evidence that `object` states, and against whom.
fn evidence(place: &str, object: &Map<String, Value>) -> Result<(Evidence, Address), Failure> {
    let fields = |own: &[&'static str]| {
        let all: Vec<&str> = own.iter().copied().chain(["type"]).chain(ANNOTATIONS).collect();
        known(place, object, &all)
    };
    let kind: String = required(place, object, "type")?;
    let validator = || required::<Address>(place, object, "validator");
    Ok(match kind.as_str() {
        "doubleVote" => {
            fields(&["first", "second"])?;
            let (first, second) = (vote(place, object, "first")?, vote(place, object, "second")?);
            for (field, same) in [
                ("kind", first.kind == second.kind),
                ("height", first.height == second.height),
                ("round", first.round == second.round),
                ("validator", first.validator == second.validator),
            ] {
                if !same {
                    return Err(wrong(&format!("{place}: second.{field}"), &"not that of the first vote"));
                }
            }
            let who = first.validator;
            (Evidence::DoubleVote { first, second }, who)
        }
        "doubleProposal" => {
            fields(&["height", "round", "validator", "first", "second"])?;
            let said = |name| required::<(B256, Option<u32>, Signature)>(place, object, name);
            let evidence = Evidence::DoubleProposal {
                height: required(place, object, "height")?,
                round: required(place, object, "round")?,
                validator: validator()?,
                first: said("first")?,
                second: said("second")?,
            };
            (evidence, validator()?)
        }
        "invalidProposal" => {
            fields(&["height", "round", "validator", "header", "signature"])?;
            let evidence = Evidence::InvalidProposal {
                height: required(place, object, "height")?,
                round: required(place, object, "round")?,
                validator: validator()?,
                header: required(place, object, "header")?,
                signature: required(place, object, "signature")?,
            };
            (evidence, validator()?)
        }
        "invalidWork" => {
            fields(&["validator", "header", "signature"])?;
            let evidence = Evidence::InvalidWork {
                validator: validator()?,
                header: required(place, object, "header")?,
                signature: required(place, object, "signature")?,
            };
            (evidence, validator()?)
        }
        other => {
            return Err(wrong(&format!("{place}: type"), &format!("there is no evidence of type `{other}`")));
        }
    })
}

fn vote(place: &str, object: &Map<String, Value>, name: &str) -> Result<SignedVote, Failure> {
    let place = format!("{place}: {name}");
    let Some(Value::Object(vote)) = object.get(name) else {
        return Err(wrong(&place, &"missing, or not a vote"));
    };
    known(&place, vote, &["kind", "height", "round", "blockHash", "validator", "signature"])?;
    let block_hash: Option<B256> = match vote.get("blockHash") {
        None => return Err(wrong(&format!("{place}: blockHash"), &"missing; `null` is a vote for nil")),
        Some(_) => optional(&place, vote, "blockHash")?,
    };
    Ok(SignedVote {
        kind: required::<VoteKind>(&place, vote, "kind")?,
        height: required(&place, vote, "height")?,
        round: required(&place, vote, "round")?,
        block_hash,
        validator: required(&place, vote, "validator")?,
        signature: required(&place, vote, "signature")?,
    })
}

fn wrong(place: &str, problem: &dyn std::fmt::Display) -> Failure {
    Failure::input(format!("{place}: {problem}"))
}

fn known(place: &str, object: &Map<String, Value>, fields: &[&str]) -> Result<(), Failure> {
    match object.keys().find(|key| !fields.contains(&key.as_str())) {
        None => Ok(()),
        Some(key) => Err(wrong(&format!("{place}: {key}"), &"there is no such field here")),
    }
}

fn optional<T: DeserializeOwned>(
    place: &str,
    object: &Map<String, Value>,
    name: &str,
) -> Result<Option<T>, Failure> {
    let value = object.get(name).cloned().unwrap_or(Value::Null);
    serde_json::from_value(value).map_err(|error| wrong(&format!("{place}: {name}"), &error))
}

fn required<T: DeserializeOwned>(place: &str, object: &Map<String, Value>, name: &str) -> Result<T, Failure> {
    if !object.contains_key(name) {
        return Err(wrong(&format!("{place}: {name}"), &"missing"));
    }
    optional(place, object, name)?.ok_or_else(|| wrong(&format!("{place}: {name}"), &"`null`"))
}

fn bytes(place: &str, hex: &str) -> Result<Bytes, Failure> {
    hex.parse().map_err(|error| wrong(place, &format!("not hexadecimal: {error}")))
}

#[cfg(test)]
mod tests;
