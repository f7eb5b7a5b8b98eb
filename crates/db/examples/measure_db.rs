//! What the database costs on this machine: `cargo run --release -p polity-db --example measure_db`.
//!
//! The baseline is the same number of bytes appended to a plain file and synced.
#![allow(clippy::print_stdout, clippy::disallowed_methods)]

use std::{
    collections::BTreeMap,
    fs::File,
    io::Write,
    path::Path,
    time::{Duration, Instant},
};

use alloy_consensus::{Signed, TxEip1559, TxEnvelope};
use polity_db::{BlockCommit, Db, Options};
use polity_primitives::{
    Account, AccountChange, Address, B256, Block, Bytes, Certificate, CommitSignature, Header, Height,
    Receipt, SealedBlock, Signature, StateChanges, Transaction, U256, keccak256,
};

const ACCOUNTS: u64 = 1_000_000;
const CHANGED: u64 = 10_000;
const BLOCKS: u64 = 100;

fn address(i: u64) -> Address {
    Address::from_slice(&keccak256(i.to_be_bytes())[12..])
}

/// Resident memory of this process. Units: MB.
fn resident() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    statm.split_whitespace().nth(1).and_then(|pages| pages.parse::<u64>().ok()).unwrap_or_default() * 4096
        / 1_000_000
}

/// Bytes below `path`. Units: MB.
fn disk(path: &Path) -> u64 {
    fn bytes(path: &Path) -> u64 {
        use std::os::unix::fs::MetadataExt;
        let entries = std::fs::read_dir(path).expect("reads").flatten();
        entries
            .map(|entry| {
                if entry.path().is_dir() {
                    bytes(&entry.path())
                } else {
                    entry.metadata().map_or(0, |m| m.blocks() * 512)
                }
            })
            .sum()
    }
    bytes(path) / 1_000_000
}

/// CPU time this thread has used, so that a busy machine does not count. Zero where the system does not tell.
fn cpu() -> Duration {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    Duration::from_nanos(stat.split_whitespace().next().and_then(|ns| ns.parse().ok()).unwrap_or_default())
}

/// Wall time and this thread's CPU time.
#[derive(Clone, Copy, PartialEq, PartialOrd)]
struct Time(Duration, Duration);

impl std::fmt::Debug for Time {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:.1?} (CPU {:.1?})", self.0, self.1)
    }
}

impl Time {
    fn each(self, count: u32) -> Self {
        Self(self.0 / count, self.1 / count)
    }
}

fn timed<T>(work: impl FnOnce() -> T) -> (T, Time) {
    let (start, used) = (Instant::now(), cpu());
    let value = work();
    (value, Time(start.elapsed(), cpu().saturating_sub(used)))
}

struct Made {
    block: SealedBlock,
    tx_hashes: Vec<B256>,
    senders: Vec<Address>,
    receipts: Vec<Receipt>,
    changes: StateChanges,
    certificate: Certificate,
}

/// A block of `CHANGED` transfers, which change as many accounts.
fn make(height: u64, parent: B256, who: impl Fn(u64) -> u64, before: Option<u64>) -> Made {
    let account = |nonce| Account { nonce, balance: U256::from(10u64.pow(18) + nonce), ..Default::default() };
    let transactions: Vec<Transaction> = (0..CHANGED)
        .map(|i| {
            let tx = TxEip1559 {
                chain_id: 1,
                nonce: height,
                gas_limit: 21_000,
                to: address(who(i)).into(),
                value: U256::from(10u64.pow(17)),
                ..Default::default()
            };
            let (r, s) =
                (keccak256([height.to_be_bytes(), i.to_be_bytes()].concat()), keccak256(i.to_be_bytes()));
            let signature = alloy_primitives::Signature::new(r.into(), s.into(), false);
            Transaction::Signed(TxEnvelope::from(Signed::new_unhashed(tx, signature)))
        })
        .collect();
    let receipts: Vec<Receipt> = (1..=CHANGED)
        .map(|i| Receipt { tx_type: 2, success: true, cumulative_gas_used: 21_000 * i, logs: Vec::new() })
        .collect();
    let accounts: BTreeMap<Address, AccountChange> = (0..CHANGED)
        .map(|i| {
            let change = AccountChange {
                before: before.map(account),
                after: Some(account(height)),
                ..Default::default()
            };
            (address(who(i)), change)
        })
        .collect();
    let mut block = Block {
        header: Header {
            number: height,
            parent_hash: parent,
            receipts_root: Receipt::root(&receipts),
            ..Default::default()
        },
        transactions,
        seal: Bytes::copy_from_slice(&height.to_be_bytes()),
    };
    block.header.transactions_root = block.transactions_root();
    let tx_hashes = block.transactions.iter().map(Transaction::hash).collect();
    let block = block.seal();
    let signature = CommitSignature { validator: address(0), signature: Signature::repeat_byte(1) };
    let certificate =
        Certificate { height, round: 0, block_hash: block.hash, signatures: vec![signature; 4] };
    let senders = (0..CHANGED).map(address).collect();
    Made {
        block,
        tx_hashes,
        senders,
        receipts,
        changes: StateChanges { accounts, ..Default::default() },
        certificate,
    }
}

