//! Blocks, headers, receipts of whole blocks. There are no uncles, ever.

use std::sync::Arc;

use alloy_primitives::U64;
use alloy_rpc_types_eth::{BlockId, BlockNumberOrTag};
use polity_ledger::ExecutedBlock;
use polity_primitives::B256;

use crate::{
    api::{Api, was_free},
    args::Args,
    convert,
    error::Failure,
    method::Answer,
};

type Found = Result<Option<Arc<ExecutedBlock>>, Failure>;

fn of_hash(api: &Api, args: &Args<'_>) -> Found {
    api.block(args.get::<B256>(0)?.into())
}

fn of_number(api: &Api, args: &Args<'_>) -> Found {
    api.block(args.get::<BlockNumberOrTag>(0)?.into())
}

fn show(api: &Api, args: &Args<'_>, block: Option<Arc<ExecutedBlock>>) -> Result<Answer, Failure> {
    let full = args.opt(1)?.unwrap_or(false);
    api.answer(&block.map(|block| convert::block(&block, full, api.chain_id(), was_free(&block))))
}

fn count(api: &Api, block: Option<Arc<ExecutedBlock>>) -> Result<Answer, Failure> {
    api.answer(&block.map(|block| U64::from(block.transactions.len())))
}

fn uncle_count(api: &Api, block: Option<Arc<ExecutedBlock>>) -> Result<Answer, Failure> {
    api.answer(&block.map(|_| U64::ZERO))
}

pub(super) fn by_hash(api: &Api, args: &Args<'_>) -> Result<Answer, Failure> {
    show(api, args, of_hash(api, args)?)
}

pub(super) fn by_number(api: &Api, args: &Args<'_>) -> Result<Answer, Failure> {
    show(api, args, of_number(api, args)?)
}

pub(super) fn header_by_hash(api: &Api, args: &Args<'_>) -> Result<Answer, Failure> {
    api.answer(&of_hash(api, args)?.map(|block| convert::header(&block)))
}

pub(super) fn header_by_number(api: &Api, args: &Args<'_>) -> Result<Answer, Failure> {
    api.answer(&of_number(api, args)?.map(|block| convert::header(&block)))
}

pub(super) fn receipts(api: &Api, args: &Args<'_>) -> Result<Answer, Failure> {
    let block = api.block(args.get::<BlockId>(0)?)?;
    api.answer(&block.map(|block| convert::receipts(&block, was_free(&block))))
}

pub(super) fn count_by_hash(api: &Api, args: &Args<'_>) -> Result<Answer, Failure> {
    count(api, of_hash(api, args)?)
}

pub(super) fn count_by_number(api: &Api, args: &Args<'_>) -> Result<Answer, Failure> {
    count(api, of_number(api, args)?)
}

pub(super) fn uncle_count_by_hash(api: &Api, args: &Args<'_>) -> Result<Answer, Failure> {
    uncle_count(api, of_hash(api, args)?)
}

pub(super) fn uncle_count_by_number(api: &Api, args: &Args<'_>) -> Result<Answer, Failure> {
    uncle_count(api, of_number(api, args)?)
}

pub(super) fn uncle(api: &Api, _: &Args<'_>) -> Result<Answer, Failure> {
    api.answer(&())
}
