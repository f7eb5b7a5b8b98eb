//! The registry: who is a member, of which kind and classes, with which rights, weights and keys.
//!
//! Rule kept: at every moment one account acts for one member and one consensus key votes for one member; a key once used
//! belongs to its member for ever, so nobody can inherit another's past. Whatever rules and chambers count by (status,
//! rights, classes, weights) is kept by height, so an electorate can be read as it was when a proposal opened.
//!
//! Here: storage schema, the way from the ABI to the functions, and the functions that write. [`record`](MemberRecord) says
//! what a stored member means, `read` answers questions: metered to institutions, and through `views` to those outside.

mod amend;
mod read;
mod record;
mod steps;
mod views;

use alloy_json_abi::JsonAbi;
use alloy_primitives::{Address, B256, Bytes, U256};
pub use polity_charter::STAKE_SCALE;
use polity_charter::{Rights, STAKE};
use polity_constitution::MEMBERS_MAX;
use polity_primitives::{AGREEMENT, ASSEMBLY, REGISTRY};

pub use record::{CLASSES_MAX, Elector, Filter, MemberRecord, Standing, Status};
pub(crate) use steps::Going;
use steps::too_many;
pub use views::{
    Validator, is_guest, may_transact, member, member_of, members, rights_at, scales, status_at, validators,
    voters_at,
};

use crate::{
    assembly,
    context::{Context, Result, returns, void},
    directory::{Institution, may_hold_keys},
    ensure, layout, names,
    storage::{History, List, Map, Place, Slot, Text},
};

#[expect(missing_docs, reason = "generated; the .sol file is the documentation")]
mod abi {
    alloy_sol_types::sol!(
        #![sol(abi)]
        "src/registry/IRegistry.sol"
    );
}
use IRegistry as sol;
pub use abi::IRegistry::{
    self, Admission, AlreadyMember, ConsensusKeyTaken, IRegistryCalls, NoValidatorLeft, PeerKeyTaken,
    UnknownMember, WrongStatus,
};

/// Longest full name of a member. Units: bytes.
pub const NAME_BYTES_MAX: usize = 128;
/// Names of weights there can be.
pub const WEIGHTS_MAX: u64 = 64;
/// Rights there are.
const RIGHTS_ALL: u16 = 0xff;
/// Gas of turning a compressed key into an address: a square root in the field, as in `ecrecover`.
const KEY_GAS: u64 = 3_000;

layout! {
    /// Storage of the registry, from slot 0.
    pub struct Registry {
        ids: List<Slot<B256>>,
        members: Map<B256, Member>,
        /// Every account a member ever acted with.
        accounts: Map<Address, Slot<B256>>,
        /// Every consensus address a member ever had.
        consensus: Map<Address, Slot<B256>>,
        /// Every peer key a member ever had.
        peers: Map<B256, Slot<B256>>,
        /// Present members with a node.
        nodes: List<Slot<B256>>,
        /// Rights by number of the kind.
        kinds: Map<u8, History>,
        class_names: List<Slot<B256>>,
        /// Number of a class, plus one.
        class_numbers: Map<B256, Slot<u64>>,
        weight_names: List<Slot<B256>>,
        /// Scale of a weight; 0 for a name not known.
        weight_scales: Map<B256, Slot<u128>>,
        /// How many present members have this recovery account.
        recoveries: Map<Address, Slot<u64>>,
        guests: Map<Address, Slot<bool>>,
        /// Height of the block in which a member gave a consensus key up; 0 while it is in use.
        retired: Map<Address, Slot<u64>>,
        /// Height of the block since which a node has this peer key; 0 since the founding.
        peers_since: Map<B256, Slot<u64>>,
    }
}

layout! {
    /// Storage of one member.
    struct Member {
        standing: History,
        account: Slot<Address>,
        recovery: Slot<Address>,
        name: Text,
        consensus: Slot<Address>,
        /// First byte of the compressed consensus key, 2 or 3.
        key_prefix: Slot<u8>,
        key_x: Slot<B256>,
        peer: Slot<B256>,
        /// Position in `nodes`, plus one.
        node_number: Slot<u64>,
        weights: Map<B256, History>,
    }
}

/// The scale of a weight that nobody has named yet.
fn scale_of_new(name: B256) -> u128 {
    if name == B256::right_padding_from(STAKE.as_bytes()) { STAKE_SCALE } else { 1 }
}

