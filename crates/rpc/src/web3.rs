//! `web3_*`, and `rpc_modules`.

use std::collections::BTreeMap;

use polity_primitives::{Bytes, keccak256};

use crate::{
    api::Api,
    args::Args,
    error::Failure,
    method::{Answer, Method, Weight::Light},
};

pub(crate) const METHODS: &[Method] = &[
    Method::new("web3_clientVersion", &[], Light, client_version),
    Method::new("web3_sha3", &["data"], Light, sha3),
    Method::new("rpc_modules", &[], Light, modules),
];

fn client_version(api: &Api, _: &Args<'_>) -> Result<Answer, Failure> {
    api.answer(&api.node.version())
}

fn sha3(api: &Api, args: &Args<'_>) -> Result<Answer, Failure> {
    api.answer(&keccak256(args.get::<Bytes>(0)?))
}

fn modules(api: &Api, _: &Args<'_>) -> Result<Answer, Failure> {
    let modules: BTreeMap<_, _> = api.methods.namespaces().into_iter().map(|name| (name, "1.0")).collect();
    api.answer(&modules)
}
