//! What the chain will do by itself, in words: each entry of the agenda with what it is about.
//!
//! Rule kept: an entry says what happens and to what, as far as storage tells today; nobody has to know what a kind of entry means.

use super::{
    depositary::views::instrument,
    payload::money,
    schema::{storage, view},
    seats::{Turn, turn_of, unbonding},
    views::agenda_entries,
};
use crate::{
    agenda::{Due, Entry},
    articles,
    host::Slots,
    names,
};

/// An entry of the agenda.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgendaView {
    /// When, and what.
    pub entry: Entry,
    /// The chamber it is about, by id.
    pub chamber: Option<String>,
    /// The treaty it is about, by id.
    pub treaty: Option<String>,
    /// The member it is about, by id.
    pub member: Option<String>,
    /// What happens, as a sentence without its full stop.
    pub text: String,
}

impl AgendaView {
    fn of(entry: Entry, text: String) -> Self {
        Self { entry, chamber: None, treaty: None, member: None, text }
    }
}

/// The first `count` entries, earliest first, and how many there are. Amounts are said in units of the currency `symbol`.
///
/// Bounds: a few slots an entry besides the queue itself.
#[must_use]
pub fn agenda_in_words(slots: &dyn Slots, count: usize, symbol: &str) -> (usize, Vec<AgendaView>) {
    let entries = agenda_entries(slots);
    let total = entries.len();
    (total, entries.into_iter().take(count).map(|entry| in_words(slots, entry, symbol)).collect())
}

fn in_words(slots: &dyn Slots, entry: Entry, symbol: &str) -> AgendaView {
    let plain = |text: String| AgendaView::of(entry, text);
    match entry.due {
        Due::Conclude(id) => plain(format!("the vote on proposal {id} ends and its outcome is established")),
        Due::Enact(id) => plain(format!("what proposal {id} decided is carried out")),
        Due::Resume(id) => plain(format!("the next vote on proposal {id} begins")),
        Due::Lapse(id) => plain(format!("draft {id} lapses, unless it has its sponsors and its deposit")),
        Due::Open(id) => plain(format!("the discussion of proposal {id} ends and it opens")),
        Due::Prepare(id) => plain(format!("more members of the electorate of proposal {id} are counted")),
        Due::Turn(number) => of_turn(slots, entry, number),
        Due::Release(id) => of_release(slots, entry, id, symbol),
        Due::EnterIntoForce(index) => of_treaty(slots, entry, index),
        Due::TakeEffect(id) => of_instrument(slots, entry, id),
        Due::Text(id) => of_text(slots, entry, id),
        Due::Judge(number) => plain(articles::on_agenda(slots, number)),
        Due::Settle(id) => of_settlement(slots, entry, id),
    }
}

fn of_settlement(slots: &dyn Slots, entry: Entry, id: u64) -> AgendaView {
    let Some(found) = articles::settlement(slots, id) else {
        return AgendaView::of(entry, format!("settlement {id} becomes final"));
    };
    let text = format!(
        "settlement {id} becomes final: article {}, {}, period {}",
        found.article, found.member, found.period
    );
    AgendaView { member: Some(found.member), ..AgendaView::of(entry, text) }
}

fn of_turn(slots: &dyn Slots, entry: Entry, number: u64) -> AgendaView {
    let Some((chamber, turn)) = turn_of(slots, number) else {
        return AgendaView::of(entry, format!("the seats of chamber number {number} are looked at"));
    };
    let text = match turn {
        Turn::ElectionOpens => {
            format!("an election of {chamber} opens: members stand, and ballots are taken")
        }
        Turn::ElectionCloses => format!("the election of {chamber} closes and its seats are filled"),
        Turn::LotsBegin => format!("lots are drawn for the seats of {chamber}"),
        Turn::LotsGoOn => format!("lots for {chamber} are drawn on, and its seats filled"),
        Turn::Nothing => format!("nothing: {chamber} is not elected or drawn any more"),
    };
    AgendaView { chamber: Some(chamber), ..AgendaView::of(entry, text) }
}

fn of_release(slots: &dyn Slots, entry: Entry, id: u64, symbol: &str) -> AgendaView {
    let (chamber, member, amount) = unbonding(slots, id);
    let text = format!("{} that {member} unbonded from {chamber} are paid back", money(amount, symbol));
    AgendaView { chamber: Some(chamber), member: Some(member), ..AgendaView::of(entry, text) }
}

fn of_treaty(slots: &dyn Slots, entry: Entry, index: u64) -> AgendaView {
    let Ok(id) = storage().treaty_ids.at(index).get(&mut view(slots));
    let treaty = names::text(id);
    let text = format!("the treaty {treaty} enters into force");
    AgendaView { treaty: Some(treaty), ..AgendaView::of(entry, text) }
}

fn of_instrument(slots: &dyn Slots, entry: Entry, id: u64) -> AgendaView {
    let Some(found) = instrument(slots, id) else {
        return AgendaView::of(entry, format!("instrument {id} takes effect"));
    };
    let (treaty, member) = (found.treaty, found.member);
    let text = match found.kind {
        super::InstrumentKind::Withdrawal => {
            format!("the withdrawal of {member} from {treaty} takes effect (instrument {id})")
        }
        kind => format!("{treaty} enters into force for {member} ({}, instrument {id})", kind.as_str()),
    };
    AgendaView { treaty: Some(treaty), member: Some(member), ..AgendaView::of(entry, text) }
}

fn of_text(slots: &dyn Slots, entry: Entry, id: u64) -> AgendaView {
    let mut view = view(slots);
    let record = storage().texts.at(id);
    let (Ok(treaty), Ok(status)) = (record.treaty.get(&mut view), record.status.get(&mut view));
    let treaty = names::text(treaty);
    let text = match super::TextStatus::try_from(status) {
        Ok(super::TextStatus::Counting) => {
            format!("more members that text {id} of {treaty} can bind are counted")
        }
        Ok(super::TextStatus::Open) => {
            format!("the time to reject text {id} of {treaty} ends for some, and their silence consents")
        }
        _ => format!("text {id} of {treaty} enters into force for those it binds"),
    };
    AgendaView { treaty: Some(treaty), ..AgendaView::of(entry, text) }
}
