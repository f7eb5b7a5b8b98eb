//! Steps that the registry's functions share. None asks who calls; the functions do.

use alloy_primitives::{Address, B256, Bytes, U256};
use polity_charter::{Kind, Rights, WEIGHT_MAX};
use polity_primitives::CONSTITUTION;

use super::{
    CLASSES_MAX, ConsensusKeyTaken, IRegistry as sol, KEY_GAS, NoValidatorLeft, PeerKeyTaken, RIGHTS_ALL,
    Registry, Standing, Status, UnknownMember, WEIGHTS_MAX, WrongStatus, read,
};
use crate::{
    assembly,
    constitution::{first_turn, nobody_decides, somebody_decides},
    context::{Context, Result},
    directory::may_hold_keys,
    ensure, names,
};

/// Who could go on before a change, and has to be able to after it.
#[derive(Clone, Copy, Debug)]
#[must_use]
pub(crate) struct Going {
    /// Somebody meets what the settings of consensus ask for.
    pub(crate) decides: bool,
    /// Somebody may open a proposal, and it is asked for after the change.
    pub(crate) proposes: bool,
}

impl Registry {
    pub(super) fn present(&self, cx: &mut Context<'_>, id: B256) -> Result<Standing> {
        let standing = self.standing(cx, id, u64::MAX)?;
        ensure!(standing.status != Status::Unknown, UnknownMember { id });
        ensure!(standing.status.is_present(), WrongStatus { id, status: standing.status.into() });
        Ok(standing)
    }

    pub(super) fn rights_change(&self, cx: &mut Context<'_>, id: B256, rights: u16) -> Result<Standing> {
        cx.by_decision()?;
        ensure!((1..=RIGHTS_ALL).contains(&rights), sol::BadRights { rights });
        self.present(cx, id)
    }

    pub(super) fn set_standing(&self, cx: &mut Context<'_>, id: B256, standing: Standing) -> Result<()> {
        let now = cx.block().height;
        self.members.at(id).standing.set(cx, now, standing.to_word())
    }

    pub(super) fn change_status(
        &self,
        cx: &mut Context<'_>,
        id: B256,
        from: &[Status],
        to: Status,
    ) -> Result<()> {
        let mut standing = self.standing(cx, id, u64::MAX)?;
        ensure!(standing.status != Status::Unknown, UnknownMember { id });
        ensure!(from.contains(&standing.status), WrongStatus { id, status: standing.status.into() });
        standing.status = to;
        self.set_standing(cx, id, standing)
    }

    /// What a member that goes leaves behind: its name, its history, its claim to its keys.
    pub(super) fn part(&self, cx: &mut Context<'_>, id: B256) -> Result<()> {
        self.remove_node(cx, id)?;
        self.drop_recovery(cx, id)
    }

    /// Who can go on before a change that may take rights of those in `lost`.
    pub(crate) fn going(&self, cx: &mut Context<'_>, lost: Rights) -> Result<Going> {
        Ok(Going {
            decides: somebody_decides(cx)?,
            proposes: lost.contains(Rights::PROPOSE) && assembly::anyone_proposes(cx)?,
        })
    }

    /// [`Self::going`] before `id` loses the rights it has.
    pub(super) fn going_with(&self, cx: &mut Context<'_>, id: B256) -> Result<Going> {
        let rights = self.rights(cx, id, u64::MAX)?;
        self.going(cx, rights)
    }

    /// Refuses what leaves nobody to decide blocks, nobody to vote, or nobody to open a proposal, if somebody could `before`.
    /// (A charter can be without proposers from the first; then nobody is kept in for that.)
    pub(crate) fn keep_going(&self, cx: &mut Context<'_>, before: Going) -> Result<()> {
        self.keep_deciding(cx, before)?;
        self.keep_voting(cx)?;
        ensure!(!before.proposes || assembly::anyone_proposes(cx)?, sol::NoProposerLeft {});
        Ok(())
    }

    /// Refuses what leaves nobody to vote in any chamber.
    pub(super) fn keep_voting(&self, cx: &mut Context<'_>) -> Result<()> {
        ensure!(assembly::anyone_votes(cx)?, sol::NoVoterLeft {});
        Ok(())
    }

    /// Refuses what leaves nobody who may validate, or nobody who meets what the settings of consensus ask for (stake, pledge, a
    /// supervisor's seat), if somebody did `before`: all members would decide alike then, which nobody agreed to.
    pub(super) fn keep_deciding(&self, cx: &mut Context<'_>, before: Going) -> Result<()> {
        if !before.decides && self.anyone_validates(cx)? {
            return Ok(());
        }
        nobody_decides(cx)?.map_or(Ok(()), |problem| Err(NoValidatorLeft { problem }.into()))
    }

