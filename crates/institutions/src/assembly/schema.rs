//! Where everything lies in the assembly's storage.
//!
//! Records that others freeze are never overwritten: a rule's text lies under its hash, and a chamber is a list of versions,
//! so a proposal that names a hash and a version keeps what it opened with.

use alloy_primitives::{Address, B256, U256};
use polity_primitives::ASSEMBLY;

use crate::{
    agenda::Agenda,
    assembly::delegation::{Delegations, FlowRecord},
    assembly::seats::{SeatingRecord, Seats},
    assembly::tracks::Tracks,
    host::Slots,
    layout,
    storage::{Blob, List, Map, Place, Slot, Text, View},
};

layout! {
    /// The whole storage.
    pub(super) struct Storage {
        pub(super) agenda: Agenda,
        pub(super) treaty_ids: List<Slot<B256>>,
        pub(super) treaties: Map<B256, TreatyRecord>,
        pub(super) instrument_count: Slot<u64>,
        /// From 1.
        pub(super) instruments: Map<u64, InstrumentRecord>,
        pub(super) text_count: Slot<u64>,
        /// From 1.
        pub(super) texts: Map<u64, TextRecord>,
        pub(super) authority_ids: List<Slot<B256>>,
        pub(super) authorities: Map<B256, AuthorityRecord>,
        /// The authority a member acts for.
        pub(super) acts_for: Map<B256, Slot<B256>>,
        /// The authority an account that is no member's acts for.
        pub(super) account_acts_for: Map<Address, Slot<B256>>,
        pub(super) mandate_count: Slot<u64>,
        /// From 1.
        pub(super) mandates: Map<u64, MandateRecord>,
        pub(super) proposal_count: Slot<u64>,
        /// From 1.
        pub(super) proposals: Map<u64, ProposalRecord>,
        /// Open proposals by proposer.
        pub(super) open_by: Map<B256, Slot<u64>>,
        pub(super) rule_ids: List<Slot<B256>>,
        /// Hash of the present text of each rule.
        pub(super) rules: Map<B256, Slot<B256>>,
        pub(super) rule_texts: Map<B256, Text>,
        pub(super) chamber_ids: List<Slot<B256>>,
        /// Versions, the last one in force.
        pub(super) chambers: Map<B256, List<ChamberRecord>>,
        pub(super) seats: Seats,
        pub(super) tracks: Tracks,
        pub(super) delegations: Delegations,
    }
}

layout! {
    /// A treaty.
    pub(super) struct TreatyRecord {
        /// Place in the list of treaties, plus one; 0: no such treaty.
        pub(super) number: Slot<u64>,
        pub(super) name: Text,
        pub(super) rule: Slot<B256>,
        pub(super) kinds: Slot<u16>,
        /// Height whose weights count.
        pub(super) opened_height: Slot<u64>,
        pub(super) deposits: Slot<u64>,
        pub(super) decided_on: Slot<u64>,
        pub(super) effective_on: Slot<u64>,
        pub(super) in_force_since: Slot<u64>,
        /// Over the instruments deposited now.
        pub(super) tally: List<Slot<U256>>,
        /// Over those of the day on which the rule was met.
        pub(super) decided_tally: List<Slot<U256>>,
        pub(super) parties: Map<B256, PartyRecord>,
        /// Final clauses, packed.
        pub(super) clauses: Slot<U256>,
        /// Its own rule is one of silence: it takes no instruments.
        pub(super) by_silence: Slot<bool>,
        /// Id of the rule by which notified texts bind; 0: none can be notified.
        pub(super) amendments: Slot<B256>,
        /// The proposal whose amendment opened it; 0: the founding charter.
        pub(super) proposal: Slot<u64>,
    }
}

