//! What the writer of a worked block signs, so that only members write and everybody sees who did.

use polity_primitives::{B256, U256, keccak256};

/// The first value signed: what the signature is for.
const NAME: &[u8] = b"polity.work";

/// What the writer of a worked block signs: keccak-256 of `abi.encode("polity.work", chain_id, block_hash)`.
///
/// Source: the Solidity ABI: offset of the string, chain id, hash; then the string's length and its bytes.
#[must_use]
pub fn seal_digest(chain_id: u64, block_hash: &B256) -> B256 {
    let mut name = [0u8; 32];
    for (to, from) in name.iter_mut().zip(NAME) {
        *to = *from;
    }
    let word = |value: u64| B256::from(U256::from(value));
    let words = [word(96), word(chain_id), *block_hash, word(NAME.len() as u64), B256::from(name)];
    keccak256(words.concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_is_that_of_the_abi() {
        let encoded = "0000000000000000000000000000000000000000000000000000000000000060\
                       0000000000000000000000000000000000000000000000000000000000000007\
                       1111111111111111111111111111111111111111111111111111111111111111\
                       000000000000000000000000000000000000000000000000000000000000000b\
                       706f6c6974792e776f726b000000000000000000000000000000000000000000";
        let bytes = alloy_primitives::hex::decode(encoded).expect("hexadecimal");
        assert_eq!(seal_digest(7, &B256::repeat_byte(0x11)), keccak256(bytes));
    }
}
