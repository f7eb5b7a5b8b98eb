//! Tracks: what a proposal's calls are, which track must judge them, and what the track asks.
//!
//! Rule kept: a proposal is judged by what its calls do, found from their bytes alone, never by what its proposer says it is.
//! A call that cannot be read as an amendment though it goes to one is held to be the gravest. What can be done in two ways,
//! by a call and by an amendment, is judged alike in both. Only calls made by the agreement itself matter: an institution
//! obeys no other caller, so nothing can hide behind a contract.

use alloy_primitives::{B256, U256};
use alloy_sol_types::{SolCall, SolInterface, sol};
use polity_charter::{
    Burn, CallKind, Op, Path, Step, Track,
    track::{STAGES_MAX, TRACKS_MAX},
};
use polity_decision::Basis;
use polity_primitives::{CONSTITUTION, REGISTRY, TREASURY};

use super::{
    Choice,
    IAssembly::{
        self, ConstitutionalSet, InvalidTrack, MandateNeeded, TrackRemoved, TrackSet, TrackTooMild,
        UnknownChamber, UnknownTrack,
    },
    NAME_BYTES_MAX, PERIOD_SECS_MAX,
    rules::{self, too_many},
    schema::storage,
    secret,
};
use crate::{
    context::{Context, Result},
    ensure, layout, names,
    registry::IRegistry,
    storage::{List, Map, Read, Slot, Text},
    treasury::ITreasury,
};

sol! {
    /// An amendment, as a proposal carries it. Source: constitution/IConstitution.sol.
    struct Change { uint8 op; string path; string value; }
    function amend(Change[] calldata changes) external;
}

/// Gas of reading a path of an amendment and comparing it with the constitutional ones.
const PATH_GAS: u64 = 1_000;
/// Paths that are constitutional where any is.
const JUDGES: [&str; 2] = ["amendment", "tracks"];
/// Most constitutional paths.
const PATHS_MAX: usize = 64;

layout! {
    /// Tracks, by version.
    pub(super) struct Tracks {
        ids: List<Slot<B256>>,
        /// Versions, the last one in force; one without stages means that there is no such track any more.
        versions: Map<B256, List<TrackRecord>>,
        /// The track that judges calls of each kind.
        by_kind: Map<u8, Slot<B256>>,
        /// Paths of the charter that are constitutional.
        constitutional: List<Text>,
        /// By track and rule: the average of participation in 10,000ths, plus one.
        averages: Map<B256, Map<B256, Slot<u64>>>,
    }
}

layout! {
    /// One version of a track.
    pub(super) struct TrackRecord {
        name: Text,
        kinds: Slot<u16>,
        strictness: Slot<u64>,
        pub(super) stages: List<TrackStageRecord>,
        pub(super) sponsors: Slot<u64>,
        pub(super) deposit: Slot<U256>,
        burn: Slot<u8>,
        pub(super) forfeit_to: Slot<B256>,
        pub(super) draft_secs: Slot<u64>,
        pub(super) discussion_secs: Slot<u64>,
        /// The largest number: as the chamber of the last stage says.
        pub(super) delay_secs: Slot<u64>,
        /// Seconds before the close, seconds added, times; 64 bits each.
        pub(super) extension: Slot<U256>,
        pub(super) guardian: Slot<B256>,
        pub(super) guardian_rule: Slot<B256>,
        pub(super) guardian_until: Slot<u64>,
        /// 0: ballots are sealed as each chamber says.
        pub(super) reveal_secs: Slot<u64>,
        pub(super) unrevealed: Slot<u8>,
    }
}

layout! {
    /// One vote of a track.
    pub(super) struct TrackStageRecord {
        pub(super) chamber: Slot<B256>,
        pub(super) rule: Slot<B256>,
        pub(super) voting_secs: Slot<u64>,
        pub(super) pause_secs: Slot<u64>,
    }
}

/// Bit of `kind` in a set of kinds of call.
pub(super) const fn bit(kind: CallKind) -> u16 {
    1 << kind.number()
}

/// Three numbers in one word.
pub(super) const fn extension_of(word: U256) -> [u64; 3] {
    let [last, by, times, _] = *word.as_limbs();
    [last, by, times]
}