/// The registry's storage.
#[must_use]
pub fn registry() -> Registry {
    Registry::place(U256::ZERO)
}

impl Institution for Registry {
    const ADDRESS: Address = REGISTRY;
    type Calls = IRegistryCalls;

    fn abi() -> JsonAbi {
        IRegistry::abi::contract()
    }

    fn dispatch(cx: &mut Context<'_>, call: IRegistryCalls) -> Result<Bytes> {
        use IRegistryCalls as C;
        let registry = registry();
        match call {
            C::admit(c) => registry.admit(cx, &c.admission).map(void),
            C::suspend(c) => registry.suspend(cx, c.id).map(void),
            C::restore(c) => registry.restore(cx, c.id).map(void),
            C::expel(c) => registry.expel(cx, c.id).map(void),
            C::grant(c) => registry.grant(cx, c.id, c.rights).map(void),
            C::revoke(c) => registry.revoke(cx, c.id, c.rights).map(void),
            C::setWeight(c) => registry.set_weight(cx, c.id, c.name, c.value).map(void),
            C::setClass(c) => registry.set_class(cx, c.id, c.class, c.belongs).map(void),
            C::setGuest(c) => registry.set_guest(cx, c.account, c.welcome).map(void),
            C::setNode(c) => registry.set_node(cx, c.id, &c.consensusKey, c.peerKey).map(void),
            C::resign(_) => registry.resign(cx).map(void),
            C::rotateKey(c) => registry.rotate_key(cx, c.id, c.account, c.recovery).map(void),
            C::memberCount(_) => Ok(returns::<sol::memberCountCall>(&U256::from(registry.ids.len(cx)?))),
            C::memberIds(c) => Ok(returns::<sol::memberIdsCall>(&registry.ids_from(cx, c.from, c.count)?)),
            C::member(c) => Ok(returns::<sol::memberCall>(&registry.member_sol(cx, c.id)?)),
            C::memberOf(c) => Ok(returns::<sol::memberOfCall>(&registry.member_of(cx, c.account)?)),
            C::memberOfNode(c) => {
                Ok(returns::<sol::memberOfNodeCall>(&registry.member_of_node(cx, c.consensus)?))
            }
            C::statusOf(c) => {
                Ok(returns::<sol::statusOfCall>(&registry.standing(cx, c.id, u64::MAX)?.status.into()))
            }
            C::statusAt(c) => {
                Ok(returns::<sol::statusAtCall>(&registry.standing(cx, c.id, c.height)?.status.into()))
            }
            C::rightsOf(c) => Ok(returns::<sol::rightsOfCall>(&registry.rights(cx, c.id, u64::MAX)?.0)),
            C::rightsAt(c) => Ok(returns::<sol::rightsAtCall>(&registry.rights(cx, c.id, c.height)?.0)),
            C::hasRights(c) => {
                let id = registry.member_of(cx, c.account)?;
                let has = !id.is_zero() && registry.rights(cx, id, u64::MAX)?.contains(Rights(c.rights));
                Ok(returns::<sol::hasRightsCall>(&has))
            }
            C::weightOf(c) => {
                Ok(returns::<sol::weightOfCall>(&registry.weight(cx, c.id, c.name, u64::MAX)?))
            }
            C::weightAt(c) => Ok(returns::<sol::weightAtCall>(&registry.weight(cx, c.id, c.name, c.height)?)),
            C::kindRights(c) => {
                Ok(returns::<sol::kindRightsCall>(&registry.kind_rights(cx, c.kind as u8, u64::MAX)?.0))
            }
            C::classNames(_) => Ok(returns::<sol::classNamesCall>(&registry.class_names.all(cx)?)),
            C::weightNames(_) => Ok(returns::<sol::weightNamesCall>(&registry.weight_names.all(cx)?)),
            C::weightScale(c) => {
                Ok(returns::<sol::weightScaleCall>(&registry.weight_scales.at(c.name).get(cx)?))
            }
            C::isGuest(c) => Ok(returns::<sol::isGuestCall>(&registry.guests.at(c.account).get(cx)?)),
            C::validators(_) => Ok(returns::<sol::validatorsCall>(&registry.validators_sol(cx)?)),
        }
    }
}

