//! Arrows point down: no crate depends on one of a higher layer.

use std::{collections::BTreeMap, process::Command};

use serde_json::Value;

fn metadata() -> Value {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline"])
        .output()
        .expect("cargo metadata runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

fn upward_edges(packages: &[Value]) -> Vec<String> {
    let layer = |package: &Value| package["metadata"]["polity"]["layer"].as_u64();
    let layers: BTreeMap<&str, u64> =
        packages.iter().filter_map(|p| Some((p["name"].as_str()?, layer(p)?))).collect();
    let mut edges = Vec::new();
    for package in packages {
        let name = package["name"].as_str().expect("a name");
        let own =
            layers.get(name).unwrap_or_else(|| panic!("{name} states no layer in [package.metadata.polity]"));
        for dependency in package["dependencies"].as_array().expect("a list") {
            let target = dependency["name"].as_str().expect("a name");
            let is_dev = dependency["kind"].as_str() == Some("dev");
            if layers.get(target).is_some_and(|layer| layer > own && !is_dev) {
                edges.push(format!("{name} (layer {own}) depends on {target} (layer {})", layers[target]));
            }
        }
    }
    edges
}

#[test]
fn no_crate_depends_on_a_higher_layer() {
    let metadata = metadata();
    let edges = upward_edges(metadata["packages"].as_array().expect("a list"));
    assert!(edges.is_empty(), "{}", edges.join("\n"));
}

#[test]
fn an_upward_edge_would_be_found() {
    let package = |name: &str, layer: u64, on: &str| {
        serde_json::json!({
            "name": name,
            "metadata": { "polity": { "layer": layer } },
            "dependencies": [{ "name": on, "kind": null }],
        })
    };
    let packages = [package("low", 1, "high"), package("high", 2, "low")];
    assert_eq!(upward_edges(&packages), ["low (layer 1) depends on high (layer 2)"]);
}

/// L0–L3 are sync and do no I/O of their own: no runtime, no sockets.
#[test]
fn low_layers_have_no_runtime_and_no_network() {
    let metadata = metadata();
    let forbidden = ["tokio", "libp2p", "jsonrpsee", "ureq", "rand", "hyper"];
    for package in metadata["packages"].as_array().expect("a list") {
        let low = package["metadata"]["polity"]["layer"].as_u64().is_some_and(|layer| layer <= 3);
        for dependency in package["dependencies"].as_array().expect("a list").iter().filter(|_| low) {
            let name = dependency["name"].as_str().expect("a name");
            let is_dev = dependency["kind"].as_str() == Some("dev");
            assert!(is_dev || !forbidden.contains(&name), "{} depends on {name}", package["name"]);
        }
    }
}
