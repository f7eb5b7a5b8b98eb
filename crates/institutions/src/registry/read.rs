//! Questions to the registry, asked by its own functions, by other institutions and, free of gas, from outside.

use core::ops::Range;

use alloy_primitives::{Address, B256, U256};
use polity_charter::{Kind, Rights};

use super::{Elector, Filter, IRegistry as sol, Registry, Standing, Status, UnknownMember, steps::kind_of};
use crate::{
    context::{Context, Result},
    storage::Read,
};

/// The bit of the class with number `known - 1`.
pub(super) fn bit(known: u64) -> u128 {
    known.checked_sub(1).and_then(|n| u32::try_from(n).ok()).and_then(|n| 1u128.checked_shl(n)).unwrap_or(0)
}

impl Registry {
    /// How `id` stood at the end of block `height`; `u64::MAX` is now.
    ///
    /// # Errors
    /// The reader's.
    pub fn standing<R: Read>(&self, r: &mut R, id: B256, height: u64) -> Result<Standing, R::Error> {
        self.members.at(id).standing.at(r, height).map(Standing::from_word)
    }

    /// The rights of a kind at the end of block `height`.
    ///
    /// # Errors
    /// The reader's.
    pub fn kind_rights<R: Read>(&self, r: &mut R, kind: u8, height: u64) -> Result<Rights, R::Error> {
        self.kinds.at(kind).at(r, height).map(|word| Rights(word.wrapping_to()))
    }

    /// The rights of `id` at the end of block `height`.
    ///
    /// # Errors
    /// The reader's.
    pub fn rights<R: Read>(&self, r: &mut R, id: B256, height: u64) -> Result<Rights, R::Error> {
        let standing = self.standing(r, id, height)?;
        Ok(standing.rights(self.kind_rights(r, standing.kind, height)?))
    }

    /// The weight `name` of `id` at the end of block `height`, scaled to a whole number.
    ///
    /// # Errors
    /// The reader's.
    pub fn weight<R: Read>(&self, r: &mut R, id: B256, name: B256, height: u64) -> Result<u128, R::Error> {
        self.members.at(id).weights.at(name).at(r, height).map(|word| word.wrapping_to())
    }

    /// Number of members there ever were.
    ///
    /// # Errors
    /// The reader's.
    pub fn count<R: Read>(&self, r: &mut R) -> Result<u64, R::Error> {
        self.ids.len(r)
    }

    /// The member at `index` in the order of first admission; zero past the end.
    ///
    /// # Errors
    /// The reader's.
    pub fn id_at<R: Read>(&self, r: &mut R, index: u64) -> Result<B256, R::Error> {
        self.ids.at(index).get(r)
    }

    /// The account `id` acts with, or acted with last; zero if it was never admitted.
    ///
    /// # Errors
    /// The reader's.
    pub fn account_of<R: Read>(&self, r: &mut R, id: B256) -> Result<Address, R::Error> {
        self.members.at(id).account.get(r)
    }

    /// The party whose account this is, also if it is no member any more: what it owns stays its own. Zero for none.
    ///
    /// # Errors
    /// The reader's.
    pub fn party_of<R: Read>(&self, r: &mut R, account: Address) -> Result<B256, R::Error> {
        let id = self.accounts.at(account).get(r)?;
        let owns = !id.is_zero() && self.members.at(id).account.get(r)? == account;
        Ok(if owns { id } else { B256::ZERO })
    }

    /// The present member that acts with `account`; zero for none.
    ///
    /// # Errors
    /// The reader's.
    pub fn member_of<R: Read>(&self, r: &mut R, account: Address) -> Result<B256, R::Error> {
        let id = self.accounts.at(account).get(r)?;
        let acts = !id.is_zero()
            && self.members.at(id).account.get(r)? == account
            && self.standing(r, id, u64::MAX)?.status.is_present();
        Ok(if acts { id } else { B256::ZERO })
    }

    /// The present member whose node signs as `consensus`; zero for none.
    ///
    /// # Errors
    /// The reader's.
    pub fn member_of_node<R: Read>(&self, r: &mut R, consensus: Address) -> Result<B256, R::Error> {
        let id = self.consensus.at(consensus).get(r)?;
        let signs = !id.is_zero() && self.members.at(id).consensus.get(r)? == consensus;
        Ok(if signs { id } else { B256::ZERO })
    }

