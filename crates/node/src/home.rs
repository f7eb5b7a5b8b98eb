//! A node's home on disk.

use std::{
    fs,
    net::{IpAddr, SocketAddr},
    path::{Path, PathBuf},
};

use polity_primitives::B256;
use polity_work::MinerConfig;
use serde::{Deserialize, Serialize};

use crate::keys::{KeyError, NodeSecrets, read_secret, write_secret};

/// Why a home is unusable.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HomeError {
    /// There is none.
    #[error("{0} is no node's home: it has no node.toml. `polity init CHARTER --dir DIR` makes homes")]
    Missing(PathBuf),
    /// A file cannot be read or written.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A file does not parse.
    #[error("{path}: {reason}")]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong, with line and column.
        reason: String,
    },
    /// Its keys have served another chain.
    #[error(
        "{path}: the keys here have served the chain of genesis block {found}, and the charter here founds that of {ours}. What was signed \
         there could be held against them here: give the new chain a new chain id or new keys, and a home of its own"
    )]
    OtherChain {
        /// The record.
        path: PathBuf,
        /// Whose it is.
        found: String,
        /// What runs now.
        ours: B256,
    },
    /// The keys.
    #[error(transparent)]
    Keys(#[from] KeyError),
}

/// Ports of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ports {
    /// JSON-RPC, HTTP and WebSocket.
    pub rpc: u16,
    /// Consensus.
    pub consensus: u16,
    /// Transactions.
    pub gossip: u16,
}

/// What the RPC server allows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RpcSettings {
    /// Address to listen on; loopback unless set.
    pub host: Option<IpAddr>,
    /// Origins that browsers may call from; `["*"]` for any.
    #[serde(default)]
    pub cors: Vec<String>,
    /// Host names a request may name besides loopback.
    #[serde(default)]
    pub allowed_hosts: Vec<String>,
}

/// How to reach another member's node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PeerSettings {
    /// Member that runs it, by id; its keys are in the charter.
    pub member: String,
    /// `host:port` of consensus.
    pub consensus: SocketAddr,
    /// `host:port` of transactions.
    pub gossip: SocketAddr,
}

/// `node.toml`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NodeSettings {
    /// Member that runs this node, by id; none for an observer.
    pub member: Option<String>,
    /// Address peers reach it at.
    pub host: IpAddr,
    /// Its ports; an RPC port of 0 means any free one.
    pub ports: Ports,
    /// The other nodes it knows how to reach. Members that are not listed may still connect.
    #[serde(default)]
    pub peers: Vec<PeerSettings>,
    /// The RPC server.
    #[serde(default)]
    pub rpc: RpcSettings,
    /// How much of this machine mining may take, where the members chose work.
    #[serde(default)]
    pub work: MinerConfig,
}

/// A home directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Home(pub PathBuf);

impl Home {
    /// `charter.toml`.
    #[must_use]
    pub fn charter(&self) -> PathBuf {
        self.0.join("charter.toml")
    }

    /// `db/`.
    #[must_use]
    pub fn db(&self) -> PathBuf {
        self.0.join("db")
    }

    /// `wal/`.
    #[must_use]
    pub fn wal(&self) -> PathBuf {
        self.0.join("wal")
    }

    /// Writes a new home.
    ///
    /// # Errors
    /// [`HomeError`].
    pub fn create(
        &self,
        charter: &str,
        settings: &NodeSettings,
        secrets: &NodeSecrets,
    ) -> Result<(), HomeError> {
        let io = |path: &Path| {
            let path = path.to_owned();
            move |source| HomeError::Io { path, source }
        };
        fs::create_dir_all(&self.0).map_err(io(&self.0))?;
        fs::write(self.charter(), charter).map_err(io(&self.charter()))?;
        write_secret(&self.0.join("keys.toml"), secrets)?;
        self.save_settings(settings)
    }

    /// Notes which chain the keys of this home serve, once; the file `chain` stays when `db/` and `wal/` are removed.
    ///
    /// # Errors
    /// [`HomeError::OtherChain`] if they have served another.
    pub(crate) fn serve(&self, genesis: B256) -> Result<(), HomeError> {
        let path = self.0.join("chain");
        let found = match fs::read_to_string(&path) {
            Ok(found) => found.trim().to_owned(),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
            Err(source) => return Err(HomeError::Io { path, source }),
        };
        if found.is_empty() {
            // Never written, or cut short when the power failed.
            return fs::write(&path, format!("{genesis}\n")).map_err(|source| HomeError::Io { path, source });
        }
        let ours = genesis;
        if found == ours.to_string() { Ok(()) } else { Err(HomeError::OtherChain { path, found, ours }) }
    }

    /// Writes `node.toml`.
    ///
    /// # Errors
    /// [`HomeError`].
    pub fn save_settings(&self, settings: &NodeSettings) -> Result<(), HomeError> {
        let path = self.0.join("node.toml");
        let text = toml::to_string(settings)
            .map_err(|error| HomeError::Malformed { path: path.clone(), reason: error.to_string() })?;
        fs::write(&path, text).map_err(|source| HomeError::Io { path, source })
    }

    /// Reads `node.toml`.
    ///
    /// # Errors
    /// [`HomeError`].
    pub fn settings(&self) -> Result<NodeSettings, HomeError> {
        let path = self.0.join("node.toml");
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(HomeError::Missing(self.0.clone()));
            }
            Err(source) => return Err(HomeError::Io { path, source }),
        };
        toml::from_str(&text).map_err(|error| HomeError::Malformed { path, reason: error.to_string() })
    }

    /// Reads `keys.toml`.
    ///
    /// # Errors
    /// [`HomeError`].
    pub fn secrets(&self) -> Result<NodeSecrets, HomeError> {
        Ok(read_secret(&self.0.join("keys.toml"))?)
    }

    /// Reads `charter.toml`.
    ///
    /// # Errors
    /// [`HomeError`].
    pub fn charter_text(&self) -> Result<String, HomeError> {
        let path = self.charter();
        fs::read_to_string(&path).map_err(|source| HomeError::Io { path, source })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_keys_of_a_home_serve_one_chain() {
        let folder = tempfile::tempdir().expect("a folder");
        let (home, chain) = (Home(folder.path().to_owned()), B256::repeat_byte(1));
        home.serve(chain).expect("the first");
        home.serve(chain).expect("the same again");
        let error = home.serve(B256::repeat_byte(2)).expect_err("another");
        assert!(error.to_string().contains("new chain id or new keys"), "{error}");
    }
}
