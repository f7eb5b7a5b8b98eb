//! The `polity` binary.
fn main() {}
