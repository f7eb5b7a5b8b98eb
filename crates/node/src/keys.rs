//! Secrets: made, derived, kept in files that only their owner reads.

use std::{collections::BTreeMap, fs, io::Write as _, os::unix::fs::OpenOptionsExt as _, path::Path};

use alloy_primitives::{Address, B256, hex, keccak256};
use polity_charter::{Charter, MemberKeys, NodeKeys, Rights};
use rand::{RngCore as _, rngs::OsRng};
use secp256k1::{SECP256K1, SecretKey};
use serde::{Deserialize, Serialize};

/// Why a key is unusable.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// Not 32 bytes of hex, or not a key.
    #[error("not a secret key: expected 0x and 64 hex digits")]
    Malformed,
    /// The file cannot be read or written.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file is not what it should be.
    #[error("{path}: {reason}")]
    File {
        /// The file.
        path: String,
        /// What is wrong.
        reason: String,
    },
}

/// 32 secret bytes. Never printed by `Debug`.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secret(B256);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl Secret {
    /// A fresh secret from the operating system.
    #[must_use]
    pub fn random() -> Self {
        loop {
            let mut bytes = [0; 32];
            OsRng.fill_bytes(&mut bytes);
            if let Ok(secret) = Self::new(bytes) {
                return secret;
            }
        }
    }

    /// A secret anyone can compute: for local networks only.
    #[must_use]
    pub fn local(charter: &str, owner: &str, role: &str) -> Self {
        Self(keccak256(format!("polity local key: {charter}/{owner}/{role}")))
    }

    /// Takes `bytes` if they are a key of secp256k1.
    ///
    /// # Errors
    /// [`KeyError::Malformed`].
    pub fn new(bytes: [u8; 32]) -> Result<Self, KeyError> {
        SecretKey::from_byte_array(bytes).map_err(|_| KeyError::Malformed)?;
        Ok(Self(bytes.into()))
    }

    /// Reads `0x…`.
    ///
    /// # Errors
    /// [`KeyError::Malformed`].
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        Self::new(hex::decode_to_array(text.trim()).map_err(|_| KeyError::Malformed)?)
    }

    /// The bytes.
    #[must_use]
    pub const fn bytes(&self) -> [u8; 32] {
        self.0.0
    }

    /// `0x…`.
    #[must_use]
    pub fn to_hex(&self) -> String {
        hex::encode_prefixed(self.0)
    }

    fn signing_key(&self) -> SecretKey {
        SecretKey::from_byte_array(self.0.0)
            .expect("checked when made; a hash is a key but for odds of 2^-128")
    }

    /// The compressed public key.
    #[must_use]
    pub fn public_key(&self) -> [u8; 33] {
        self.signing_key().public_key(SECP256K1).serialize()
    }

    /// The Ethereum address.
    #[must_use]
    pub fn address(&self) -> Address {
        let public = self.signing_key().public_key(SECP256K1).serialize_uncompressed();
        Address::from_raw_public_key(&public[1..])
    }
}

/// Secrets of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeSecrets {
    /// secp256k1: signs consensus votes.
    pub consensus: Secret,
    /// ed25519: authenticates connections.
    pub peer: Secret,
}

impl NodeSecrets {
    /// The public halves.
    ///
    /// # Errors
    /// [`KeyError::Malformed`].
    pub fn public(&self) -> Result<NodeKeys, KeyError> {
        let peer = polity_network::public_key(&self.peer.bytes()).map_err(|_| KeyError::Malformed)?;
        Ok(NodeKeys { consensus: self.consensus.public_key(), peer })
    }
}

/// Secrets of a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemberSecrets {
    /// Acts for the member.
    pub account: Secret,
    /// Replaces a lost account key.
    pub recovery: Secret,
    /// Of its node, if it runs one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node: Option<NodeSecrets>,
}

/// A funded account and its key, as `polity up` prints it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AccountSecret {
    /// Member or account id.
    pub id: String,
    /// Its address.
    pub address: Address,
    /// Its secret.
    pub key: String,
}

/// All secrets of a network that one machine made.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Secrets {
    /// By member id.
    #[serde(default)]
    pub members: BTreeMap<String, MemberSecrets>,
    /// By account id.
    #[serde(default)]
    pub accounts: BTreeMap<String, Secret>,
}

impl Secrets {
    /// Makes what `charter` misses, with `make(owner, role)`.
    pub fn missing(charter: &Charter, make: impl Fn(&str, &str) -> Secret) -> Self {
        let missing = charter.missing_keys();
        let member = |id: &str| {
            let member = charter.member(id)?;
            let validates = charter.rights_of(member).contains(Rights::VALIDATE);
            let node =
                validates.then(|| NodeSecrets { consensus: make(id, "consensus"), peer: make(id, "peer") });
            Some((
                id.to_owned(),
                MemberSecrets { account: make(id, "account"), recovery: make(id, "recovery"), node },
            ))
        };
        Self {
            members: missing.iter().filter_map(|id| member(id)).collect(),
            accounts: missing
                .iter()
                .filter(|id| charter.member(id).is_none())
                .map(|id| ((*id).to_owned(), make(id, "account")))
                .collect(),
        }
    }

    /// The public halves, as the charter takes them.
    ///
    /// # Errors
    /// [`KeyError::Malformed`].
    pub fn public(&self) -> Result<BTreeMap<String, MemberKeys>, KeyError> {
        let member = |(id, secrets): (&String, &MemberSecrets)| {
            let keys = MemberKeys {
                address: secrets.account.address(),
                recovery: secrets.recovery.address(),
                node: secrets.node.map(|node| node.public()).transpose()?,
            };
            Ok((id.clone(), keys))
        };
        let account = |(id, secret): (&String, &Secret)| {
            let address = secret.address();
            Ok((id.clone(), MemberKeys { address, recovery: address, node: None }))
        };
        self.members.iter().map(member).chain(self.accounts.iter().map(account)).collect()
    }

    /// Accounts and members with their keys: accounts first.
    #[must_use]
    pub fn list(&self) -> Vec<AccountSecret> {
        let entry = |id: &String, secret: &Secret| AccountSecret {
            id: id.clone(),
            address: secret.address(),
            key: secret.to_hex(),
        };
        let accounts = self.accounts.iter().map(|(id, secret)| entry(id, secret));
        accounts.chain(self.members.iter().map(|(id, member)| entry(id, &member.account))).collect()
    }

    /// The account key of a member or account.
    #[must_use]
    pub fn account(&self, id: &str) -> Option<Secret> {
        self.accounts.get(id).copied().or_else(|| self.members.get(id).map(|member| member.account))
    }
}

/// Writes `value` as TOML to a new file that only its owner reads.
pub(crate) fn write_secret<T: Serialize>(path: &Path, value: &T) -> Result<(), KeyError> {
    let io = |source| KeyError::Io { path: path.display().to_string(), source };
    let text = toml::to_string(value)
        .map_err(|error| KeyError::File { path: path.display().to_string(), reason: error.to_string() })?;
    let mut file =
        fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path).map_err(io)?;
    file.write_all(text.as_bytes()).map_err(io)
}

/// Reads a TOML file of secrets.
pub(crate) fn read_secret<T: for<'de> Deserialize<'de>>(path: &Path) -> Result<T, KeyError> {
    let text = fs::read_to_string(path)
        .map_err(|source| KeyError::Io { path: path.display().to_string(), source })?;
    // The message of the parser would quote the secret line.
    toml::from_str(&text).map_err(|error: toml::de::Error| KeyError::File {
        path: path.display().to_string(),
        reason: error.message().to_owned(),
    })
}
