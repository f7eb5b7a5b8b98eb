// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

/// The constitution: the charter in force, every version it had, and the rules of blocks that follow from it.
///
/// It lives at 0x0000000000000000000000000000000000001003. Besides the errors below, `amend` may answer with those of the
/// institutions whose settings it writes, and every function with those of IInstitution.
interface IConstitution {
    /// What a change does: replaces a value or writes a new key; appends to a list or writes what is not there; removes.
    enum Op { Set, Add, Remove }

    /// One change of the charter's text.
    struct Change {
        Op op;
        /// Where, such as rules.two-thirds.limb[0].threshold; keys with other characters than A-Z a-z 0-9 _ - in quotes.
        string path;
        /// The new value, as TOML writes it; empty for `Remove`.
        string value;
    }

    /// A version of the charter. Version 0 is the founding one.
    struct Version {
        /// keccak256 of its text.
        bytes32 hash;
        /// `hash` of the version before; 0 for version 0.
        bytes32 parent;
        /// Block that enacted it.
        uint64 height;
        /// First block under it: the block after `height`.
        uint64 activeFrom;
        /// Proposal that made it; 0 for version 0.
        uint256 proposal;
    }

    /// What the charter in force fixes about the next block.
    struct BlockRules {
        /// keccak256 of the charter's text: `extraData` of the header.
        bytes32 charterHash;
        uint64 gasLimit;
        /// Base fee per gas at which the market for gas begins; 0: transactions are free.
        uint64 initialBaseFeeWei;
        /// Whether anyone may send transactions, or members and guests only.
        bool anyoneTransacts;
        /// Whether anyone's node may connect, or members' only.
        bool anyoneConnects;
        uint64 blockTimeMs;
        /// Second from which `blockTimeAfterMs` holds; 0: never.
        uint64 replayUntil;
        uint64 blockTimeAfterMs;
        /// Recent blocks whose state nodes keep; 0: all.
        uint64 historyBlocks;
    }

    /// The charter has a new version; it is in force from block `activeFrom` on.
    event CharterAmended(
        uint64 indexed version, bytes32 indexed hash, bytes32 parent, uint64 activeFrom, uint256 indexed proposal
    );

    /// What is wrong with the changes, or with the charter they lead to, or why a running chain cannot take it over.
    error InvalidAmendment(string problem);
    /// There is no such version.
    error UnknownVersion(uint64 version);

    // By decision of the members.

    /// Makes the changes in the text of the charter, in order, and in every setting that follows from it.
    function amend(Change[] calldata changes) external;

    // Reading.

    /// Answers nothing if `amend` would take the changes now; else fails as it would.
    function check(Change[] calldata changes) external view;
    /// Number of the version in force; 0 is the founding charter.
    function version() external view returns (uint64);
    /// keccak256 of the text in force; also the extraData of the next header.
    function charterHash() external view returns (bytes32);
    /// The text in force; empty if the founding text is too long to be amended.
    function text() external view returns (string memory);
    function versionOf(uint64 number) external view returns (Version memory);
    /// The changes that made version `number` of the one before.
    function changesOf(uint64 number) external view returns (Change[] memory);
    function blockRules() external view returns (BlockRules memory);
    /// The settings of consensus, in JSON.
    function consensus() external view returns (string memory);
}