/// Version `version` of track `id`.
pub(super) fn version(id: B256, version: u64) -> TrackRecord {
    storage().tracks.versions.at(id).at(version)
}

/// Number and record of the version in force of track `id`.
pub(super) fn current<R: Read>(r: &mut R, id: B256) -> Result<Option<(u64, TrackRecord)>, R::Error> {
    let versions = storage().tracks.versions.at(id);
    let Some(last) = versions.len(r)?.checked_sub(1) else { return Ok(None) };
    let record = versions.at(last);
    Ok((record.stages.len(r)? > 0).then_some((last, record)))
}

/// When the deposit of a proposal on this version is forfeited.
pub(super) fn burn_of<R: Read>(r: &mut R, record: &TrackRecord) -> Result<Burn, R::Error> {
    Ok(match record.burn.get(r)? {
        1 => Burn::Veto,
        2 => Burn::Rejected,
        _ => Burn::Never,
    })
}

/// Where the average of participation under `rule` (by id) on `track` is kept.
pub(super) fn average(track: B256, rule: B256) -> Slot<u64> {
    storage().tracks.averages.at(track).at(rule)
}

/// What the calls of a proposal are, as bits.
pub(super) fn kinds_of(cx: &mut Context<'_>, calls: &[IAssembly::Call]) -> Result<u16> {
    let mut kinds = 0;
    for call in calls {
        kinds |= kinds_of_call(cx, call)?;
    }
    // What calls nothing is a declaration.
    Ok(if kinds == 0 { bit(CallKind::Ordinary) } else { kinds })
}

fn kinds_of_call(cx: &mut Context<'_>, call: &IAssembly::Call) -> Result<u16> {
    let selector = call.data.first_chunk::<4>().copied().unwrap_or_default();
    let by_function = match call.target {
        TREASURY if SPENDING.contains(&selector) => bit(CallKind::Budget),
        REGISTRY => by_registry(cx, selector, &call.data)?,
        CONSTITUTION if selector == amendCall::SELECTOR => by_changes(cx, &call.data)?,
        _ => 0,
    };
    // Money of the agreement itself leaves with the call.
    let by_value = if call.value.is_zero() { 0 } else { bit(CallKind::Budget) };
    let kinds = by_function | by_value;
    Ok(if kinds == 0 { bit(CallKind::Ordinary) } else { kinds })
}

/// Calls that say what money of the agreement is for.
const SPENDING: [[u8; 4]; 3] =
    [ITreasury::payCall::SELECTOR, ITreasury::moveCall::SELECTOR, ITreasury::attributeCall::SELECTOR];

fn by_registry(cx: &mut Context<'_>, selector: [u8; 4], data: &[u8]) -> Result<u16> {
    use IRegistry as sol;
    let (admission, expulsion) = (bit(CallKind::Admission), bit(CallKind::Expulsion));
    Ok(match selector {
        sol::admitCall::SELECTOR | sol::restoreCall::SELECTOR | sol::grantCall::SELECTOR => admission,
        sol::expelCall::SELECTOR | sol::suspendCall::SELECTOR | sol::revokeCall::SELECTOR => expulsion,
        // Keys decide who writes blocks in a member's name, and guests transact like members.
        sol::setNodeCall::SELECTOR | sol::setGuestCall::SELECTOR => admission | expulsion,
        // Classes seat in chambers, and weights are votes: what an amendment of the same setting is.
        sol::setWeightCall::SELECTOR | sol::setClassCall::SELECTOR => {
            let grave = match member_setting(data) {
                Some(path) => is_constitutional(&path, &sections(cx)?),
                None => true,
            };
            bit(if grave { CallKind::Constitutional } else { CallKind::Amendment })
        }
        _ => 0,
    })
}

/// The path of the charter that a `setWeight` or `setClass` stands for; `None` if it cannot be read.
fn member_setting(data: &[u8]) -> Option<Path> {
    let setting = match IRegistry::IRegistryCalls::abi_decode(data).ok()? {
        IRegistry::IRegistryCalls::setWeight(call) => {
            format!("members.{:?}.weights.{:?}", names::text(call.id), names::text(call.name))
        }
        IRegistry::IRegistryCalls::setClass(call) => format!("members.{:?}.classes", names::text(call.id)),
        _ => return None,
    };
    Path::parse(&setting).ok()
}