    /// The member that signed blocks and votes as `consensus`, now or once; zero for none.
    pub(crate) fn signer<R: Read>(&self, r: &mut R, consensus: Address) -> Result<B256, R::Error> {
        self.consensus.at(consensus).get(r)
    }

    /// Height of the block in which its member gave the key of `consensus` up; 0 while it is in use.
    pub(crate) fn retired<R: Read>(&self, r: &mut R, consensus: Address) -> Result<u64, R::Error> {
        self.retired.at(consensus).get(r)
    }

    /// The consensus address of the node of `id`; zero without one.
    pub(crate) fn consensus_of<R: Read>(&self, r: &mut R, id: B256) -> Result<Address, R::Error> {
        self.members.at(id).consensus.get(r)
    }

    /// Height of the block since which a node has the key `peer`; 0 since the founding.
    pub(crate) fn peer_since<R: Read>(&self, r: &mut R, peer: B256) -> Result<u64, R::Error> {
        self.peers_since.at(peer).get(r)
    }

    /// Whether `account` may send transactions where only members may: it acts for a member with the right to transact, it
    /// is a present member's recovery account, or a guest.
    ///
    /// # Errors
    /// The reader's.
    pub fn may_transact<R: Read>(&self, r: &mut R, account: Address) -> Result<bool, R::Error> {
        let id = self.member_of(r, account)?;
        Ok((!id.is_zero() && self.rights(r, id, u64::MAX)?.contains(Rights::TRANSACT))
            || self.recoveries.at(account).get(r)? > 0
            || self.guests.at(account).get(r)?)
    }

    /// The scales of the weights called `names`: what each was multiplied with to be whole. For a name not known: 1, or the wei
    /// of a unit if it is [`polity_charter::STAKE`].
    ///
    /// # Errors
    /// The reader's.
    pub fn scales<R: Read>(&self, r: &mut R, names: &[B256]) -> Result<Vec<u128>, R::Error> {
        let scale = |name: &B256| {
            let scale = self.weight_scales.at(*name).get(r)?;
            Ok(if scale == 0 { super::scale_of_new(*name) } else { scale })
        };
        names.iter().map(scale).collect()
    }

    /// Height of the block that first admitted `id`; 0 also if none did.
    ///
    /// # Errors
    /// The reader's.
    pub fn admitted_at<R: Read>(&self, r: &mut R, id: B256) -> Result<u64, R::Error> {
        self.members.at(id).standing.first(r)
    }

    /// `id` as decision rules saw it at the end of block `height`, if it was active and `filter` let it in.
    ///
    /// # Errors
    /// The reader's.
    pub fn elector<R: Read>(
        &self,
        r: &mut R,
        id: B256,
        filter: &Filter,
        weights: &[B256],
        height: u64,
    ) -> Result<Option<Elector>, R::Error> {
        let standing = self.standing(r, id, height)?;
        let rights = standing.rights(self.kind_rights(r, standing.kind, height)?);
        let question = self.resolve(r, filter, weights, height)?;
        self.seat(r, id, standing, rights, &question)
    }

    /// Everyone who was active and whom `filter` let in at the end of block `height`, in the order of admission.
    ///
    /// Bounds: `MEMBERS_MAX`. Cost: two slots a member, one a weight asked for, and one a kind.
    ///
    /// # Errors
    /// The reader's.
    pub fn electors<R: Read>(
        &self,
        r: &mut R,
        filter: &Filter,
        weights: &[B256],
        height: u64,
    ) -> Result<Vec<Elector>, R::Error> {
        self.electors_in(r, filter, weights, height, 0..u64::MAX)
    }

    /// How many parties were ever admitted: the places that [`Self::electors_in`] can look at.
    ///
    /// # Errors
    /// The reader's.
    pub fn known<R: Read>(&self, r: &mut R) -> Result<u64, R::Error> {
        self.ids.len(r)
    }

