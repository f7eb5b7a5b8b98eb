//! The method table: one line per method, one function behind it.
//!
//! Rule kept: a handler is a plain synchronous function of the [`Api`] and the arguments. Where it runs is decided by
//! its [`Weight`] alone, so no handler can block the threads that serve connections by mistake.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

use crate::{api::Api, args::Args, debug, error::Failure, eth, net, polity, txpool, web3};

/// A serialized result.
pub(crate) type Answer = Box<RawValue>;

/// What a method does.
pub(crate) type Handler = fn(&Api, &Args<'_>) -> Result<Answer, Failure>;

/// What a method costs, and so where it runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Weight {
    /// Answers from memory in microseconds: on the connection's own thread.
    Light,
    /// Recovers a signature: on the senders' pool, all cores.
    Send,
    /// May touch the disk: on a blocking thread.
    Read,
    /// Runs the EVM or scans blocks: on a blocking thread, few at a time.
    Heavy,
    /// Waits for something to happen; see [`crate::dispatch`].
    Wait,
}

impl Weight {
    /// Whether the answer may be large.
    pub(crate) const fn is_large(self) -> bool {
        matches!(self, Self::Read | Self::Heavy)
    }
}

/// One line of the table.
pub(crate) struct Method {
    pub(crate) name: &'static str,
    pub(crate) params: &'static [&'static str],
    pub(crate) weight: Weight,
    pub(crate) run: Handler,
}

impl Method {
    pub(crate) const fn new(
        name: &'static str,
        params: &'static [&'static str],
        weight: Weight,
        run: Handler,
    ) -> Self {
        Self { name, params, weight, run }
    }
}

/// Subscriptions, which jsonrpsee keeps.
pub(crate) const SUBSCRIBE: &str = "eth_subscribe";
/// The end of one.
pub(crate) const UNSUBSCRIBE: &str = "eth_unsubscribe";

/// Every method by name.
pub(crate) struct Methods(BTreeMap<&'static str, &'static Method>);

impl Methods {
    /// The table; `debug_*` only if the operator gives it.
    pub(crate) fn all(with_debug: bool) -> Self {
        let debug = if with_debug { debug::METHODS } else { &[] };
        let tables = [
            web3::METHODS,
            net::METHODS,
            eth::METHODS,
            eth::FILTER_METHODS,
            txpool::METHODS,
            debug,
            polity::METHODS,
        ];
        Self(tables.into_iter().flatten().map(|method| (method.name, method)).collect())
    }

    pub(crate) fn get(&self, name: &str) -> Option<&'static Method> {
        self.0.get(name).copied()
    }

    /// The namespaces that answer, sorted.
    pub(crate) fn namespaces(&self) -> Vec<&'static str> {
        let mut names: Vec<_> = self.0.keys().filter_map(|name| name.split('_').next()).collect();
        names.dedup();
        names
    }

    /// The failure for a method that does not exist, with the nearest one that does.
    pub(crate) fn unknown(&self, name: &str) -> Failure {
        let near = self
            .0
            .keys()
            .chain(&[SUBSCRIBE, UNSUBSCRIBE])
            .map(|known| (strsim::damerau_levenshtein(&lower(known), &lower(name)), *known))
            .min()
            .filter(|(distance, known)| *distance <= known.len() / 3);
        let shown: String = name.chars().take(64).collect();
        let message = format!("the method {shown} does not exist/is not available");
        match near {
            Some((_, known)) => {
                Failure::new(crate::error::METHOD_NOT_FOUND, message).with(&format!("did you mean {known}?"))
            }
            None => Failure::new(crate::error::METHOD_NOT_FOUND, message),
        }
    }
}

fn lower(name: &str) -> String {
    name.chars().take(64).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_method_is_named_twice() {
        let tables = [
            web3::METHODS,
            net::METHODS,
            eth::METHODS,
            eth::FILTER_METHODS,
            txpool::METHODS,
            debug::METHODS,
            polity::METHODS,
        ];
        let lines: usize = tables.iter().map(|table| table.len()).sum();
        assert_eq!(Methods::all(true).0.len(), lines);
    }

    #[test]
    fn a_misspelt_method_gets_a_hint() {
        let methods = Methods::all(true);
        for (wrong, hint) in [
            ("eth_getBlockByNumbr", Some("did you mean eth_getBlockByNumber?")),
            ("eth_blocknumber", Some("did you mean eth_blockNumber?")),
            ("eth_subscibe", Some("did you mean eth_subscribe?")),
            ("parity_nextNonceOfSomething", None),
        ] {
            let failure = methods.unknown(wrong);
            assert_eq!(failure.code, crate::error::METHOD_NOT_FOUND);
            let data = failure.data.map(|d| serde_json::from_str::<String>(d.get()).expect("a string"));
            assert_eq!(data.as_deref(), hint, "{wrong}");
        }
    }

    #[test]
    fn debug_can_be_switched_off() {
        assert!(Methods::all(false).get("debug_traceTransaction").is_none());
        assert!(Methods::all(true).get("debug_traceTransaction").is_some());
        assert_eq!(
            Methods::all(true).namespaces(),
            ["debug", "eth", "net", "polity", "rpc", "txpool", "web3"]
        );
    }
}