fn by_changes(cx: &mut Context<'_>, data: &[u8]) -> Result<u16> {
    let Ok(call) = amendCall::abi_decode(data) else { return Ok(bit(CallKind::Constitutional)) };
    let sections = sections(cx)?;
    cx.charge(PATH_GAS.saturating_mul(call.changes.len() as u64))?;
    let grave = |change: &Change| match Path::parse(&change.path) {
        Ok(path) => is_constitutional(&path, &sections),
        Err(_) => true,
    };
    let kind = |change| if grave(change) { CallKind::Constitutional } else { CallKind::Amendment };
    let kinds = |change| bit(kind(change)) | of_members(change);
    Ok(call.changes.iter().map(kinds).fold(0, |all, kinds| all | kinds))
}

/// The constitutional paths, and those that say which paths are and who judges them: a milder way to change these would be a milder
/// way to change all. None where a charter has none.
fn sections(cx: &mut Context<'_>) -> Result<Vec<Path>> {
    let named = constitutional(cx)?;
    let judges: &[&str] = if named.is_empty() { &[] } else { &JUDGES };
    let paths = named.iter().map(String::as_str).chain(judges.iter().copied());
    Ok(paths.filter_map(|path| Path::parse(path).ok()).collect())
}

/// Whether `path` is in one of `sections`, or contains one.
fn is_constitutional(path: &Path, sections: &[Path]) -> bool {
    sections.iter().any(|section| path.is_in(section) || section.is_in(path))
}

/// What a change does to members besides: an amendment that admits, expels, or gives and takes rights is judged as that too, so that
/// the charter's text is no way around the tracks for it.
fn of_members(change: &Change) -> u16 {
    let (admission, expulsion) = (bit(CallKind::Admission), bit(CallKind::Expulsion));
    let Ok(path) = Path::parse(&change.path) else { return admission | expulsion };
    let concerns_seats = match path.steps() {
        [_, _, Step::Key(key), ..] => key == "rights" || key == "kind",
        _ => true,
    };
    match change.op {
        _ if path.section() != "members" || !concerns_seats => 0,
        op if op == Op::Add as u8 => admission,
        op if op == Op::Remove as u8 => expulsion,
        _ => admission | expulsion,
    }
}

/// Paths of the charter whose amendment is constitutional.
pub(super) fn constitutional<R: Read>(r: &mut R) -> Result<Vec<String>, R::Error> {
    let list = storage().tracks.constitutional;
    (0..list.len(r)?).map(|index| list.at(index).get(r)).collect()
}

/// The track that judges calls of `kind`: its own, or that of a wider kind.
pub(super) fn of_kind<R: Read>(r: &mut R, kind: CallKind) -> Result<Option<B256>, R::Error> {
    let mut asked = Some(kind);
    while let Some(kind) = asked {
        let id = storage().tracks.by_kind.at(kind.number()).get(r)?;
        if !id.is_zero() {
            return Ok(Some(id));
        }
        asked = kind.wider();
    }
    Ok(None)
}

/// The strictest track among those of `kinds`, and its strictness; `None` if no track claims any of them.
fn required<R: Read>(r: &mut R, kinds: u16) -> Result<Option<(B256, u64)>, R::Error> {
    let mut strictest: Option<(B256, u64)> = None;
    for (_, kind) in CallKind::ALL.into_iter().filter(|(_, kind)| kinds & bit(*kind) != 0) {
        let Some(id) = of_kind(r, kind)? else { continue };
        let Some((_, record)) = current(r, id)? else { continue };
        let strictness = record.strictness.get(r)?;
        if strictest.is_none_or(|(_, highest)| strictness > highest) {
            strictest = Some((id, strictness));
        }
    }
    Ok(strictest)
}

/// A way to decide: the votes of a track, or of a chamber that stands for one, in order.
pub(super) struct Way {
    pub(super) track: B256,
    /// Chamber and rule of each; zero: the chamber's own rule.
    pub(super) votes: Vec<(B256, B256)>,
}