/// By decision of the members.
impl Registry {
    /// Admits a member, or readmits one that left or was expelled.
    ///
    /// Errors: `AlreadyMember`, `IdTaken`, `TooMany`, `AccountTaken`, `BadAccount`, `BadRights`, `BadMemberName`, those of
    /// [`Self::set_node`]. Source: README §Admission.
    fn admit(&self, cx: &mut Context<'_>, admission: &Admission) -> Result<()> {
        cx.by_decision()?;
        let id = admission.id;
        names::check(id)?;
        ensure!((1..=NAME_BYTES_MAX).contains(&admission.name.len()), sol::BadMemberName {});
        ensure!(admission.rights <= RIGHTS_ALL, sol::BadRights { rights: admission.rights });
        let before = self.standing(cx, id, u64::MAX)?;
        ensure!(!before.status.is_present(), AlreadyMember { id });
        if before.status == Status::Unknown {
            // A proposal names its proposer, a member or an authority, by id.
            ensure!(!assembly::is_authority(&mut cx.storage_of(ASSEMBLY), id)?, sol::IdTaken { id });
            let max = MEMBERS_MAX as u64;
            ensure!(self.ids.len(cx)? < max, too_many("members", max));
            self.ids.push(cx, id)?;
        }
        let member = self.members.at(id);
        member.name.set(cx, &admission.name)?;
        self.set_account(cx, id, admission.account)?;
        self.set_recovery(cx, id, admission.recovery)?;
        let mut standing = Standing {
            status: Status::Active,
            kind: admission.kind as u8,
            granted: Rights(admission.rights),
            revoked: Rights::NONE,
            classes: 0,
        };
        for class in &admission.classes {
            standing.classes |= self.class_bit(cx, *class)?;
        }
        self.set_standing(cx, id, standing)?;
        cx.emit(&sol::MemberAdmitted {
            id,
            account: admission.account,
            kind: admission.kind,
            name: admission.name.clone(),
        })?;
        if admission.rights != 0 {
            cx.emit(&sol::RightsGranted { id, rights: admission.rights })?;
        }
        for class in &admission.classes {
            cx.emit(&sol::ClassSet { id, class: *class, belongs: true })?;
        }
        if before.status != Status::Unknown {
            let now = cx.block().height;
            for name in self.weight_names.all(cx)? {
                member.weights.at(name).set(cx, now, U256::ZERO)?;
            }
        }
        for weight in &admission.weights {
            self.put_weight(cx, id, weight.name, weight.value)?;
        }
        if admission.consensusKey.is_empty() && admission.peerKey.is_zero() {
            return Ok(());
        }
        self.put_node(cx, id, &admission.consensusKey, admission.peerKey)
    }

    /// Suspends an active member. Errors: `WrongStatus`, `NoValidatorLeft`, `NoVoterLeft`, `NoProposerLeft`.
    fn suspend(&self, cx: &mut Context<'_>, id: B256) -> Result<()> {
        cx.by_decision()?;
        let before = self.going_with(cx, id)?;
        self.change_status(cx, id, &[Status::Active], Status::Suspended)?;
        cx.emit(&sol::MemberSuspended { id })?;
        self.keep_going(cx, before)
    }

    /// Restores a suspended member. Errors: `WrongStatus`.
    fn restore(&self, cx: &mut Context<'_>, id: B256) -> Result<()> {
        cx.by_decision()?;
        self.change_status(cx, id, &[Status::Suspended], Status::Active)?;
        cx.emit(&sol::MemberRestored { id })
    }

    /// Expels a member. Errors: `WrongStatus`, `NoValidatorLeft`, `NoVoterLeft`, `NoProposerLeft`.
    fn expel(&self, cx: &mut Context<'_>, id: B256) -> Result<()> {
        cx.by_decision()?;
        let before = self.going_with(cx, id)?;
        self.send_away(cx, id)?;
        self.keep_going(cx, before)
    }

    /// Gives rights by name. Errors: `WrongStatus`, `BadRights`.
    fn grant(&self, cx: &mut Context<'_>, id: B256, rights: u16) -> Result<()> {
        let mut standing = self.rights_change(cx, id, rights)?;
        standing.granted = standing.granted.union(Rights(rights));
        standing.revoked = standing.revoked.without(Rights(rights));
        self.set_standing(cx, id, standing)?;
        cx.emit(&sol::RightsGranted { id, rights })
    }

