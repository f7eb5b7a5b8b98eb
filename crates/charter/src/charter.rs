//! The validated charter: what every other crate reads instead of the file.

use std::collections::BTreeMap;

use polity_constitution::Settings;
use polity_decision::{Rational, Rule, Voter};
use polity_primitives::{Address, B256, U256};
use serde::Serialize;

use crate::{
    Article, Authority, Clock, Currency, Fees, Kind, Member, Rights, Seating, Secrecy, Text, Track, Treaty,
};

/// Who may do a thing on the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Access {
    /// Anyone.
    Anyone,
    /// Members with the right, and accounts named in the charter.
    Members,
}

/// Who may join the network, and who may use the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct AccessPolicy {
    /// Whose nodes may connect.
    pub connect: Access,
    /// Who may send transactions.
    pub transact: Access,
}

/// How much past state every node keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum History {
    /// The state of this many recent blocks.
    Blocks(u64),
    /// Everything since genesis.
    All,
}

/// An account that holds money at genesis without being a member.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FundedAccount {
    /// Short name, unique.
    pub id: String,
    /// Its address; `None` until keys are made.
    pub address: Option<Address>,
    /// Opening balance. Units: wei.
    pub balance_wei: U256,
}

/// A named electorate and how it decides.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Chamber {
    /// Short name, unique.
    pub id: String,
    /// Full name.
    pub name: Text,
    /// Members of these kinds sit in it (of any kind, if empty while `classes` is not) …
    pub kinds: Vec<Kind>,
    /// … if they belong to one of these classes (or `classes` is empty) …
    pub classes: Vec<String>,
    /// … and these members sit in it by name.
    pub members: Vec<String>,
    /// Decision rule by id.
    pub rule: String,
    /// How long a proposal is open. Units: seconds.
    pub voting_secs: u64,
    /// From the decision until it is carried out. Units: seconds.
    pub delay_secs: u64,
    /// How its seats are filled. Unless by description, kinds, classes and members say who may stand, or bond.
    pub seating: Seating,
    /// Whether its ballots are sealed while voting is open.
    pub secret: Option<Secrecy>,
}

impl Chamber {
    /// Whether it has kinds, classes or members by name.
    #[must_use]
    pub fn is_described(&self) -> bool {
        !(self.kinds.is_empty() && self.classes.is_empty() && self.members.is_empty())
    }

    /// Whether a member with this id, kind and classes sits in the chamber.
    #[must_use]
    pub fn seats(&self, id: &str, kind: Kind, classes: &[String]) -> bool {
        let by_description = !(self.kinds.is_empty() && self.classes.is_empty())
            && (self.kinds.is_empty() || self.kinds.contains(&kind))
            && (self.classes.is_empty() || classes.iter().any(|class| self.classes.contains(class)));
        by_description || self.members.iter().any(|member| member == id)
    }
}

/// A charter that passed every check.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Charter {
    /// Short name.
    pub id: String,
    /// Full name.
    pub name: Text,
    /// ISO 639-1 codes of the languages it is written in; the first is the authentic one.
    pub languages: Vec<String>,
    /// EIP-155 chain id. Bounds: 1 to 4503599627370476, what wallets accept.
    pub chain_id: u64,
    /// Where its facts come from.
    pub sources: Vec<String>,
    /// What timestamps are.
    pub clock: Clock,
    /// From one block to the next when nothing waits. Units: milliseconds.
    pub block_time_ms: u64,
    /// The constitution of consensus.
    pub consensus: Settings,
    /// The money.
    pub currency: Currency,
    /// What transactions pay.
    pub fees: Fees,
    /// Gas of a block.
    pub block_gas_limit: u64,
    /// How much past state is kept.
    pub history: History,
    /// Who may connect and transact.
    pub access: AccessPolicy,
    /// Rights by kind.
    pub rights: BTreeMap<Kind, Rights>,
    /// Funded accounts, in the order of the file.
    pub accounts: Vec<FundedAccount>,
    /// Opening balances of the treasury's accounts. Units: wei.
    pub treasury: BTreeMap<String, U256>,
    /// Members, in the order of the file.
    pub members: Vec<Member>,
    /// What each named weight was multiplied with to become whole.
    pub weight_scales: BTreeMap<String, u128>,
    /// Chambers, in the order of the file.
    pub chambers: Vec<Chamber>,
    /// Decision rules, in the order of the file.
    pub rules: Vec<Rule>,
    /// Treaties, in the order of the file.
    pub treaties: Vec<Treaty>,
    /// Tracks, in the order of the file.
    pub tracks: Vec<Track>,
    /// Paths of the charter whose amendment is constitutional.
    pub constitutional: Vec<String>,
    /// Who may record mandates from outside, in the order of the file.
    pub authorities: Vec<Authority>,
    /// Articles, in the order of the file.
    pub articles: Vec<Article>,
    /// The file itself.
    #[serde(skip)]
    pub text: String,
    /// keccak-256 of the file: the identity of this version.
    pub hash: B256,
}