layout! {
    /// A text that binds by silence.
    pub(super) struct TextRecord {
        pub(super) treaty: Slot<B256>,
        pub(super) title: Text,
        pub(super) uri: Text,
        pub(super) document: Slot<B256>,
        pub(super) rule: Slot<B256>,
        pub(super) status: Slot<u8>,
        pub(super) notified_on: Slot<u64>,
        /// Height whose members and weights count.
        pub(super) height: Slot<u64>,
        /// How many of the registry's list were looked at.
        pub(super) counted: Slot<u64>,
        pub(super) members: Slot<u64>,
        pub(super) rejected: Slot<u64>,
        pub(super) decided_on: Slot<u64>,
        pub(super) tally: List<Slot<U256>>,
        pub(super) terms: List<TermRecord>,
        /// Number of each member's term, plus one; 0: the text cannot bind it.
        pub(super) bound: Map<B256, Slot<u64>>,
        /// Number of each member's standing rejection.
        pub(super) rejections: Map<B256, Slot<u64>>,
        /// When a member took its rejection back.
        pub(super) accepted: Map<B256, Slot<u64>>,
        /// The proposal that adopted it.
        pub(super) proposal: Slot<u64>,
    }
}

layout! {
    /// The days of the members of one term.
    pub(super) struct TermRecord {
        /// Last day to reject.
        pub(super) last_day: Slot<u64>,
        pub(super) effective_on: Slot<u64>,
        /// What its silent members weigh together.
        pub(super) silent: List<Slot<U256>>,
        pub(super) ended: Slot<bool>,
        /// Its entry into force was told.
        pub(super) told: Slot<bool>,
    }
}

layout! {
    /// A member under a treaty.
    pub(super) struct PartyRecord {
        /// Date of the deposit that counts; 0: none.
        pub(super) date: Slot<u64>,
        /// Height whose weights it counts with.
        pub(super) height: Slot<u64>,
        /// Number of that instrument.
        pub(super) deposit: Slot<u64>,
        /// Number of the withdrawal whose notice runs; 0: none.
        pub(super) notice: Slot<u64>,
        /// Number of the signature; 0: none.
        pub(super) signature: Slot<u64>,
        /// Numbers of all its instruments.
        pub(super) acts: List<Slot<u64>>,
    }
}

layout! {
    /// An instrument.
    pub(super) struct InstrumentRecord {
        /// Kind and dates, packed.
        pub(super) head: Slot<U256>,
        pub(super) treaty: Slot<B256>,
        pub(super) member: Slot<B256>,
        /// Number of the instrument it is about; 0: none.
        pub(super) subject: Slot<u64>,
        pub(super) text: Text,
        pub(super) document: Slot<B256>,
        /// Objections to it, if it is a reservation.
        pub(super) objections: List<Slot<u64>>,
        /// Number of each member's standing objection.
        pub(super) objected_by: Map<B256, Slot<u64>>,
    }
}

layout! {
    /// An authority from outside.
    pub(super) struct AuthorityRecord {
        pub(super) name: Text,
        /// Who acts for it: a member …
        pub(super) member: Slot<B256>,
        /// … or an account.
        pub(super) account: Slot<Address>,
        /// Whose mandates it records; empty: anybody's.
        pub(super) issuer: Text,
        /// Bit i: may open proposals of the kind with number i.
        pub(super) opens: Slot<u16>,
    }
}

layout! {
    /// A mandate.
    pub(super) struct MandateRecord {
        pub(super) authority: Slot<B256>,
        pub(super) title: Text,
        pub(super) issuer: Text,
        pub(super) uri: Text,
        pub(super) document: Slot<B256>,
        pub(super) recorded_at: Slot<u64>,
        /// Proposals opened under it.
        pub(super) uses: List<Slot<u64>>,
    }
}

layout! {
    /// One version of a chamber.
    pub(super) struct ChamberRecord {
        pub(super) name: Text,
        pub(super) kinds: Slot<u16>,
        pub(super) classes: List<Slot<B256>>,
        pub(super) members: List<Slot<B256>>,
        pub(super) rule: Slot<B256>,
        pub(super) voting_secs: Slot<u64>,
        pub(super) delay_secs: Slot<u64>,
        pub(super) seating: SeatingRecord,
        /// 0: ballots are not secret.
        pub(super) reveal_secs: Slot<u64>,
        pub(super) unrevealed: Slot<u8>,
    }
}

