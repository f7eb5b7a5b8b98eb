//! Who knows how to reach whom: nodes that are kept apart, and observers.

use std::{
    fs,
    net::{Ipv4Addr, TcpListener},
    os::unix::fs::OpenOptionsExt as _,
};

use crate::{Network, Node, Rpc};

impl Node {
    fn settings(&self) -> String {
        fs::read_to_string(self.home.join("node.toml")).expect("settings")
    }

    /// A port of its settings.
    fn port(&self, name: &str) -> u16 {
        let settings = self.settings();
        let line = settings.lines().find_map(|line| line.strip_prefix(&format!("{name} = ")));
        line.and_then(|port| port.parse().ok()).unwrap_or_else(|| panic!("no port {name} in {settings}"))
    }

    /// From its next start on it knows how to reach `peers` and nobody else; others may still call.
    pub fn knows(&self, peers: &[&Node]) {
        let settings = self.settings();
        // They stand between the ports and the settings of the RPC server.
        let rpc = settings.find("[rpc]").expect("settings of the RPC server");
        let first = settings.find("[[peers]]").unwrap_or(rpc);
        let peers: String = peers.iter().map(|peer| peer.as_peer()).collect();
        let settings = [&settings[..first], &peers, "\n", &settings[rpc..]].concat();
        fs::write(self.home.join("node.toml"), settings).expect("written");
    }

    fn as_peer(&self) -> String {
        let (member, consensus, gossip) = (&self.member, self.port("consensus"), self.port("gossip"));
        format!(
            "[[peers]]\nmember = \"{member}\"\nconsensus = \"127.0.0.1:{consensus}\"\ngossip = \"127.0.0.1:{gossip}\"\n"
        )
    }
}

impl Network {
    /// A node of no member, not started yet, that knows how to reach node number `of` and nobody else.
    #[must_use]
    pub fn observer(&self, of: usize) -> Node {
        let home = self.dir.with_file_name("observer");
        fs::create_dir(&home).expect("a folder");
        fs::copy(self.nodes[of].home.join("charter.toml"), home.join("charter.toml")).expect("a charter");
        let free: Vec<_> =
            (0..3).map(|_| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port")).collect();
        let [rpc, consensus, gossip] = [0, 1, 2].map(|i| free[i].local_addr().expect("bound").port());
        let settings = format!(
            "host = \"127.0.0.1\"\n[ports]\nrpc = {rpc}\nconsensus = {consensus}\ngossip = {gossip}\n{}",
            self.nodes[of].as_peer()
        );
        fs::write(home.join("node.toml"), settings).expect("written");
        let secrets = format!("consensus = \"0x{}\"\npeer = \"0x{}\"\n", "5a".repeat(32), "a5".repeat(32));
        let options =
            fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(home.join("keys.toml"));
        std::io::Write::write_all(&mut options.expect("a file"), secrets.as_bytes()).expect("written");
        Node {
            member: "an observer".to_owned(),
            home,
            rpc: Rpc::new(&format!("http://127.0.0.1:{rpc}")),
            ws: format!("ws://127.0.0.1:{rpc}"),
            pid: 0,
            own: None,
            alive: false,
        }
    }
}