    fn anyone_validates(&self, cx: &mut Context<'_>) -> Result<bool> {
        for index in 0..self.nodes.len(cx)? {
            let id = self.nodes.at(index).get(cx)?;
            if self.rights(cx, id, u64::MAX)?.contains(Rights::VALIDATE) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Suspends a member, or expels it, by a rule of the charter and not by decision; `false`, and nothing done, if nobody would be
    /// left then to decide blocks (as `decides` sees it) or to vote. The constitution calls it.
    ///
    /// Errors: `WrongStatus`.
    pub(crate) fn punish(
        &self,
        cx: &mut Context<'_>,
        id: B256,
        expel: bool,
        decides: impl FnOnce(&mut Context<'_>) -> Result<bool>,
    ) -> Result<bool> {
        let before = self.present(cx, id)?;
        let status = if expel { Status::Expelled } else { Status::Suspended };
        self.set_standing(cx, id, Standing { status, ..before })?;
        if !(self.anyone_validates(cx)? && assembly::anyone_votes(cx)? && decides(cx)?) {
            self.set_standing(cx, id, before)?;
            return Ok(false);
        }
        if expel {
            self.remove_node(cx, id)?;
            self.drop_recovery(cx, id)?;
            cx.emit(&sol::MemberExpelled { id })?;
        } else if before.status == Status::Active {
            cx.emit(&sol::MemberSuspended { id })?;
        }
        Ok(true)
    }

    pub(super) fn set_account(&self, cx: &mut Context<'_>, id: B256, account: Address) -> Result<()> {
        ensure!(may_hold_keys(account), sol::BadAccount { account });
        let claim = self.accounts.at(account);
        let owner = claim.get(cx)?;
        ensure!(owner.is_zero() || owner == id, sol::AccountTaken { account, id: owner });
        claim.set(cx, id)?;
        self.members.at(id).account.set(cx, account)
    }

    pub(super) fn set_recovery(&self, cx: &mut Context<'_>, id: B256, recovery: Address) -> Result<()> {
        ensure!(recovery.is_zero() || may_hold_keys(recovery), sol::BadAccount { account: recovery });
        self.members.at(id).recovery.set(cx, recovery)?;
        if recovery.is_zero() {
            return Ok(());
        }
        let uses = self.recoveries.at(recovery);
        let count = uses.get(cx)?;
        uses.set(cx, count.saturating_add(1))
    }

    pub(super) fn drop_recovery(&self, cx: &mut Context<'_>, id: B256) -> Result<()> {
        let recovery = self.members.at(id).recovery;
        let uses = self.recoveries.at(recovery.get(cx)?);
        let count = uses.get(cx)?;
        uses.set(cx, count.saturating_sub(1))?;
        recovery.set(cx, Address::ZERO)
    }

    /// The bit of a class, which gets a number when it is first named.
    pub(super) fn class_bit(&self, cx: &mut Context<'_>, class: B256) -> Result<u128> {
        let number = self.class_numbers.at(class);
        let mut known = number.get(cx)?;
        if known == 0 {
            names::check(class)?;
            let count = self.class_names.len(cx)?;
            ensure!(count < CLASSES_MAX as u64, too_many("classes", CLASSES_MAX as u64));
            self.class_names.push(cx, class)?;
            known = count.saturating_add(1);
            number.set(cx, known)?;
        }
        Ok(read::bit(known))
    }

    pub(super) fn put_weight(&self, cx: &mut Context<'_>, id: B256, name: B256, value: u128) -> Result<()> {
        ensure!(
            value <= WEIGHT_MAX,
            sol::TooMany { what: "parts of a weight".into(), max: U256::from(WEIGHT_MAX) }
        );
        let scale = self.weight_scales.at(name);
        if scale.get(cx)? == 0 {
            self.name_weight(cx, name, super::scale_of_new(name))?;
        }
        let now = cx.block().height;
        self.members.at(id).weights.at(name).set(cx, now, U256::from(value))?;
        cx.emit(&sol::WeightSet { id, name, value })
    }

    /// Makes the weight `name` known, as a whole number of `1/scale`. Genesis calls it before it admits anyone.
    pub(crate) fn name_weight(&self, cx: &mut Context<'_>, name: B256, scale: u128) -> Result<()> {
        names::check(name)?;
        ensure!(self.weight_names.len(cx)? < WEIGHTS_MAX, too_many("weights", WEIGHTS_MAX));
        self.weight_names.push(cx, name)?;
        self.weight_scales.at(name).set(cx, scale.max(1))
    }

    pub(super) fn put_node(
        &self,
        cx: &mut Context<'_>,
        id: B256,
        consensus_key: &[u8],
        peer: B256,
    ) -> Result<()> {
        cx.charge(KEY_GAS)?;
        let consensus =
            consensus_address(consensus_key).filter(|_| !peer.is_zero()).ok_or(sol::BadNodeKeys {})?;
        let (prefix, x) = consensus_key.split_at_checked(1).ok_or(sol::BadNodeKeys {})?;
        let claim = self.consensus.at(consensus);
        let owner = claim.get(cx)?;
        ensure!(owner.is_zero() || owner == id, ConsensusKeyTaken { consensus, id: owner });
        claim.set(cx, id)?;
        let claim = self.peers.at(peer);
        let owner = claim.get(cx)?;
        ensure!(owner.is_zero() || owner == id, PeerKeyTaken { peerKey: peer, id: owner });
        claim.set(cx, id)?;
        let member = self.members.at(id);
        self.retire(cx, id, consensus)?;
        member.consensus.set(cx, consensus)?;
        member.key_prefix.set(cx, prefix.first().copied().unwrap_or_default())?;
        member.key_x.set(cx, B256::left_padding_from(x))?;
        if member.peer.get(cx)? != peer {
            let now = cx.block().height;
            self.peers_since.at(peer).set(cx, now)?;
        }
        member.peer.set(cx, peer)?;
        if member.node_number.get(cx)? == 0 {
            self.nodes.push(cx, id)?;
            let number = self.nodes.len(cx)?;
            member.node_number.set(cx, number)?;
        }
        cx.emit(&sol::NodeSet { id, consensus, consensusKey: consensus_key.to_vec().into(), peerKey: peer })
    }

    /// Notes that the member gives the key up that it has, unless `next` is the same; what that key signs for later heights is not
    /// held against it. While worked blocks give way to votes, the committee of their last height was seated blocks before, so a key
    /// answers until then.
    fn retire(&self, cx: &mut Context<'_>, id: B256, next: Address) -> Result<()> {
        let (before, now) = (self.members.at(id).consensus.get(cx)?, cx.block().height);
        if before == next {
            return Ok(());
        }
        if !before.is_zero() {
            let turn = first_turn(&mut cx.storage_of(CONSTITUTION))?;
            self.retired.at(before).set(cx, now.max(turn.saturating_sub(1)))?;
        }
        if !next.is_zero() && self.retired.at(next).get(cx)? != 0 {
            self.retired.at(next).set(cx, 0)?;
        }
        Ok(())
    }

    pub(super) fn remove_node(&self, cx: &mut Context<'_>, id: B256) -> Result<()> {
        let member = self.members.at(id);
        let Some(index) = member.node_number.get(cx)?.checked_sub(1) else { return Ok(()) };
        self.retire(cx, id, Address::ZERO)?;
        member.consensus.set(cx, Address::ZERO)?;
        member.key_prefix.set(cx, 0)?;
        member.key_x.set(cx, B256::ZERO)?;
        member.peer.set(cx, B256::ZERO)?;
        member.node_number.set(cx, 0)?;
        if let Some(moved) = self.nodes.swap_remove(cx, index)? {
            self.members.at(moved).node_number.set(cx, index.saturating_add(1))?;
        }
        cx.emit(&sol::NodeSet {
            id,
            consensus: Address::ZERO,
            consensusKey: Bytes::new(),
            peerKey: B256::ZERO,
        })
    }
}

pub(super) fn too_many(what: &str, max: u64) -> sol::TooMany {
    sol::TooMany { what: what.to_owned(), max: U256::from(max) }
}

/// The Ethereum address of a compressed secp256k1 key.
pub(super) fn consensus_address(key: &[u8]) -> Option<Address> {
    let key = secp256k1::PublicKey::from_byte_array_compressed(*key.as_array::<33>()?).ok()?;
    key.serialize_uncompressed().get(1..).map(Address::from_raw_public_key)
}

/// The kind of a stored number.
pub(super) fn kind_of(number: u8) -> sol::Kind {
    Kind::from_number(number).unwrap_or(Kind::Individual).into()
}
