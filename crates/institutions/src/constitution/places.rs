//! Places in lists: `limb[1]` is whatever stands there when the change is made.
//!
//! Rule kept: an amendment changes what its voters saw. A proposal that names an element by its place does not do so any more once
//! another amendment has changed that list, or something around it, since the proposal opened: then it fails, and says which.
//! Elements that are named by a key need no such care: a key means the same, or is not there.

use polity_charter::{Change, Path, Step};
use polity_primitives::ASSEMBLY;

use super::{Constitution, changes_of, judge::invalid};
use crate::{
    assembly,
    context::{Context, Result},
};

/// Gas of reading a path and comparing it with another.
const PATH_GAS: u64 = 500;

/// Refuses `changes` of `proposal` if a list into which they count was changed since it opened.
///
/// Errors: `InvalidAmendment`. Gas: nothing without a place in a list; else the changes of every version since.
pub(super) fn kept(
    constitution: &Constitution,
    cx: &mut Context<'_>,
    proposal: u64,
    changes: &[Change],
) -> Result<()> {
    let lists: Vec<Vec<Step>> = changes.iter().flat_map(|change| lists(&change.path)).collect();
    if lists.is_empty() || proposal == 0 {
        return Ok(());
    }
    let opened = assembly::electorate_height(&mut cx.storage_of(ASSEMBLY), proposal)?;
    let Some(opened) = opened else { return Ok(()) };
    for number in (0..constitution.versions.len(cx)?).rev() {
        let version = constitution.versions.at(number);
        if version.height.get(cx)? <= opened {
            break;
        }
        for later in changes_of(&version.changes(cx)?)? {
            cx.charge(PATH_GAS.saturating_mul(lists.len() as u64))?;
            let Ok(path) = Path::parse(&later.path) else { continue };
            if let Some(list) = lists.iter().find(|list| overlap(list, path.steps())) {
                return Err(invalid(&format!(
                    "{}: version {number} of the charter changed this list since the proposal opened, so its \
                     places are not those that were voted on; propose the change again",
                    text(list)
                )));
            }
        }
    }
    Ok(())
}

/// The lists that `path` counts into.
fn lists(path: &str) -> Vec<Vec<Step>> {
    let Ok(path) = Path::parse(path) else { return Vec::new() };
    let places = path.steps().iter().enumerate().filter(|(_, step)| matches!(step, Step::Index(_)));
    places.filter_map(|(at, _)| path.steps().get(..at).map(<[Step]>::to_vec)).collect()
}

/// Whether one of them is the other, or contains it.
fn overlap(one: &[Step], other: &[Step]) -> bool {
    one.starts_with(other) || other.starts_with(one)
}

/// The path for people.
fn text(steps: &[Step]) -> String {
    let words = steps.iter().map(|step| match step {
        Step::Key(key) => key.clone(),
        Step::Index(index) => format!("[{index}]"),
    });
    words.collect::<Vec<_>>().join(".")
}