layout! {
    /// A proposal.
    pub(super) struct ProposalRecord {
        pub(super) status: Slot<u8>,
        /// A track, or a chamber that stands for one.
        pub(super) track: Slot<B256>,
        /// Version of the track when it was proposed, plus one: what it asks of a draft. 0: a chamber stands for one.
        pub(super) terms: Slot<u64>,
        /// Kinds of its calls, as bits.
        pub(super) kinds: Slot<u16>,
        /// A member, or the authority that opened it with an account of its own.
        pub(super) proposer: Slot<B256>,
        /// The mandate it was opened under; 0: none. With one it is of kind emergency, whatever its calls.
        pub(super) mandate: Slot<u64>,
        pub(super) payload_hash: Slot<B256>,
        pub(super) proposed_at: Slot<u64>,
        /// When the present step ends; 0: it has no end.
        pub(super) deadline: Slot<u64>,
        pub(super) electorate_height: Slot<u64>,
        pub(super) opened_at: Slot<u64>,
        /// From the adoption until the calls. Units: seconds.
        pub(super) delay_secs: Slot<u64>,
        pub(super) concluded_at: Slot<u64>,
        pub(super) executes_at: Slot<u64>,
        pub(super) finished_at: Slot<u64>,
        pub(super) title: Text,
        /// `abi.encode(Call[])`.
        pub(super) payload: Blob,
        pub(super) code_hashes: List<Slot<B256>>,
        pub(super) draft: DraftRecord,
        /// Members looked at so far, and to be looked at, over all votes, while the electorates are counted.
        pub(super) counted: Slot<u64>,
        pub(super) countable: Slot<u64>,
        /// What a late ballot does: seconds before the close, seconds added, times; 64 bits each. 0: nothing.
        pub(super) extension: Slot<U256>,
        /// The vote on cancelling; no chamber: there is none.
        pub(super) guardian: StageRecord,
        pub(super) guardian_until: Slot<u64>,
        /// Number of the present stage.
        pub(super) stage: Slot<u64>,
        /// Written at the opening.
        pub(super) stages: List<StageRecord>,
        pub(super) reason: Blob,
    }
}

layout! {
    /// What a draft waits for.
    pub(super) struct DraftRecord {
        pub(super) sponsors_needed: Slot<u64>,
        pub(super) sponsors: List<Slot<B256>>,
        /// Place of each sponsor in the list, plus one.
        pub(super) places: Map<B256, Slot<u64>>,
        pub(super) deposit_needed: Slot<U256>,
        /// Money held now, and whose.
        pub(super) held: Slot<U256>,
        pub(super) depositor: Slot<Address>,
    }
}

layout! {
    /// One vote of a proposal: what it opened with, and what was cast.
    pub(super) struct StageRecord {
        pub(super) chamber: Slot<B256>,
        pub(super) chamber_version: Slot<u64>,
        /// Hash of the rule's text.
        pub(super) rule: Slot<B256>,
        /// Average of participation its moving quorum follows, in 10,000ths, plus one; 0: the rule's start.
        pub(super) average: Slot<u64>,
        pub(super) voting_secs: Slot<u64>,
        /// Before it. Units: seconds.
        pub(super) pause_secs: Slot<u64>,
        /// How many members it counts.
        pub(super) voters: Slot<u64>,
        pub(super) opens_at: Slot<u64>,
        pub(super) closes_at: Slot<u64>,
        pub(super) concluded_at: Slot<u64>,
        pub(super) adopted: Slot<bool>,
        pub(super) extensions: Slot<u64>,
        pub(super) report_hash: Slot<B256>,
        pub(super) tally: List<Slot<U256>>,
        /// Ballot of each member; 0: none. See [`super::ballot::Cast`].
        pub(super) ballots: Map<B256, Slot<U256>>,
        /// Members that ever cast a ballot which uses a veto, each once.
        pub(super) objectors: List<Slot<B256>>,
        pub(super) objected: Map<B256, Slot<bool>>,
        pub(super) flow: FlowRecord,
        /// 0: ballots are not sealed.
        pub(super) reveal_secs: Slot<u64>,
        pub(super) unrevealed: Slot<u8>,
        pub(super) commitments: Map<B256, Slot<B256>>,
        pub(super) revealed: Map<B256, Slot<bool>>,
    }
}

/// The storage.
pub(super) fn storage() -> Storage {
    Storage::place(U256::ZERO)
}

/// A free view of it.
pub(super) fn view(slots: &dyn Slots) -> View<'_> {
    View::new(slots, ASSEMBLY)
}