    /// Those of [`Self::electors`] whose places in the order of first admission are in `places`, from 0.
    ///
    /// # Errors
    /// The reader's.
    pub fn electors_in<R: Read>(
        &self,
        r: &mut R,
        filter: &Filter,
        weights: &[B256],
        height: u64,
        places: Range<u64>,
    ) -> Result<Vec<Elector>, R::Error> {
        let kinds = Kind::ALL.iter().map(|kind| self.kind_rights(r, kind.number(), height));
        let of_kind: Vec<Rights> = kinds.collect::<Result<_, _>>()?;
        let question = self.resolve(r, filter, weights, height)?;
        let mut electors = Vec::new();
        for index in places.start..places.end.min(self.ids.len(r)?) {
            let id = self.ids.at(index).get(r)?;
            let standing = self.standing(r, id, height)?;
            let rights =
                standing.rights(of_kind.get(usize::from(standing.kind)).copied().unwrap_or_default());
            electors.extend(self.seat(r, id, standing, rights, &question)?);
        }
        Ok(electors)
    }

    /// Whether an active member among the first `most` matches `filter` now. Cost: those it names first; then two slots a member
    /// until one does.
    ///
    /// # Errors
    /// The reader's.
    pub(crate) fn seats_anyone<R: Read>(
        &self,
        r: &mut R,
        filter: &Filter,
        most: u64,
    ) -> Result<bool, R::Error> {
        let question = self.resolve(r, filter, &[], u64::MAX)?;
        for id in &filter.members {
            let rights = self.rights(r, *id, u64::MAX)?;
            let standing = self.standing(r, *id, u64::MAX)?;
            if standing.status == Status::Active && question.admits(*id, &standing, rights) {
                return Ok(true);
            }
        }
        if filter.kinds == 0 && filter.classes.is_empty() {
            return Ok(false);
        }
        let kinds = Kind::ALL.iter().map(|kind| self.kind_rights(r, kind.number(), u64::MAX));
        let of_kind: Vec<Rights> = kinds.collect::<Result<_, _>>()?;
        for index in 0..self.ids.len(r)?.min(most) {
            let id = self.ids.at(index).get(r)?;
            let standing = self.standing(r, id, u64::MAX)?;
            let rights =
                standing.rights(of_kind.get(usize::from(standing.kind)).copied().unwrap_or_default());
            if standing.status == Status::Active && question.admits(id, &standing, rights) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn seat<R: Read>(
        &self,
        r: &mut R,
        id: B256,
        standing: Standing,
        rights: Rights,
        question: &Question<'_>,
    ) -> Result<Option<Elector>, R::Error> {
        if standing.status != Status::Active || !question.admits(id, &standing, rights) {
            return Ok(None);
        }
        let weight = |name: &B256| Ok((*name, self.weight(r, id, *name, question.height)?));
        let weights = question.weights.iter().map(weight).collect::<Result<_, R::Error>>()?;
        let classes = self.classes(r, standing.classes)?;
        Ok(Some(Elector { id, kind: standing.kind(), classes, weights }))
    }

    fn resolve<'q, R: Read>(
        &self,
        r: &mut R,
        filter: &'q Filter,
        weights: &'q [B256],
        height: u64,
    ) -> Result<Question<'q>, R::Error> {
        let mut classes = 0;
        for class in &filter.classes {
            classes |= bit(self.class_numbers.at(*class).get(r)?);
        }
        Ok(Question { filter, classes, weights, height })
    }

    /// Names of the classes in a set of bits.
    pub(crate) fn classes<R: Read>(&self, r: &mut R, bits: u128) -> Result<Vec<B256>, R::Error> {
        (0..128u64)
            .filter(|number| bits & bit(number.saturating_add(1)) != 0)
            .map(|number| self.class_names.at(number).get(r))
            .collect()
    }

    pub(crate) fn ids_from<R: Read>(
        &self,
        r: &mut R,
        from: U256,
        count: U256,
    ) -> Result<Vec<B256>, R::Error> {
        let len = self.ids.len(r)?;
        let from = from.saturating_to::<u64>().min(len);
        let to = from.saturating_add(count.saturating_to()).min(len);
        (from..to).map(|index| self.ids.at(index).get(r)).collect()
    }

