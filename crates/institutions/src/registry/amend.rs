//! What an amendment of the charter writes about members. The constitution calls these, and genesis; no one else can: they
//! are not in the ABI. Those that could leave nobody to decide blocks or to vote do not look: whoever calls them asks
//! [`Registry::keep_going`] when all is written.

use alloy_primitives::{B256, U256};
use polity_charter::{Kind, Rights};

use super::{Admission, AlreadyMember, IRegistry as sol, NAME_BYTES_MAX, RIGHTS_ALL, Registry, Status};
use crate::{
    context::{Context, Result},
    ensure,
    storage::Read,
};

impl Registry {
    /// Admits a member; one that a decision admitted before is taken over as the charter now has it.
    ///
    /// Errors: those of [`Self::admit`]; `AlreadyMember` if the member there has another account or kind.
    pub(crate) fn admit_or_take_over(&self, cx: &mut Context<'_>, admission: &Admission) -> Result<()> {
        let id = admission.id;
        let standing = self.standing(cx, id, u64::MAX)?;
        if !standing.status.is_present() {
            return self.admit(cx, admission);
        }
        let same = self.members.at(id).account.get(cx)? == admission.account
            && standing.kind == admission.kind as u8;
        ensure!(same, AlreadyMember { id });
        self.set_name(cx, id, &admission.name)?;
        for class in &admission.classes {
            self.amend_class(cx, id, *class, true)?;
        }
        for weight in &admission.weights {
            self.put_weight(cx, id, weight.name, weight.value)?;
        }
        self.set_granted(cx, id, Rights(admission.rights), Rights::NONE)
    }

    /// Sets a member's full name. Errors: `WrongStatus`, `BadMemberName`.
    pub(crate) fn set_name(&self, cx: &mut Context<'_>, id: B256, name: &str) -> Result<()> {
        self.present(cx, id)?;
        ensure!((1..=NAME_BYTES_MAX).contains(&name.len()), sol::BadMemberName {});
        self.members.at(id).name.set(cx, name)?;
        cx.emit(&sol::MemberNamed { id, name: name.to_owned() })
    }

    /// Sets a member's kind. Errors: `WrongStatus`.
    pub(crate) fn set_kind(&self, cx: &mut Context<'_>, id: B256, kind: Kind) -> Result<()> {
        let mut standing = self.present(cx, id)?;
        standing.kind = kind.number();
        self.set_standing(cx, id, standing)?;
        cx.emit(&sol::MemberKindSet { id, kind: kind.into() })
    }

    /// Gives rights by name, and gives others by name no longer; a right its kind has stays. Errors: `WrongStatus`.
    pub(crate) fn set_granted(
        &self,
        cx: &mut Context<'_>,
        id: B256,
        gained: Rights,
        lost: Rights,
    ) -> Result<()> {
        let mut standing = self.present(cx, id)?;
        standing.granted = standing.granted.union(gained).without(lost);
        standing.revoked = standing.revoked.without(gained);
        self.set_standing(cx, id, standing)?;
        if !gained.is_empty() {
            cx.emit(&sol::RightsGranted { id, rights: gained.0 })?;
        }
        if lost.is_empty() { Ok(()) } else { cx.emit(&sol::RightsLapsed { id, rights: lost.0 }) }
    }

    /// Sets what members of a kind may do. Errors: `BadRights`.
    pub(crate) fn set_kind_rights(&self, cx: &mut Context<'_>, kind: Kind, rights: Rights) -> Result<()> {
        ensure!(rights.0 <= RIGHTS_ALL, sol::BadRights { rights: rights.0 });
        let now = cx.block().height;
        self.kinds.at(kind.number()).set(cx, now, U256::from(rights.0))?;
        cx.emit(&sol::KindRightsSet { kind: kind.into(), rights: rights.0 })
    }

    /// Expels a member unless it is gone.
    pub(crate) fn expel_if_present(&self, cx: &mut Context<'_>, id: B256) -> Result<()> {
        if self.standing(cx, id, u64::MAX)?.status.is_present() { self.send_away(cx, id) } else { Ok(()) }
    }

    /// Makes a member an expelled one. Errors: `WrongStatus`.
    pub(super) fn send_away(&self, cx: &mut Context<'_>, id: B256) -> Result<()> {
        self.change_status(cx, id, &[Status::Active, Status::Suspended], Status::Expelled)?;
        self.part(cx, id)?;
        cx.emit(&sol::MemberExpelled { id })
    }

    /// What the weight `name` is multiplied with to be whole; 0 if the registry does not know it.
    pub(crate) fn scale<R: Read>(&self, r: &mut R, name: B256) -> Result<u128, R::Error> {
        self.weight_scales.at(name).get(r)
    }

    /// Sets a weight, in parts of its scale. Errors: `WrongStatus`.
    pub(crate) fn amend_weight(&self, cx: &mut Context<'_>, id: B256, name: B256, value: u128) -> Result<()> {
        self.set_weight(cx, id, name, value)
    }

    /// Puts a member into a class, or takes it out. Errors: `WrongStatus`, `TooMany`.
    pub(crate) fn amend_class(
        &self,
        cx: &mut Context<'_>,
        id: B256,
        class: B256,
        belongs: bool,
    ) -> Result<()> {
        let mut standing = self.present(cx, id)?;
        let bit = self.class_bit(cx, class)?;
        standing.classes = if belongs { standing.classes | bit } else { standing.classes & !bit };
        self.set_standing(cx, id, standing)?;
        cx.emit(&sol::ClassSet { id, class, belongs })
    }
}
