//! What all nodes agree on at the end, and the proof.

use std::{
    thread,
    time::{Duration, Instant},
};

use alloy_primitives::{B256, U64};
use polity_constitution::{Committee, Seat};
use polity_primitives::Certificate;
use serde_json::{Value, json};

use super::story::{STALL_MAX, Story};
use crate::output::Failure;

impl Story<'_> {
    /// What all four nodes agree on.
    pub(super) fn summary(&mut self) -> Result<Value, Failure> {
        let height = self.next - 1;
        let mut views = Vec::new();
        for client in &self.clients {
            let since = Instant::now();
            while client.block_number()? < height && since.elapsed() < STALL_MAX {
                thread::sleep(Duration::from_millis(20));
            }
            let block: Value = client.call("eth_getBlockByNumber", json!([U64::from(height), false]))?;
            views.push((block["hash"].clone(), block["stateRoot"].clone()));
        }
        let agree = views.iter().all(|view| view == &views[0]);
        let (hash, root) = (views[0].0.clone(), views[0].1.clone());
        let proof: Value = self.client().call("polity_getCertificate", json!([height]))?;
        let certificate: Certificate = serde_json::from_value(proof["certificate"].clone())?;
        let verified = self.verify(&certificate, &proof, &hash);
        let treasury: Vec<Value> = self.client().call("polity_treasury", json!([]))?;
        self.say(&format!(
            "\nBlock {height} on all four nodes:\n  hash        {}\n  state root  {}",
            hash.as_str().unwrap_or_default(),
            root.as_str().unwrap_or_default()
        ));
        self.say(&format!(
            "  certificate round {}, {} of {} signatures",
            certificate.round,
            certificate.signatures.len(),
            proof["committee"]["seats"].as_array().map_or(0, Vec::len)
        ));
        for account in &treasury {
            self.say(&format!(
                "  treasury    {:<16} {}",
                account["name"].as_str().unwrap_or_default(),
                account["balance"].as_str().unwrap_or_default()
            ));
        }
        self.checks.compare("all four nodes have the same block and state root", true, agree);
        self.checks.compare("the certificate verifies, by recovering its signatures here", "valid", verified);
        Ok(
            json!({ "height": height, "hash": hash, "stateRoot": root, "certificate": certificate, "treasury": treasury }),
        )
    }

    /// Checks a certificate with nothing but its committee.
    fn verify(&self, certificate: &Certificate, proof: &Value, hash: &Value) -> String {
        let seat = |seat: &Value| {
            let key: alloy_primitives::Bytes = serde_json::from_value(seat["publicKey"].clone()).ok()?;
            Some(Seat {
                address: serde_json::from_value(seat["address"].clone()).ok()?,
                public_key: key.as_ref().try_into().ok()?,
                power: seat["power"].as_u64()?,
                // A certificate counts votes; who proposes is no part of it.
                peer_key: [0; 32],
                peer_key_since: polity_primitives::Height::GENESIS,
                weight: 1,
            })
        };
        let seats: Option<Vec<Seat>> =
            proof["committee"]["seats"].as_array().into_iter().flatten().map(seat).collect();
        let named: Option<B256> = serde_json::from_value(hash.clone()).ok();
        let Some(Ok(committee)) = seats.map(Committee::new) else { return "no committee".to_owned() };
        if named != Some(certificate.block_hash) {
            return "it is of another block".to_owned();
        }
        match committee.verify(self.charter.chain_id, certificate) {
            Ok(()) => "valid".to_owned(),
            Err(error) => error.to_string(),
        }
    }
}