fn main() {
    let home = tempfile::tempdir_in(std::env::args().nth(1).unwrap_or_else(|| ".".into())).expect("folder");
    let db = Db::open(home.path(), Options::default()).expect("creates");
    let mut parent = B256::ZERO;
    let mut commit = |made: &Made| {
        parent = made.block.hash;
        let Made { block, tx_hashes, senders, receipts, changes, certificate } = made;
        let commit =
            BlockCommit { block, senders, tx_hashes, receipts, changes, certificate: Some(certificate) };
        let ((), time) = timed(|| db.commit(&commit).expect("commits"));
        (parent, time)
    };
    let mut last = B256::ZERO;
    let (mut height, creations) = (0, ACCOUNTS / CHANGED);
    while height < creations {
        (last, _) = commit(&make(height, last, |i| height * CHANGED + i, None));
        height += 1;
    }
    println!(
        "{ACCOUNTS} accounts in {creations} blocks: {} MB on disk, {} MB resident",
        disk(home.path()),
        resident()
    );
    let mut times = Vec::new();
    while height < creations + BLOCKS {
        let made = make(height, last, |i| (i * 97 + height * 31) % ACCOUNTS, Some(1));
        db.put_candidate(Height(height), &made.block.hash, &made.block.encoded()).expect("keeps");
        let time;
        (last, time) = commit(&made);
        times.push(time);
        height += 1;
    }
    times.sort_by_key(|time: &Time| time.0);
    let bytes = CHANGED * (115 + 20 + 12 + 45 + (20 + 14) * 2 + 29 + 14);
    let plain = {
        let mut file = File::create(home.path().join("plain")).expect("file");
        let bytes = vec![7u8; usize::try_from(bytes).expect("fits")];
        let mut times: Vec<_> = (0..20)
            .map(|_| timed(|| file.write_all(&bytes).and_then(|()| file.sync_data()).expect("writes")).1)
            .collect();
        times.sort_by_key(|time: &Time| time.0);
        times[10]
    };
    std::fs::remove_file(home.path().join("plain")).expect("removes");
    let (median, worst) = (times[times.len() / 2], times[times.len() - 1]);
    println!(
        "commit of {CHANGED} transfers and accounts (about {} MB): median {median:?}, worst {worst:?}; a plain file {plain:?}: ratio {:.1}",
        bytes / 1_000_000,
        median.0.as_secs_f64() / plain.0.as_secs_f64()
    );
    println!("{} MB on disk, {} MB resident", disk(home.path()), resident());
    let ((), close) = timed(|| drop(db));
    let (db, open) = timed(|| Db::open(home.path(), Options::default()).expect("opens"));
    println!("close {close:?}, reopen {open:?}, {} MB resident", resident());
    let (count, load) = timed(|| db.load_state(&mut |_, _, _| {}).expect("reads"));
    println!("load {count} accounts: {load:?}, {} MB resident", resident());
    let far = Height(creations);
    let (found, time) = timed(|| {
        (0..CHANGED).filter(|i| db.account_before(&address(i * 97), far).expect("reads").is_some()).count()
    });
    println!(
        "{CHANGED} reads of history, {found} found: {:?} each",
        time.each(u32::try_from(CHANGED).unwrap_or(1))
    );
}
