//! A chain with an incentive, for the tests beside this file.

use alloy_primitives::{Address, B256, U256, keccak256};
use alloy_sol_types::{SolCall, SolEvent};
use polity_constitution::{Settings, Share, Slash, Standing};
use polity_primitives::{
    AGREEMENT, Accusation, CONSTITUTION, Height, ProposalPair, SYSTEM, Signature, VoteKind, VotePair,
    proposal_digest, vote_digest,
};
use secp256k1::{Message, SECP256K1, SecretKey};

use super::super::{IConstitution as sol, *};
use crate::{
    assembly::tests::{CHARTER, Chain, DAY, account, charter, word},
    directory,
    host::Failure,
    memory::Request,
};

pub(super) const CHAIN_ID: u64 = 77;

/// A reward of 1000 wei a block, tips to the writer, halves for double signing, a week of unbonding.
pub(super) fn settings() -> Settings {
    let mut settings = Settings::default();
    let incentive = &mut settings.incentive;
    incentive.reward = U256::from(1_000);
    incentive.pledge = U256::from(100);
    incentive.unbonding = 7 * DAY;
    incentive.slash = Slash {
        double_sign: Share { num: 1, den: 2 },
        invalid: Share { num: 1, den: 4 },
        downtime: Share { num: 1, den: 100 },
        after: 3,
    };
    settings
}

pub(super) fn score() -> Standing {
    Standing {
        start: 0,
        write: 1,
        absent: -2,
        double_sign: -100,
        invalid: -100,
        suspend_below: Some(-3),
        expel_below: Some(-500),
        max: Some(5),
    }
}

/// The usual charter with these settings and bonds of 1000 wei of each of `bonded`, one day after genesis.
pub(super) fn scene(settings: &Settings, bonded: &[&str]) -> Chain {
    let mut charter = charter(CHARTER);
    charter.consensus = settings.clone();
    for member in charter.members.iter_mut().filter(|member| bonded.contains(&member.id.as_str())) {
        member.bond_wei = U256::from(1_000);
    }
    let memory = crate::genesis::memory(&charter).unwrap_or_else(|error| panic!("{error}"));
    let mut chain = Chain { memory };
    chain.next(DAY);
    chain
}

pub(super) fn secret(member: &str) -> SecretKey {
    SecretKey::from_byte_array(keccak256(member).0).expect("a key")
}

/// The consensus address of a member's node.
pub(super) fn node(member: &str) -> Address {
    Address::from_raw_public_key(&secret(member).public_key(SECP256K1).serialize_uncompressed()[1..])
}

pub(super) fn sign(digest: B256, member: &str) -> Signature {
    let message = Message::from_digest(digest.0);
    let (id, rs) = SECP256K1.sign_ecdsa_recoverable(message, &secret(member)).serialize_compact();
    let mut bytes = [0; 65];
    bytes[..64].copy_from_slice(&rs);
    bytes[64] = 27 + u8::try_from(i32::from(id)).expect("0..4");
    Signature::from(bytes)
}

/// Two precommits of one round, signed by `first` and `second` for the hashes `a` and `b`.
pub(super) fn votes(height: u64, round: u32, (first, a): (&str, u8), (second, b): (&str, u8)) -> Vec<u8> {
    let (a, b) = (B256::repeat_byte(a), B256::repeat_byte(b));
    let digest = |hash| {
        vote_digest(
            CHAIN_ID,
            VoteKind::Precommit,
            Height(height),
            round,
            Some(hash).filter(|h: &B256| !h.is_zero()),
        )
    };
    let pair = VotePair {
        kind: 2,
        height,
        round,
        first_hash: a,
        first: sign(digest(a), first),
        second_hash: b,
        second: sign(digest(b), second),
    };
    Accusation::DoubleVote(pair).to_bytes().to_vec()
}

/// Two proposals of `who` for one round.
pub(super) fn proposals(height: u64, round: u32, who: &str) -> Vec<u8> {
    let (a, b) = (B256::repeat_byte(1), B256::repeat_byte(2));
    let digest = |hash| proposal_digest(CHAIN_ID, Height(height), round, None, hash);
    let pair = ProposalPair {
        height,
        round,
        first_hash: a,
        first_valid: 0,
        first: sign(digest(a), who),
        second_hash: b,
        second_valid: 0,
        second: sign(digest(b), who),
    };
    Accusation::DoubleProposal(pair).to_bytes().to_vec()
}

/// Calls the constitution with value that `who` gets for that: the answer, or the error's name.
pub(super) fn pay<C: SolCall>(
    chain: &mut Chain,
    who: Address,
    value: u64,
    call: &C,
) -> Result<C::Return, String> {
    let value = U256::from(value);
    chain.memory.mint(who, value);
    let request = Request { value, ..Request::new(who, CONSTITUTION, call.abi_encode()) };
    let result = chain.memory.call(&request).result;
    if result.is_err() {
        let account = chain.memory.accounts()[&who].clone();
        let balance = account.balance - value;
        chain.memory.set_account(who, crate::memory::MemoryAccount { balance, ..account });
    }
    answer::<C>(result)
}

pub(super) fn answer<C: SolCall>(
    result: crate::Result<alloy_primitives::Bytes>,
) -> Result<C::Return, String> {
    match result {
        Ok(output) => Ok(C::abi_decode_returns(&output).expect("an answer of the ABI")),
        Err(Failure::Revert(output)) => Err(directory::error_name(&output).expect("an error of the ABI")),
        Err(Failure::Halt(halt)) => panic!("{halt}"),
    }
}

pub(super) fn send<C: SolCall>(chain: &mut Chain, who: Address, call: &C) -> Result<C::Return, String> {
    answer::<C>(chain.call(who, CONSTITUTION, call).result)
}

pub(super) fn ask<C: SolCall>(chain: &Chain, call: &C) -> C::Return {
    let mut chain = chain.clone();
    send(&mut chain, Address::ZERO, call).unwrap_or_else(|error| panic!("{}: {error}", C::SIGNATURE))
}

/// The next block, `secs` later, whose accounts say who wrote it and who missed a turn.
pub(super) fn block(chain: &mut Chain, secs: u64, writer: &str, missed: &[&str]) {
    chain.next(secs);
    let missed = missed.iter().map(|member| node(member)).collect();
    let call = sol::closeCall { writer: node(writer), missed };
    send(chain, SYSTEM, &call).unwrap_or_else(|error| panic!("close: {error}"));
}

pub(super) fn stake(chain: &Chain, member: &str) -> sol::Stake {
    ask(chain, &sol::stakeOfCall { member: word(member) })
}

pub(super) fn standing(chain: &Chain, member: &str) -> i64 {
    ask(chain, &sol::standingOfCall { member: word(member) }).score
}

/// Wei there are, of all accounts.
pub(super) fn supply(chain: &Chain) -> U256 {
    chain.memory.accounts().values().map(|account| account.balance).sum()
}

/// Events of type `E` in the last call or before, all that are kept.
pub(super) fn events<E: SolEvent>(chain: &Chain) -> Vec<E> {
    let decode = |log: &alloy_primitives::Log| E::decode_log(log).ok().map(|log| log.data);
    chain.memory.logs().iter().filter_map(decode).collect()
}

/// Calls as a decision.
pub(super) fn decide<C: SolCall>(chain: &mut Chain, call: &C) -> Result<C::Return, String> {
    send(chain, AGREEMENT, call)
}

pub(super) fn holder(member: &str) -> Address {
    account(member)
}

/// The error's name.
pub(super) fn refused<T>(result: Result<T, String>) -> String {
    result.err().unwrap_or_else(|| "taken".to_owned())
}
