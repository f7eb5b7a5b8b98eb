// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// Checks, on any EVM chain, that a committee of another Polity chain decided a block.
///
/// It does not know which committee is the right one: whoever calls brings it (from a block already trusted).
contract CertificateVerifier {
    bytes32 private constant VOTE = keccak256("polity.vote");
    uint256 private constant PRECOMMIT = 2;

    /// What each signature of the certificate signs. Source: crates/primitives/src/certificate.rs.
    function digest(uint256 chainId, uint64 height, uint32 round, bytes32 blockHash) public pure returns (bytes32) {
        return keccak256(abi.encode(VOTE, chainId, PRECOMMIT, uint256(height), uint256(round), blockHash));
    }

    /// True if `signatures` (r || s || v, one per address of `signers`, ascending) carry more than two thirds of the
    /// committee's power.
    function verify(
        uint256 chainId,
        uint64 height,
        uint32 round,
        bytes32 blockHash,
        address[] calldata committee,
        uint64[] calldata powers,
        address[] calldata signers,
        bytes[] calldata signatures
    ) external pure returns (bool) {
        bytes32 signed = digest(chainId, height, round, blockHash);
        uint256 total;
        for (uint256 i = 0; i < committee.length; i++) total += powers[i];
        uint256 have;
        address last;
        for (uint256 i = 0; i < signers.length; i++) {
            if (signers[i] <= last || recover(signed, signatures[i]) != signers[i]) return false;
            last = signers[i];
            have += powerOf(last, committee, powers);
        }
        return have * 3 > total * 2;
    }

    function powerOf(address who, address[] calldata committee, uint64[] calldata powers)
        private
        pure
        returns (uint256)
    {
        for (uint256 i = 0; i < committee.length; i++) if (committee[i] == who) return powers[i];
        return 0;
    }

    function recover(bytes32 signed, bytes calldata signature) private pure returns (address) {
        if (signature.length != 65) return address(0);
        return ecrecover(signed, uint8(signature[64]), bytes32(signature[:32]), bytes32(signature[32:64]));
    }
}
