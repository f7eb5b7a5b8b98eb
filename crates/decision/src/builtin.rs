//! The rules of real bodies that come with the program: the files of `charters/rules/`.

macro_rules! rules {
    ($($id:literal),* $(,)?) => {
        &[$(($id, include_str!(concat!("../../../charters/rules/", $id, ".toml")))),*]
    };
}

/// Ids and texts, by id.
pub const BUILTIN_RULES: &[(&str, &str)] = rules![
    "cosmos-gov",
    "doha",
    "eu-qmv",
    "eu-rqmv",
    "ihr",
    "imf-85",
    "kigali",
    "kyoto-art25",
    "montreal",
    "optimism",
    "paris-art21",
    "swiss",
    "tezos",
    "two-thirds-quorum",
    "un-charter-108",
    "unga",
    "unsc",
    "us-art-v",
    "wto",
];

/// The text of the built-in rule `id`.
#[must_use]
pub fn builtin_rule(id: &str) -> Option<&'static str> {
    BUILTIN_RULES.iter().find(|(known, _)| *known == id).map(|(_, text)| *text)
}
