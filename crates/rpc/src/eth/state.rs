//! Accounts, code, storage and proofs, at any block the node still keeps.

use alloy_primitives::{B256, U64, U256};
use alloy_rpc_types_eth::{BlockId, BlockNumberOrTag, EIP1186AccountProofResponse, EIP1186StorageProof};
use alloy_serde::JsonStorageKey;
use polity_primitives::{Address, Bytes, KECCAK_EMPTY};

use crate::{api::Api, args::Args, config::PROOF_SLOTS_MAX, error::Failure, method::Answer};

pub(super) fn balance(api: &Api, args: &Args<'_>) -> Result<Answer, Failure> {
    let account = api.state(args.opt(1)?)?.account(&args.get::<Address>(0)?)?;
    api.answer(&account.map_or(U256::ZERO, |account| account.balance))
}

pub(super) fn code(api: &Api, args: &Args<'_>) -> Result<Answer, Failure> {
    let address: Address = args.get(0)?;
    let state = api.state(args.opt(1)?)?;
    let code = match state.account(&address)? {
        Some(account) if account.code_hash != KECCAK_EMPTY => state.code(&account.code_hash)?,
        _ => Bytes::new(),
    };
    api.answer(&code)
}

pub(super) fn storage(api: &Api, args: &Args<'_>) -> Result<Answer, Failure> {
    let (address, slot): (Address, JsonStorageKey) = (args.get(0)?, args.get(1)?);
    let value = api.state(args.opt(2)?)?.storage(&address, &slot.as_b256().into())?;
    api.answer(&B256::from(value))
}

/// The nonce; `pending` counts what waits without a gap.
pub(super) fn nonce(api: &Api, args: &Args<'_>) -> Result<Answer, Failure> {
    let address: Address = args.get(0)?;
    let block: Option<BlockId> = args.opt(1)?;
    let account = api.state(block)?.account(&address)?;
    let mut nonce = account.map_or(0, |account| account.nonce);
    if block == Some(BlockNumberOrTag::Pending.into()) {
        nonce = api.ledger.mempool().next_nonce(&address, nonce);
    }
    api.answer(&U64::from(nonce))
}

pub(super) fn proof(api: &Api, args: &Args<'_>) -> Result<Answer, Failure> {
    let address: Address = args.get(0)?;
    let keys: Vec<JsonStorageKey> = args.opt(1)?.unwrap_or_default();
    if keys.len() > PROOF_SLOTS_MAX {
        return Err(
            args.wrong(1, format!("{} slots, at most {PROOF_SLOTS_MAX} are proved at once", keys.len()))
        );
    }
    let slots: Vec<U256> = keys.iter().map(|key| key.as_b256().into()).collect();
    let proof = api.state(args.opt(2)?)?.proof(&address, &slots)?;
    let account = proof.account.unwrap_or_default();
    api.answer(&EIP1186AccountProofResponse {
        address,
        balance: account.balance,
        code_hash: account.code_hash,
        nonce: account.nonce,
        storage_hash: proof.storage_root,
        account_proof: proof.proof,
        storage_proof: keys
            .into_iter()
            .zip(proof.storage)
            .map(|(key, slot)| EIP1186StorageProof { key, value: slot.value, proof: slot.proof })
            .collect(),
    })
}
