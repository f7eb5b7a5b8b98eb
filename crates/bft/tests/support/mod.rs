//! A chain of bytes in memory: a real application for the engine, without execution. Its blocks are empty Ethereum blocks whose
//! `extra_data` is the payload, so that hashes, heights and parents are real.

use std::{
    collections::BTreeMap,
    ops::RangeInclusive,
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard},
    time::{Duration, Instant},
};

use polity_bft::{BftConfig, BftHandle, Peer, Timing};
use polity_consensus::{Application, Fatal, Verdict, bft::Key};
use polity_constitution::{Committee, Seat};
use polity_primitives::{B256, Block, Certificate, Evidence, Header, Height, SealedBlock};

pub const CHAIN_ID: u64 = 4242;
pub const BLOCK_TIME_MS: u64 = 50;

/// What survives a restart.
pub struct Chain {
    pub blocks: Vec<(SealedBlock, Certificate)>,
    pub bodies: BTreeMap<B256, Vec<u8>>,
    pub evidence: Vec<Evidence>,
    pub at: Vec<Instant>,
    pub broken: bool,
    pub payload: usize,
    pub hurry: bool,
    pub block_time_ms: u64,
}

impl Default for Chain {
    fn default() -> Self {
        Self {
            blocks: Vec::new(),
            bodies: BTreeMap::new(),
            evidence: Vec::new(),
            at: Vec::new(),
            broken: false,
            payload: 0,
            hurry: false,
            block_time_ms: BLOCK_TIME_MS,
        }
    }
}

#[derive(Clone, Default)]
pub struct Disk(Arc<Mutex<Chain>>);

impl Disk {
    pub fn lock(&self) -> MutexGuard<'_, Chain> {
        self.0.lock().expect("no panic while it was held")
    }

    pub fn tip(&self) -> u64 {
        self.lock().blocks.len() as u64
    }

    pub fn hash(&self, height: u64) -> Option<B256> {
        let at = usize::try_from(height.checked_sub(1)?).ok()?;
        self.lock().blocks.get(at).map(|(block, _)| block.hash)
    }
}

pub struct Bytes {
    pub disk: Disk,
    pub committee: Committee,
}

impl Bytes {
    fn parent(&self) -> B256 {
        self.disk.lock().blocks.last().map_or(B256::ZERO, |(block, _)| block.hash)
    }
}

impl Application for Bytes {
    fn chain_id(&self) -> u64 {
        CHAIN_ID
    }

    fn tip(&self) -> Height {
        Height(self.disk.tip())
    }

    fn committee(&mut self, _: Height) -> Result<Committee, Fatal> {
        Ok(self.committee.clone())
    }

    fn build(&mut self, height: Height, round: u32, now_ms: u64) -> Result<SealedBlock, Fatal> {
        let payload = self.disk.lock().payload;
        let mut extra = [now_ms.to_be_bytes(), u64::from(round).to_be_bytes()].concat();
        extra.resize(extra.len().max(payload), 7);
        let header = Header {
            number: height.0,
            parent_hash: self.parent(),
            timestamp: now_ms / 1000,
            extra_data: extra.into(),
            ..Default::default()
        };
        let block = Block::unsealed(header, Vec::new()).seal();
        self.disk.lock().bodies.insert(block.hash, block.encoded());
        Ok(block)
    }

    fn receive(&mut self, bytes: &[u8], height: Height, _: u64) -> Result<Verdict, Fatal> {
        let Ok(block) = alloy_rlp::decode_exact::<Block>(bytes) else {
            return Ok(Verdict::Invalid(polity_primitives::keccak256(bytes), "not a block".to_owned()));
        };
        let block = block.seal();
        if block.height() != height || block.block.header.parent_hash != self.parent() {
            return Ok(Verdict::Invalid(block.hash, "does not follow the tip".to_owned()));
        }
        self.disk.lock().bodies.insert(block.hash, bytes.to_vec());
        Ok(Verdict::Valid(block.hash))
    }

    fn body(&mut self, hash: &B256) -> Result<Option<Vec<u8>>, Fatal> {
        Ok(self.disk.lock().bodies.get(hash).cloned())
    }

    fn finalize(&mut self, certificate: Certificate) -> Result<(), Fatal> {
        self.committee.verify(CHAIN_ID, &certificate).map_err(|e| Fatal::because(&e))?;
        let mut chain = self.disk.lock();
        if chain.broken {
            return Err(Fatal("the disk is broken".to_owned()));
        }
        let body = chain.bodies.get(&certificate.block_hash).cloned();
        let body = body.ok_or_else(|| Fatal(format!("no body of {}", certificate.block_hash)))?;
        let block: Block = alloy_rlp::decode_exact(&body).map_err(|e| Fatal::because(&e))?;
        chain.blocks.push((block.seal(), certificate));
        chain.at.push(Instant::now());
        Ok(())
    }

    fn enrich(&mut self, certificate: Certificate) -> Result<(), Fatal> {
        self.committee.verify(CHAIN_ID, &certificate).map_err(|e| Fatal::because(&e))?;
        let mut chain = self.disk.lock();
        let at = usize::try_from(certificate.height - 1).expect("small");
        let (_, old) =
            chain.blocks.get_mut(at).ok_or_else(|| Fatal("enriched before finalized".to_owned()))?;
        assert!(certificate.signatures.len() > old.signatures.len(), "richer");
        assert_eq!(certificate.block_hash, old.block_hash);
        *old = certificate;
        Ok(())
    }