/// The ways to decide on an amendment of `section`, the one that has to be strict enough first: those that [`judge`] lets pass, except
/// what takes a mandate.
pub(super) fn ways_to_amend(cx: &mut Context<'_>, section: &str) -> Result<Vec<Way>> {
    let grave = match Path::parse(section) {
        Ok(path) => is_constitutional(&path, &sections(cx)?),
        Err(_) => true,
    };
    let kind = if grave { CallKind::Constitutional } else { CallKind::Amendment };
    let required = required(cx, bit(kind))?;
    let emergency = storage().tracks.by_kind.at(CallKind::Emergency.number()).get(cx)?;
    let least = required.map_or(0, |(_, strictness)| strictness);
    let mut ids = ids(cx)?;
    ids.sort_by_key(|id| required.is_none_or(|(required, _)| *id != required));
    let mut ways = Vec::new();
    for id in ids.into_iter().filter(|id| *id != emergency) {
        let Some((_, record)) = current(cx, id)? else { continue };
        if record.strictness.get(cx)? < least {
            continue;
        }
        let mut votes = Vec::new();
        for index in 0..record.stages.len(cx)? {
            let stage = record.stages.at(index);
            votes.push((stage.chamber.get(cx)?, stage.rule.get(cx)?));
        }
        ways.push(Way { track: id, votes });
    }
    if required.is_none() {
        for id in storage().chamber_ids.all(cx)? {
            ways.push(Way { track: id, votes: vec![(id, B256::ZERO)] });
        }
    }
    Ok(ways)
}

/// The version of `track` that judges a proposal of `kinds`, plus one; 0 if `track` is a chamber that stands for one.
///
/// Errors: `UnknownTrack`, `TrackTooMild`, `MandateNeeded`.
pub(super) fn judge(cx: &mut Context<'_>, track: B256, kinds: u16) -> Result<u64> {
    let required = required(cx, kinds)?;
    let Some((version, record)) = current(cx, track)? else {
        let (_, _) = rules::chamber(cx, track)?.ok_or(UnknownTrack { track })?;
        return match required {
            Some((required, _)) => Err(TrackTooMild { track, required }.into()),
            None => Ok(0),
        };
    };
    if let Some((required, strictness)) = required {
        ensure!(record.strictness.get(cx)? >= strictness, TrackTooMild { track, required });
    }
    let emergency = bit(CallKind::Emergency);
    let needs_mandate = storage().tracks.by_kind.at(CallKind::Emergency.number()).get(cx)? == track;
    ensure!(!needs_mandate || kinds & emergency != 0, MandateNeeded { track });
    Ok(version.saturating_add(1))
}

/// The charter's words for a track, as the ABI has them. `name` is in the language of the chain.
pub(crate) fn abi_of_charter(track: &Track, name: String) -> IAssembly::Track {
    let word = |id: &str| names::word(id).unwrap_or_default();
    let optional = |id: &Option<String>| id.as_deref().map(word).unwrap_or_default();
    let stage = |stage: &polity_charter::Stage| IAssembly::TrackStage {
        chamber: word(&stage.chamber),
        rule: optional(&stage.rule),
        votingSecs: stage.voting_secs.unwrap_or_default(),
        pauseSecs: stage.pause_secs,
    };
    let extension = track.extension;
    let guardian = track.guardian.as_ref();
    IAssembly::Track {
        name,
        kinds: track.kinds.iter().fold(0, |kinds, kind| kinds | bit(*kind)),
        strictness: track.strictness,
        stages: track.stages.iter().map(stage).collect(),
        sponsors: track.sponsors,
        deposit: track.deposit_wei,
        burn: match track.burn {
            Burn::Never => IAssembly::Burn::Never,
            Burn::Veto => IAssembly::Burn::Veto,
            Burn::Rejected => IAssembly::Burn::Rejected,
        },
        forfeitTo: optional(&track.forfeit_to),
        draftSecs: track.draft_secs,
        discussionSecs: track.discussion_secs,
        delaySecs: track.delay_secs.unwrap_or(u64::MAX),
        extensionLastSecs: extension.map_or(0, |e| e.last_secs),
        extensionBySecs: extension.map_or(0, |e| e.by_secs),
        extensionTimes: extension.map_or(0, |e| e.times),
        guardian: guardian.map(|guardian| word(&guardian.chamber)).unwrap_or_default(),
        guardianRule: guardian.map(|guardian| optional(&guardian.rule)).unwrap_or_default(),
        guardianUntil: guardian.map_or(0, |guardian| guardian.until_secs),
        secret: track.secret.as_ref().map(secret::of_charter).unwrap_or_default(),
    }
}