    /// Takes rights by name. Errors: `WrongStatus`, `BadRights`, `NoValidatorLeft`, `NoVoterLeft`, `NoProposerLeft`.
    fn revoke(&self, cx: &mut Context<'_>, id: B256, rights: u16) -> Result<()> {
        let before = self.going_with(cx, id)?;
        let mut standing = self.rights_change(cx, id, rights)?;
        standing.granted = standing.granted.without(Rights(rights));
        standing.revoked = standing.revoked.union(Rights(rights));
        self.set_standing(cx, id, standing)?;
        cx.emit(&sol::RightsRevoked { id, rights })?;
        self.keep_going(cx, before)
    }

    /// Sets a weight. Errors: `WrongStatus`, `BadName`, `TooMany` (also for a weight that is too large).
    fn set_weight(&self, cx: &mut Context<'_>, id: B256, name: B256, value: u128) -> Result<()> {
        cx.by_decision()?;
        self.present(cx, id)?;
        self.put_weight(cx, id, name, value)
    }

    /// Puts a member into a class, or takes it out. Errors: `WrongStatus`, `BadName`, `TooMany`,
    /// `NoVoterLeft`.
    fn set_class(&self, cx: &mut Context<'_>, id: B256, class: B256, belongs: bool) -> Result<()> {
        cx.by_decision()?;
        self.amend_class(cx, id, class, belongs)?;
        if belongs { Ok(()) } else { self.keep_voting(cx) }
    }

    /// Lets an account that is no member transact where only members may. Errors: `BadAccount`.
    fn set_guest(&self, cx: &mut Context<'_>, account: Address, welcome: bool) -> Result<()> {
        cx.by_decision()?;
        ensure!(may_hold_keys(account), sol::BadAccount { account });
        self.guests.at(account).set(cx, welcome)?;
        cx.emit(&sol::GuestSet { account, welcome })
    }
}

/// By the member itself.
impl Registry {
    /// Sets or removes the keys of a member's node; by the member or by decision.
    ///
    /// Errors: `WrongStatus`, `NotTheMember`, `BadNodeKeys`, `ConsensusKeyTaken`, `PeerKeyTaken`, `NoValidatorLeft`.
    fn set_node(&self, cx: &mut Context<'_>, id: B256, consensus_key: &[u8], peer: B256) -> Result<()> {
        self.present(cx, id)?;
        let caller = cx.caller();
        let own = self.members.at(id).account.get(cx)? == caller;
        ensure!(own || caller == AGREEMENT, sol::NotTheMember { id, caller });
        if consensus_key.is_empty() && peer.is_zero() {
            let before = self.going(cx, Rights::NONE)?;
            self.remove_node(cx, id)?;
            self.keep_deciding(cx, before)
        } else {
            self.put_node(cx, id, consensus_key, peer)
        }
    }

    /// The caller's member leaves. Errors: `NotTheMember`, `NoValidatorLeft`, `NoVoterLeft`, `NoProposerLeft`.
    fn resign(&self, cx: &mut Context<'_>) -> Result<()> {
        let caller = cx.caller();
        let id = self.member_of(cx, caller)?;
        ensure!(!id.is_zero(), sol::NotTheMember { id, caller });
        let before = self.going_with(cx, id)?;
        self.change_status(cx, id, &[Status::Active, Status::Suspended], Status::Left)?;
        self.part(cx, id)?;
        cx.emit(&sol::MemberLeft { id })?;
        self.keep_going(cx, before)
    }

    /// Replaces the account and the recovery account of a member; by its recovery account.
    ///
    /// Errors: `WrongStatus`, `NotTheRecovery`, `AccountTaken`, `BadAccount`.
    fn rotate_key(&self, cx: &mut Context<'_>, id: B256, account: Address, recovery: Address) -> Result<()> {
        self.present(cx, id)?;
        let caller = cx.caller();
        let member = self.members.at(id);
        ensure!(member.recovery.get(cx)? == caller, sol::NotTheRecovery { id, caller });
        ensure!(!recovery.is_zero(), sol::BadAccount { account: recovery });
        let before = member.account.get(cx)?;
        self.set_account(cx, id, account)?;
        self.drop_recovery(cx, id)?;
        self.set_recovery(cx, id, recovery)?;
        cx.emit(&sol::KeyRotated { id, before, account, recovery })
    }
}

#[cfg(test)]
mod tests;