impl Charter {
    /// The member with this id.
    #[must_use]
    pub fn member(&self, id: &str) -> Option<&Member> {
        self.members.iter().find(|member| member.id == id)
    }

    /// The chamber with this id.
    #[must_use]
    pub fn chamber(&self, id: &str) -> Option<&Chamber> {
        self.chambers.iter().find(|chamber| chamber.id == id)
    }

    /// The track with this id.
    #[must_use]
    pub fn track(&self, id: &str) -> Option<&Track> {
        self.tracks.iter().find(|track| track.id == id)
    }

    /// The decision rule with this id.
    #[must_use]
    pub fn rule(&self, id: &str) -> Option<&Rule> {
        self.rules.iter().find(|rule| rule.id == id)
    }

    /// The treaty with this id.
    #[must_use]
    pub fn treaty(&self, id: &str) -> Option<&Treaty> {
        self.treaties.iter().find(|treaty| treaty.id == id)
    }

    /// The authority with this id.
    #[must_use]
    pub fn authority(&self, id: &str) -> Option<&Authority> {
        self.authorities.iter().find(|authority| authority.id == id)
    }

    /// The article with this id.
    #[must_use]
    pub fn article(&self, id: &str) -> Option<&Article> {
        self.articles.iter().find(|article| article.id == id)
    }

    /// All rights of `member`: those of its kind and those granted to it by name.
    #[must_use]
    pub fn rights_of(&self, member: &Member) -> Rights {
        self.rights.get(&member.kind).copied().unwrap_or_default().union(member.rights)
    }

    /// Members that may decide blocks, in the order of the file, whether or not they have node keys yet.
    pub fn validators(&self) -> impl Iterator<Item = &Member> {
        self.members.iter().filter(|member| self.rights_of(member).contains(Rights::VALIDATE))
    }

    /// Members that sit in `chamber` and have the right to vote, in the order of the file; unless it sits by description, those
    /// that could be elected, drawn, or bond.
    pub fn electorate<'a>(&'a self, chamber: &'a Chamber) -> impl Iterator<Item = &'a Member> {
        let source = self.described(chamber);
        let anyone = matches!(source.seating, Seating::Stake(_)) && !source.is_described();
        self.members.iter().filter(move |member| {
            (anyone || source.seats(&member.id, member.kind, &member.classes))
                && self.rights_of(member).contains(Rights::VOTE)
        })
    }

    /// The chamber whose description says who can sit in `chamber`: itself, or the one that fills its seats, and so on.
    fn described<'a>(&'a self, chamber: &'a Chamber) -> &'a Chamber {
        let mut at = chamber;
        for _ in &self.chambers {
            let source = at.seating.source().filter(|_| !at.is_described());
            let Some(next) = source.and_then(|id| self.chamber(id)) else { break };
            at = next;
        }
        at
    }

    /// Members that may deposit an instrument of `treaty`, in the order of the file.
    pub fn depositors<'a>(&'a self, treaty: &'a Treaty) -> impl Iterator<Item = &'a Member> {
        self.members.iter().filter(|member| treaty.depositors.contains(&member.kind))
    }

    /// `member` as decision rules see it, with its weights as written in the file.
    #[must_use]
    pub fn voter(&self, member: &Member) -> Voter {
        let weight = |(name, scaled): (&String, &u128)| {
            let scale = self.weight_scales.get(name).copied().unwrap_or(1).max(1);
            (name.clone(), Rational::new((*scaled).into(), scale.into()))
        };
        Voter {
            id: member.id.clone(),
            kind: member.kind.as_str().to_owned(),
            classes: member.classes.clone(),
            weights: member.weights.iter().map(weight).collect(),
        }
    }

    /// Ids of the members and funded accounts whose keys are still to be made: no address, a member without a recovery
    /// address, or a validator without node keys. Empty: the charter is ready for genesis.
    #[must_use]
    pub fn missing_keys(&self) -> Vec<&str> {
        let member_lacks = |member: &&Member| {
            member.address.is_none()
                || member.recovery.is_none()
                || (member.node.is_none() && self.rights_of(member).contains(Rights::VALIDATE))
        };
        let members = self.members.iter().filter(member_lacks).map(|member| member.id.as_str());
        let accounts = self.accounts.iter().filter(|account| account.address.is_none());
        members.chain(accounts.map(|account| account.id.as_str())).collect()
    }
}