/// Writes a track: a new version, or a new track. It takes the kinds it claims from whichever track had them.
///
/// Errors: `BadName`, `InvalidTrack`, `UnknownChamber`, `UnknownRule`, `WrongBasis`, `TooMany`.
pub(crate) fn store(cx: &mut Context<'_>, id: B256, track: &IAssembly::Track) -> Result<()> {
    check(cx, id, track)?;
    let tracks = storage().tracks;
    let versions = tracks.versions.at(id);
    if versions.len(cx)? == 0 {
        ensure!(tracks.ids.len(cx)? < TRACKS_MAX as u64, too_many("tracks", TRACKS_MAX as u64));
        tracks.ids.push(cx, id)?;
    }
    let record = versions.grow(cx)?;
    record.name.set(cx, &track.name)?;
    record.kinds.set(cx, track.kinds)?;
    record.strictness.set(cx, track.strictness)?;
    for stage in &track.stages {
        let place = record.stages.grow(cx)?;
        place.chamber.set(cx, stage.chamber)?;
        place.rule.set(cx, stage.rule)?;
        place.voting_secs.set(cx, stage.votingSecs)?;
        place.pause_secs.set(cx, stage.pauseSecs)?;
    }
    record.sponsors.set(cx, track.sponsors)?;
    record.deposit.set(cx, track.deposit)?;
    record.burn.set(cx, track.burn as u8)?;
    record.forfeit_to.set(cx, track.forfeitTo)?;
    record.draft_secs.set(cx, track.draftSecs)?;
    record.discussion_secs.set(cx, track.discussionSecs)?;
    record.delay_secs.set(cx, track.delaySecs)?;
    let extension = [track.extensionLastSecs, track.extensionBySecs, track.extensionTimes, 0];
    record.extension.set(cx, U256::from_limbs(extension))?;
    record.guardian.set(cx, track.guardian)?;
    record.guardian_rule.set(cx, track.guardianRule)?;
    record.guardian_until.set(cx, track.guardianUntil)?;
    record.reveal_secs.set(cx, track.secret.revealSecs)?;
    record.unrevealed.set(cx, track.secret.unrevealed as u8)?;
    claim(cx, id, track.kinds)?;
    cx.emit(&TrackSet { id, kinds: track.kinds, strictness: track.strictness })
}

/// Removes a track; what it has opened goes on.
///
/// Errors: `UnknownTrack`.
pub(crate) fn remove(cx: &mut Context<'_>, id: B256) -> Result<()> {
    ensure!(current(cx, id)?.is_some(), UnknownTrack { track: id });
    storage().tracks.versions.at(id).grow(cx)?;
    claim(cx, id, 0)?;
    cx.emit(&TrackRemoved { id })
}

/// Sets the paths of the charter whose amendment is constitutional.
///
/// Errors: `TooMany`.
pub(crate) fn set_constitutional(cx: &mut Context<'_>, paths: &[String]) -> Result<()> {
    ensure!(paths.len() <= PATHS_MAX, too_many("constitutional paths", PATHS_MAX as u64));
    let list = storage().tracks.constitutional;
    for index in 0..list.len(cx)? {
        list.at(index).set(cx, "")?;
    }
    list.truncate(cx, 0)?;
    for path in paths {
        list.grow(cx)?.set(cx, path)?;
    }
    cx.emit(&ConstitutionalSet { paths: paths.to_vec() })
}

/// Lets `id` judge `kinds`, and no others.
fn claim(cx: &mut Context<'_>, id: B256, kinds: u16) -> Result<()> {
    for (_, kind) in CallKind::ALL {
        let judge = storage().tracks.by_kind.at(kind.number());
        if kinds & bit(kind) != 0 {
            judge.set(cx, id)?;
        } else if judge.get(cx)? == id {
            judge.set(cx, B256::ZERO)?;
        }
    }
    Ok(())
}

