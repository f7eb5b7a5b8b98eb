//! What the assembly begins with: the charter's rules, chambers and treaties, and the agreement's code.

use alloy_primitives::{B256, hex};
use polity_charter::{Chamber, Charter, Clauses, Kind, Seating, Text, Treaty};
use polity_decision::Basis;

use super::{
    IAssembly::{self, By},
    NAME_BYTES_MAX, depositary, electorate,
    enact::enacted,
    mandate, rules,
    schema::storage,
    secret, tally, tracks,
};
use crate::{
    context::{Context, Result},
    host::Failure,
    names,
    registry::Filter,
};

const AGREEMENT_HEX: &[u8] = include_bytes!("../../../../contracts/artifacts/Agreement.hex");

const AGREEMENT_BYTES: [u8; AGREEMENT_HEX.len() / 2] = match hex::const_decode_to_array(AGREEMENT_HEX) {
    Ok(code) => code,
    Err(_) => panic!("contracts/artifacts/Agreement.hex is not hexadecimal"),
};

/// Runtime code of the agreement's account. Source: contracts/Agreement.sol, compiled by contracts/build.mjs.
pub const AGREEMENT_CODE: &[u8] = &AGREEMENT_BYTES;

/// Writes the charter's rules, chambers and treaties. The registry has its members already.
///
/// # Errors
/// A bound of the assembly that the charter exceeds.
pub fn genesis(cx: &mut Context<'_>, charter: &Charter) -> Result<()> {
    let language = charter.languages.first().map_or("en", String::as_str);
    for rule in &charter.rules {
        rules::store(cx, rule)?;
    }
    for chamber in &charter.chambers {
        let written = chamber_of(chamber, language)?;
        rules::store_chamber(cx, name(&chamber.id)?, &written)?;
    }
    for track in &charter.tracks {
        let written = tracks::abi_of_charter(track, title(&track.name, language, &track.id));
        tracks::store(cx, name(&track.id)?, &written)?;
    }
    tracks::set_constitutional(cx, &charter.constitutional)?;
    for treaty in &charter.treaties {
        open_treaty(cx, treaty, language)?;
    }
    for authority in &charter.authorities {
        mandate::set(cx, charter, authority, &title(&authority.name, language, &authority.id))?;
    }
    Ok(())
}

pub(super) fn chamber_of(chamber: &Chamber, language: &str) -> Result<IAssembly::Chamber> {
    Ok(IAssembly::Chamber {
        name: title(&chamber.name, language, &chamber.id),
        kinds: kinds(&chamber.kinds),
        classes: chamber.classes.iter().map(|class| name(class)).collect::<Result<_>>()?,
        members: chamber.members.iter().map(|member| name(member)).collect::<Result<_>>()?,
        rule: name(&chamber.rule)?,
        votingSecs: chamber.voting_secs,
        delaySecs: chamber.delay_secs,
        seating: seating_of(&chamber.seating)?,
        secret: chamber.secret.as_ref().map(secret::of_charter).unwrap_or_default(),
    })
}

fn seating_of(seating: &Seating) -> Result<IAssembly::Seating> {
    let weight = |weight: &Option<String>| weight.as_ref().map_or(Ok(B256::ZERO), |weight| name(weight));
    Ok(match seating {
        Seating::Description => IAssembly::Seating::default(),
        Seating::Election(election) => IAssembly::Seating {
            by: By::Election,
            seats: election.seats,
            source: name(&election.of)?,
            termSecs: election.term_secs,
            electionSecs: election.election_secs,
            approval: election.approval,
            weight: weight(&election.weight)?,
            ..Default::default()
        },
        Seating::Sortition(sortition) => IAssembly::Seating {
            by: By::Sortition,
            seats: sortition.seats,
            source: name(&sortition.from)?,
            termSecs: sortition.term_secs,
            weight: weight(&sortition.weight)?,
            ..Default::default()
        },
        Seating::Stake(stake) => IAssembly::Seating {
            by: By::Stake,
            unbondingSecs: stake.unbonding_secs,
            min: stake.min_wei,
            ..Default::default()
        },
    })
}

/// Opens a treaty for instruments: its rule and the weights of its Parties are frozen here.
pub(super) fn open_treaty(cx: &mut Context<'_>, treaty: &Treaty, language: &str) -> Result<()> {
    let (storage, id) = (storage(), name(&treaty.id)?);
    let named = name(&treaty.rule)?;
    let by_silence = rules::is_of_silence(cx, named)?;
    let basis = if by_silence { Basis::Ballots } else { Basis::Instruments };
    let (rule_hash, rule) = rules::named(cx, named, basis)?;
    let amendments = match &treaty.amendments {
        Some(id) => name(id)?,
        None if by_silence => named,
        None => B256::ZERO,
    };
    let height = cx.block().height;
    let kinds = kinds(&treaty.depositors);
    let filter = Filter { kinds, ..Filter::default() };
    let parties = electorate::voters(&mut electorate::members(cx), &filter, height, &rule, 0..u64::MAX)?;
    storage.treaty_ids.push(cx, id)?;
    let number = storage.treaty_ids.len(cx)?;
    let record = storage.treaties.at(id);
    record.number.set(cx, number)?;
    record.name.set(cx, &title(&treaty.name, language, &treaty.id))?;
    record.rule.set(cx, rule_hash)?;
    record.kinds.set(cx, kinds)?;
    record.opened_height.set(cx, height)?;
    let proposal = enacted(cx)?;
    if proposal != 0 {
        record.proposal.set(cx, proposal)?;
    }
    let clauses = Clauses { later: depositary::later_of(&treaty.clauses, &rule), ..treaty.clauses };
    record.clauses.set(cx, depositary::pack(&clauses))?;
    if by_silence {
        record.by_silence.set(cx, true)?;
    }
    if !amendments.is_zero() {
        record.amendments.set(cx, amendments)?;
    }
    let tally = rule.open(&parties);
    tally::store(cx, &rule, &record.tally, &tally)
}

fn kinds(kinds: &[Kind]) -> u16 {
    kinds.iter().fold(0, |bits, kind| bits | electorate::kind_bit(*kind))
}

pub(super) fn name(id: &str) -> Result<B256> {
    names::word(id).ok_or_else(|| Failure::fatal(format!("`{id}` is no name")))
}

/// The words in the charter's first language, cut to the bound; the id where there are none.
pub(super) fn title(words: &Text, language: &str, id: &str) -> String {
    let words = words.get(language);
    let words = if words.is_empty() { id } else { words };
    let end =
        (0..=NAME_BYTES_MAX.min(words.len())).rev().find(|end| words.is_char_boundary(*end)).unwrap_or(0);
    words.get(..end).unwrap_or_default().to_owned()
}