    fn decided(&mut self, range: RangeInclusive<Height>) -> Result<Vec<(Vec<u8>, Certificate)>, Fatal> {
        let chain = self.disk.lock();
        let wanted = chain.blocks.iter().filter(|(block, _)| range.contains(&block.height()));
        Ok(wanted.map(|(block, certificate)| (block.encoded(), certificate.clone())).collect())
    }

    fn oldest(&self) -> Height {
        Height(1)
    }

    fn evidence(&mut self, evidence: Evidence) -> Result<(), Fatal> {
        self.disk.lock().evidence.push(evidence);
        Ok(())
    }

    fn ready(&self) -> bool {
        self.disk.lock().hurry
    }

    fn block_time_ms(&self) -> u64 {
        self.disk.lock().block_time_ms
    }
}

/// A validator that can be stopped and started.
pub struct Node {
    pub config: BftConfig,
    pub disk: Disk,
    pub committee: Committee,
    pub handle: Option<BftHandle>,
}

impl Node {
    pub async fn start(&mut self) {
        let app = Bytes { disk: self.disk.clone(), committee: self.committee.clone() };
        let handle = polity_bft::start(self.config.clone(), Box::new(app)).await.expect("starts");
        self.handle = Some(handle);
    }

    pub async fn stop(&mut self) {
        if let Some(handle) = self.handle.take() {
            handle.stop().await;
        }
    }

    pub fn handle(&self) -> &BftHandle {
        self.handle.as_ref().expect("running")
    }
}

fn secret(seed: u8) -> [u8; 32] {
    [seed + 1; 32]
}

pub fn peer_key(seed: u8) -> [u8; 32] {
    let pair = libp2p::identity::Keypair::ed25519_from_bytes(secret(seed)).expect("a key");
    pair.public().try_into_ed25519().expect("ed25519").to_bytes()
}

fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("bound").port()
}

/// `n` validators that know each other, none of them running. Their keys are new.
pub fn network(n: u8, folder: &std::path::Path) -> Vec<Node> {
    let keys: Vec<Key> = (0..n).map(|i| Key::new(secret(i)).expect("a key")).collect();
    let seats = keys
        .iter()
        .map(|k| Seat {
            address: k.address(),
            public_key: k.public().0,
            peer_key: [0; 32],
            peer_key_since: polity_primitives::Height::GENESIS,
            power: 1,
            weight: 1,
        })
        .collect();
    let committee = Committee::new(seats).expect("a committee");
    let ports: Vec<u16> = (0..n).map(|_| free_port()).collect();
    let peers: Vec<Peer> = (0..n)
        .zip(&ports)
        .map(|(i, port)| Peer { key: peer_key(i), addresses: vec![format!("/ip4/127.0.0.1/tcp/{port}")] })
        .collect();
    (0..n)
        .zip(keys.iter().zip(ports))
        .map(|(i, (key, port))| {
            let home: PathBuf = folder.join(format!("n{i}"));
            std::fs::create_dir_all(&home).expect("a folder");
            polity_bft::Guard::create(&home, key.address()).expect("a new key");
            let config = BftConfig {
                home,
                listen: format!("/ip4/127.0.0.1/tcp/{port}"),
                peers: peers.clone(),
                members_only: true,
                moniker: format!("n{i}"),
                peer_secret: secret(i),
                consensus_secret: Some(secret(i)),
                timing: Timing { absent_after_ms: 1500, ..Timing::default() },
            };
            Node { config, disk: Disk::default(), committee: committee.clone(), handle: None }
        })
        .collect()
}

/// Waits until `done`, at most `seconds`; fails with `what`.
pub async fn until(what: &str, seconds: u64, mut done: impl FnMut() -> bool) {
    let start = Instant::now();
    while !done() {
        assert!(start.elapsed() < Duration::from_secs(seconds), "not within {seconds} s: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// All chains agree as far as they go.
pub fn agree(nodes: &[Node]) {
    let longest = nodes.iter().max_by_key(|node| node.disk.tip()).expect("some");
    for node in nodes {
        for height in 1..=node.disk.tip() {
            assert_eq!(node.disk.hash(height), longest.disk.hash(height), "height {height}");
        }
    }
}

/// Anyone can check it: both sayings are signed by `who`, and they differ.
pub fn check_evidence(evidence: &Evidence, who: polity_primitives::Address) {
    use polity_primitives::{proposal_digest, recover_signer, vote_digest};
    match evidence {
        Evidence::DoubleVote { first, second } => {
            let key = |vote: &polity_primitives::SignedVote| (vote.kind, vote.height, vote.round);
            assert_eq!(key(first), key(second));
            assert_ne!(first.block_hash, second.block_hash);
            for vote in [first, second] {
                let digest =
                    vote_digest(CHAIN_ID, vote.kind, Height(vote.height), vote.round, vote.block_hash);
                assert_eq!(recover_signer(digest, &vote.signature), Some(who));
            }
        }
        Evidence::DoubleProposal { height, round, first, second, .. } => {
            assert_ne!((first.0, first.1), (second.0, second.1));
            for (hash, valid_round, signature) in [first, second] {
                let digest = proposal_digest(CHAIN_ID, Height(*height), *round, *valid_round, *hash);
                assert_eq!(recover_signer(digest, signature), Some(who));
            }
        }
        other => panic!("no engine here finds {other:?}"),
    }
}
