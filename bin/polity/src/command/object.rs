//! Objections: to a reservation of another member, and to a settlement about oneself.

use std::path::PathBuf;

use alloy_primitives::U256;
use clap::Args;
use polity_institutions::{articles::IArticles, assembly::IAssembly};
use polity_primitives::ARTICLES;
use serde_json::{Value, json};

use super::{
    act::{SignerArgs, done, send, send_to},
    articles::track,
    depositary::hash_of,
    read::text,
};
use crate::{
    client::RpcArgs,
    output::{Failure, Outcome},
};

/// Objects to a settlement about oneself, with --reason; or to a reservation of another member, with the words of the objection.
///
/// A settlement: it is no longer final by itself, but waits until the members uphold or dismiss it. Only the member it is about may object,
/// before it is final.
///
/// A reservation: the treaty is in force between the two all the same, without what is reserved, unless --opposes says otherwise. `polity
/// retract` takes an objection back.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  polity object 3 --reason 'Our line was cut by a storm.' --as MID --dir .polity/presence\n  \
                  polity object 12 'Lakes too.' --opposes --as NOR --dir .polity/paris"
)]
pub(crate) struct Object {
    /// The settlement, by its number in `polity settlements`; or the reservation, by its number in `polity instruments`.
    number: u64,
    /// Why, to a settlement.
    #[arg(long, value_name = "TEXT", required_unless_present = "text", conflicts_with = "text")]
    reason: Option<String>,
    /// The objection to a reservation.
    text: Option<String>,
    /// To a reservation: say also that the treaty is not to be in force between the two.
    #[arg(long, conflicts_with = "reason")]
    opposes: bool,
    /// To a reservation: the document it is taken from; its keccak-256 is filed with it.
    #[arg(long, value_name = "FILE", conflicts_with = "reason")]
    document: Option<PathBuf>,
    #[command(flatten)]
    signer: SignerArgs,
    #[command(flatten)]
    rpc: RpcArgs,
}

impl Object {
    pub(crate) fn run(self, json: bool) -> Outcome {
        match self.reason.clone() {
            Some(reason) => self.against_settlement(reason, json),
            None => self.against_reservation(json),
        }
    }

    fn against_settlement(self, reason: String, json: bool) -> Outcome {
        let id = self.number;
        let call = IArticles::objectCall { id: U256::from(id), reason };
        let receipt = send_to(&self.rpc, &self.signer, ARTICLES, U256::ZERO, &call)?;
        let settlement: Value = self.rpc.client()?.call("polity_settlement", json!([id]))?;
        let value = json!({ "settlement": id, "status": settlement["status"] });
        let about = format!(
            "{} about {}, period {}",
            text(&settlement["article"]),
            text(&settlement["member"]),
            text(&settlement["period"]["number"])
        );
        let said = format!(
            "objection to settlement {id} ({about}) filed: nothing of it is done until the members uphold or dismiss it\n  \
             polity propose {} 'Settlement {id}' --call 'articles.dismiss {id}'{}",
            track(&self.rpc.client()?),
            self.signer.again(&self.rpc)
        );
        done(json, &receipt, value, &said)
    }

    fn against_reservation(self, json: bool) -> Outcome {
        let text = self.text.ok_or_else(|| Failure::input("why? Give the words of the objection"))?;
        let call = IAssembly::objectCall {
            id: U256::from(self.number),
            opposes: self.opposes,
            text,
            documentHash: hash_of(self.document.as_ref())?,
        };
        let receipt = send(&self.rpc, &self.signer, &call).map_err(or_a_settlement)?;
        let value = json!({ "reservation": self.number, "opposes": self.opposes });
        let between = match self.opposes {
            true => "the treaty is not in force between the two",
            false => "the treaty is in force between the two, without what is reserved",
        };
        done(json, &receipt, value, &format!("objection to reservation {} filed: {between}", self.number))
    }
}

/// Says how one objects to a settlement where there is no such reservation.
fn or_a_settlement(mut failure: Failure) -> Failure {
    if let Failure::Refused(refusal) = &mut failure
        && ["UnknownInstrument", "NotObjectionable"].iter().any(|error| refusal.raw.starts_with(error))
    {
        let hint = "`polity instruments` lists reservations; to a settlement one objects with --reason TEXT";
        refusal.hint = Some(hint.to_owned());
    }
    failure
}
