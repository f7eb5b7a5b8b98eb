//! From a charter to homes.

use std::{
    fs,
    net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener},
    path::{Path, PathBuf},
};

use polity_charter::{Charter, Diagnostics};

use crate::{
    home::{Home, HomeError, NodeSettings, PeerSettings, Ports, RpcSettings},
    keys::{KeyError, Secret, Secrets, read_secret, write_secret},
};

/// Why a charter did not become homes.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InitError {
    /// The charter has mistakes.
    #[error("the charter has mistakes:\n{0}")]
    Charter(Diagnostics),
    /// There is something there already.
    #[error("{0} is not empty; give another --dir, or remove it")]
    Occupied(PathBuf),
    /// The directory holds another agreement.
    #[error("{dir} holds another agreement ({found}), not {expected}; give another --dir, or remove it")]
    OtherCharter {
        /// The directory.
        dir: PathBuf,
        /// Its charter.
        found: String,
        /// The one given.
        expected: String,
    },
    /// The directory holds an older version of this agreement.
    #[error(
        "{dir} holds another charter of {id} than this one, and its chain has begun. Go on with it: give its own {dir}/charter.toml instead, and \
         change the agreement by decision of its members. Or begin anew: --fresh removes what {dir} holds; or give another --dir"
    )]
    OlderVersion {
        /// The directory.
        dir: String,
        /// The agreement.
        id: String,
    },
    /// Keys are named in the charter, so their owners must run the nodes.
    #[error(
        "the keys of {0} are in the charter: only their owners can run these nodes (`polity node --home DIR`)"
    )]
    KeysElsewhere(String),
    /// The ports would go beyond the last there is.
    #[error("ports from {0} on go beyond 65535: give a lower one")]
    PortRange(u16),
    /// A node of the directory runs.
    #[error("this network is running ({answers}): stop it first. Nothing in {} was changed", dir.display())]
    Running {
        /// The directory.
        dir: PathBuf,
        /// Which of its nodes run, and where each answers.
        answers: String,
    },
    /// No free port.
    #[error("no free port: {0}")]
    Port(std::io::Error),
    /// The keys cannot be written into the charter.
    #[error(transparent)]
    WithKeys(#[from] polity_charter::Error),
    /// The signing record of a new key.
    #[error(transparent)]
    Guard(#[from] polity_bft::Error),
    /// Files.
    #[error(transparent)]
    Home(#[from] HomeError),
    /// Keys.
    #[error(transparent)]
    Keys(#[from] KeyError),
}

/// Where missing keys come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeySource {
    /// The operating system's randomness.
    Random,
    /// Anyone can compute them: the same at every start, for local networks.
    Local,
}

/// How to lay out a network.
#[derive(Clone, Debug)]
pub struct InitOptions {
    /// Directory of the network; made if missing.
    pub dir: PathBuf,
    /// Missing keys.
    pub keys: KeySource,
    /// Address the nodes reach each other at.
    pub host: IpAddr,
    /// First of the ports, three per node; free ones if `None`.
    pub first_port: Option<u16>,
    /// First of the RPC ports; free ones if `None`.
    pub first_rpc_port: Option<u16>,
}

impl InitOptions {
    /// A network on loopback with keys anyone can compute.
    #[must_use]
    pub fn local(dir: PathBuf) -> Self {
        Self {
            dir,
            keys: KeySource::Local,
            host: IpAddr::V4(Ipv4Addr::LOCALHOST),
            first_port: None,
            first_rpc_port: None,
        }
    }
}

/// One node of a network on this machine.
#[derive(Clone, Debug)]
pub struct NodePlan {
    /// Member that runs it.
    pub member: String,
    /// Its home.
    pub home: Home,
    /// Its settings.
    pub settings: NodeSettings,
}

/// A network whose homes are on this machine.
#[derive(Clone, Debug)]
pub struct LocalNetwork {
    /// Directory of the network.
    pub dir: PathBuf,
    /// The agreement, with all keys.
    pub charter: Charter,
    /// The nodes, in the order of the charter.
    pub nodes: Vec<NodePlan>,
    /// Keys that were made here.
    pub secrets: Secrets,
}

/// Asks the system for `count` different free loopback ports.
///
/// # Errors
/// What the system says.
pub fn free_ports(count: usize) -> std::io::Result<Vec<u16>> {
    let listeners: Vec<_> =
        (0..count).map(|_| TcpListener::bind((Ipv4Addr::LOCALHOST, 0))).collect::<Result<_, _>>()?;
    listeners.iter().map(|listener| Ok(listener.local_addr()?.port())).collect()
}

/// Makes keys and homes for the charter `text`.
///
/// # Errors
/// [`InitError`]; a directory that was not empty is untouched.
pub fn init(file_name: &str, text: &str, options: &InitOptions) -> Result<LocalNetwork, InitError> {
    let dir = &options.dir;
    if fs::read_dir(dir).is_ok_and(|mut entries| entries.next().is_some()) {
        return Err(InitError::Occupied(dir.clone()));
    }
    let draft = polity_charter::parse(file_name, text).map_err(InitError::Charter)?.charter;
    let secrets = Secrets::missing(&draft, |owner, role| match options.keys {
        KeySource::Random => Secret::random(),
        KeySource::Local => Secret::local(&draft.id, owner, role),
    });
    let text = polity_charter::with_keys(text, &secrets.public()?)?;
    let charter = polity_charter::parse(file_name, &text).map_err(InitError::Charter)?.charter;
    let members: Vec<String> = charter
        .validators()
        .filter(|member| secrets.members.get(&member.id).is_some_and(|s| s.node.is_some()))
        .map(|member| member.id.clone())
        .collect();
    if members.is_empty() {
        let named = charter.validators().map(|member| member.id.as_str()).collect::<Vec<_>>().join(", ");
        return Err(InitError::KeysElsewhere(named));
    }
    let ports = ports(options, members.len())?;
    fs::create_dir_all(dir).map_err(|source| HomeError::Io { path: dir.clone(), source })?;
    fs::write(dir.join("charter.toml"), &text)
        .map_err(|source| HomeError::Io { path: dir.join("charter.toml"), source })?;
    write_secret(&dir.join("secrets.toml"), &secrets)?;
    let mut nodes = Vec::with_capacity(members.len());
    for (i, (member, mine)) in members.iter().zip(&ports).enumerate() {
        let settings = NodeSettings {
            member: Some(member.clone()),
            host: options.host,
            ports: *mine,
            peers: peers(options.host, &members, &ports, i),
            rpc: RpcSettings::default(),
            work: polity_work::MinerConfig::default(),
        };
        let home = Home(dir.join(member));
        let node = secrets.members.get(member).and_then(|s| s.node).ok_or(KeyError::Malformed)?;
        home.create(&text, &settings, &node)?;
        polity_bft::Guard::create(&home.0, node.consensus.address())?;
        nodes.push(NodePlan { member: member.clone(), home, settings });
    }
    Ok(LocalNetwork { dir: dir.clone(), charter, nodes, secrets })
}

/// Everyone but the `own`th.
fn peers(host: IpAddr, members: &[String], ports: &[Ports], own: usize) -> Vec<PeerSettings> {
    let peer = |(member, ports): (&String, &Ports)| PeerSettings {
        member: member.clone(),
        consensus: SocketAddr::new(host, ports.consensus),
        gossip: SocketAddr::new(host, ports.gossip),
    };
    let others = members.iter().zip(ports).enumerate().filter(|(i, _)| *i != own);
    others.map(|(_, other)| peer(other)).collect()
}

fn ports(options: &InitOptions, count: usize) -> Result<Vec<Ports>, InitError> {
    let free = free_ports(count * 3).map_err(InitError::Port)?;
    // The given port and those after it; 0 is none given.
    let nth = |first: Option<u16>, i: usize, found: u16| match first {
        None | Some(0) => Ok(found),
        Some(first) => {
            u16::try_from(i).ok().and_then(|i| first.checked_add(i)).ok_or(InitError::PortRange(first))
        }
    };
    free.chunks_exact(3)
        .enumerate()
        .map(|(i, found)| {
            Ok(Ports {
                rpc: nth(options.first_rpc_port, i, found[0])?,
                consensus: nth(options.first_port, 2 * i, found[1])?,
                gossip: nth(options.first_port, 2 * i + 1, found[2])?,
            })
        })
        .collect()
}

/// Opens a network that [`init()`] made in `dir`. Its nodes get new free ports, since the old ones may be taken by others now.
///
/// # Errors
/// [`InitError`]; of [`InitError::Running`], nothing was written: clients and running nodes find each other by the ports that stand in
/// the homes.
pub fn open_network(dir: &Path, first_rpc_port: Option<u16>) -> Result<LocalNetwork, InitError> {
    ensure_stopped(dir)?;
    let path = dir.join("charter.toml");
    let text = fs::read_to_string(&path).map_err(|source| HomeError::Io { path: path.clone(), source })?;
    let charter =
        polity_charter::parse(&path.display().to_string(), &text).map_err(InitError::Charter)?.charter;
    let secrets = read_secrets(dir)?;
    let mut nodes = Vec::new();
    for member in charter.validators() {
        let home = Home(dir.join(&member.id));
        if home.0.join("node.toml").exists() {
            nodes.push(NodePlan { member: member.id.clone(), settings: home.settings()?, home });
        }
    }
    renumber(&mut nodes, &InitOptions { first_rpc_port, ..InitOptions::local(dir.to_owned()) })?;
    Ok(LocalNetwork { dir: dir.to_owned(), charter, nodes, secrets })
}

fn renumber(nodes: &mut [NodePlan], options: &InitOptions) -> Result<(), InitError> {
    let ports = ports(options, nodes.len())?;
    let members: Vec<String> = nodes.iter().map(|node| node.member.clone()).collect();
    for (i, node) in nodes.iter_mut().enumerate() {
        node.settings.ports = ports[i];
        node.settings.peers = peers(node.settings.host, &members, &ports, i);
        node.home.save_settings(&node.settings)?;
    }
    Ok(())
}

/// Reads the keys that [`init()`] made in `dir`.
///
/// # Errors
/// [`KeyError`].
pub fn read_secrets(dir: &Path) -> Result<Secrets, KeyError> {
    read_secret(&dir.join("secrets.toml"))
}

/// The RPC addresses of the nodes of the network in `dir`, each after the name of its home; by that name. At least one.
///
/// # Errors
/// [`InitError::Home`] if there is no network.
pub fn rpc_urls(dir: &Path) -> Result<Vec<(String, String)>, InitError> {
    let homes = homes(dir)?;
    if homes.is_empty() {
        return Err(HomeError::Missing(dir.to_owned()).into());
    }
    homes.iter().map(|home| Ok((name(home), rpc_url(home)?))).collect()
}

/// What a home is called in its directory.
pub(crate) fn name(home: &Home) -> String {
    home.0
        .file_name()
        .map_or_else(|| home.0.display().to_string(), |name| name.to_string_lossy().into_owned())
}

fn rpc_url(home: &Home) -> Result<String, InitError> {
    let settings = home.settings()?;
    let host = settings.rpc.host.unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST));
    Ok(format!("http://{}", SocketAddr::new(host, settings.ports.rpc)))
}

/// Refuses if any node of the network in `dir` has its database open.
///
/// # Errors
/// [`InitError::Running`].
pub fn ensure_stopped(dir: &Path) -> Result<(), InitError> {
    let homes = homes(dir)?;
    let running: Vec<_> = homes.iter().filter(|home| polity_db::is_locked(&home.db())).collect();
    if running.is_empty() {
        return Ok(());
    }
    let answer = |home: &&Home| match rpc_url(home) {
        Ok(url) => format!("{} answers at {url}", name(home)),
        Err(_) => format!("{} runs", name(home)),
    };
    let answers = running.iter().map(answer).collect::<Vec<_>>().join(", ");
    Err(InitError::Running { dir: dir.to_owned(), answers })
}

/// Homes of nodes in `dir`, by name.
fn homes(dir: &Path) -> Result<Vec<Home>, InitError> {
    let io = |source| HomeError::Io { path: dir.to_owned(), source };
    let mut homes: Vec<_> = fs::read_dir(dir)
        .map_err(io)?
        .filter_map(|entry| Some(entry.ok()?.path()).filter(|path| path.join("node.toml").exists()))
        .collect();
    homes.sort();
    Ok(homes.into_iter().map(Home).collect())
}