fn check(cx: &mut Context<'_>, id: B256, track: &IAssembly::Track) -> Result<()> {
    let wrong = |problem: &str| InvalidTrack { problem: problem.into() };
    names::check(id)?;
    ensure!((1..=NAME_BYTES_MAX).contains(&track.name.len()), wrong("its name is empty or too long"));
    ensure!(track.kinds >> CallKind::ALL.len() == 0, wrong("there is no such kind of call"));
    ensure!((1..=STAGES_MAX).contains(&track.stages.len()), too_many("stages", STAGES_MAX as u64));
    let periods = [track.draftSecs, track.discussionSecs, track.extensionLastSecs, track.extensionBySecs];
    let voting = track.stages.iter().flat_map(|stage| [stage.votingSecs, stage.pauseSecs]);
    let delay = Some(track.delaySecs).filter(|delay| *delay != u64::MAX);
    let fits = periods.into_iter().chain(voting).chain(delay).all(|secs| secs <= PERIOD_SECS_MAX);
    ensure!(fits, wrong("a period is longer than a hundred years"));
    let guardian = (!track.guardian.is_zero()).then_some((track.guardian, track.guardianRule));
    let bodies = track.stages.iter().map(|stage| (stage.chamber, stage.rule)).chain(guardian);
    for (chamber, rule) in bodies.collect::<Vec<_>>() {
        ensure!(rules::chamber(cx, chamber)?.is_some(), UnknownChamber { chamber });
        if !rule.is_zero() {
            rules::named(cx, rule, Basis::Ballots)?;
        }
    }
    Ok(())
}

/// The tracks in force.
pub(super) fn ids<R: Read>(r: &mut R) -> Result<Vec<B256>, R::Error> {
    let mut ids = Vec::new();
    for id in storage().tracks.ids.all(r)? {
        if current(r, id)?.is_some() {
            ids.push(id);
        }
    }
    Ok(ids)
}

/// The track as the ABI shows it: with the kinds it judges now.
pub(super) fn abi_of(cx: &mut Context<'_>, id: B256) -> Result<IAssembly::Track> {
    let (_, record) = current(cx, id)?.ok_or(UnknownTrack { track: id })?;
    read(cx, &record)
}

/// A version of a track.
pub(super) fn read<R: Read>(r: &mut R, record: &TrackRecord) -> Result<IAssembly::Track, R::Error> {
    let stage = |stage: TrackStageRecord, r: &mut R| {
        Ok(IAssembly::TrackStage {
            chamber: stage.chamber.get(r)?,
            rule: stage.rule.get(r)?,
            votingSecs: stage.voting_secs.get(r)?,
            pauseSecs: stage.pause_secs.get(r)?,
        })
    };
    let stages = (0..record.stages.len(r)?).map(|index| stage(record.stages.at(index), r));
    let stages = stages.collect::<Result<_, R::Error>>()?;
    let [last, by, times] = extension_of(record.extension.get(r)?);
    Ok(IAssembly::Track {
        name: record.name.get(r)?,
        kinds: record.kinds.get(r)?,
        strictness: record.strictness.get(r)?,
        stages,
        sponsors: record.sponsors.get(r)?,
        deposit: record.deposit.get(r)?,
        burn: IAssembly::Burn::try_from(record.burn.get(r)?).unwrap_or(IAssembly::Burn::Never),
        forfeitTo: record.forfeit_to.get(r)?,
        draftSecs: record.draft_secs.get(r)?,
        discussionSecs: record.discussion_secs.get(r)?,
        delaySecs: record.delay_secs.get(r)?,
        extensionLastSecs: last,
        extensionBySecs: by,
        extensionTimes: times,
        guardian: record.guardian.get(r)?,
        guardianRule: record.guardian_rule.get(r)?,
        guardianUntil: record.guardian_until.get(r)?,
        secret: IAssembly::Secrecy {
            revealSecs: record.reveal_secs.get(r)?,
            unrevealed: Choice::try_from(record.unrevealed.get(r)?).unwrap_or(Choice::None),
        },
    })
}