    pub(super) fn member_sol(&self, cx: &mut Context<'_>, id: B256) -> Result<sol::Member> {
        let standing = self.standing(cx, id, u64::MAX)?;
        crate::ensure!(standing.status != super::Status::Unknown, UnknownMember { id });
        let member = self.members.at(id);
        let mut weights = Vec::new();
        for name in self.weight_names.all(cx)? {
            let value = self.weight(cx, id, name, u64::MAX)?;
            if value != 0 {
                weights.push(sol::Weight { name, value });
            }
        }
        let (consensus_key, peer) = self.node_keys(cx, id)?;
        Ok(sol::Member {
            id,
            name: member.name.get(cx)?,
            kind: kind_of(standing.kind),
            status: standing.status.into(),
            account: member.account.get(cx)?,
            recovery: member.recovery.get(cx)?,
            rights: standing.rights(self.kind_rights(cx, standing.kind, u64::MAX)?).0,
            granted: standing.granted.0,
            revoked: standing.revoked.0,
            classes: self.classes(cx, standing.classes)?,
            weights,
            consensus: member.consensus.get(cx)?,
            consensusKey: consensus_key.into(),
            peerKey: peer,
        })
    }

    pub(super) fn validators_sol(&self, cx: &mut Context<'_>) -> Result<Vec<sol::Validator>> {
        let mut validators = Vec::new();
        for id in self.validator_ids(cx)? {
            let (consensus_key, peer) = self.node_keys(cx, id)?;
            let consensus = self.members.at(id).consensus.get(cx)?;
            validators.push(sol::Validator {
                id,
                consensus,
                consensusKey: consensus_key.into(),
                peerKey: peer,
            });
        }
        Ok(validators)
    }

    /// How many present members have a node.
    pub(crate) fn node_count<R: Read>(&self, r: &mut R) -> Result<u64, R::Error> {
        self.nodes.len(r)
    }

    /// The member with the node at `index`.
    pub(crate) fn node_at<R: Read>(&self, r: &mut R, index: u64) -> Result<B256, R::Error> {
        self.nodes.at(index).get(r)
    }

    /// Present members with a node.
    pub(crate) fn node_ids<R: Read>(&self, r: &mut R) -> Result<Vec<B256>, R::Error> {
        self.nodes.all(r)
    }

    /// Members whose nodes decide the next block.
    pub(crate) fn validator_ids<R: Read>(&self, r: &mut R) -> Result<Vec<B256>, R::Error> {
        let mut ids = Vec::new();
        for id in self.nodes.all(r)? {
            if self.rights(r, id, u64::MAX)?.contains(Rights::VALIDATE) {
                ids.push(id);
            }
        }
        Ok(ids)
    }

    /// Compressed consensus key (empty without a node) and peer key.
    pub(crate) fn node_keys<R: Read>(&self, r: &mut R, id: B256) -> Result<(Vec<u8>, B256), R::Error> {
        let member = self.members.at(id);
        let prefix = member.key_prefix.get(r)?;
        if prefix == 0 {
            return Ok((Vec::new(), B256::ZERO));
        }
        let mut key = vec![prefix];
        key.extend_from_slice(member.key_x.get(r)?.as_slice());
        Ok((key, member.peer.get(r)?))
    }
}

/// What is asked about each member: a filter with its classes as bits, the weights wanted, the height.
struct Question<'q> {
    filter: &'q Filter,
    classes: u128,
    weights: &'q [B256],
    height: u64,
}

impl Question<'_> {
    /// Source: `polity_charter::Chamber::seats`, the same rule for a charter's own members.
    fn admits(&self, id: B256, standing: &Standing, rights: Rights) -> bool {
        let Filter { kinds, classes, members, rights: needed } = self.filter;
        let by_kind =
            *kinds == 0 || 1u16.checked_shl(standing.kind.into()).is_some_and(|bit| kinds & bit != 0);
        let by_class = classes.is_empty() || standing.classes & self.classes != 0;
        let by_description = !(*kinds == 0 && classes.is_empty()) && by_kind && by_class;
        rights.contains(*needed) && (by_description || members.contains(&id))
    }
}
