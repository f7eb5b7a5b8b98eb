// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

/// The registry: who is a member, of which kind and classes, with which rights, weights and keys.
///
/// It lives at 0x0000000000000000000000000000000000001001. Names (of members, classes, weights) are ASCII strings of up to
/// 31 characters A-Z a-z 0-9 . _ - in a bytes32, left-aligned and padded with zeros. Besides the errors below, every
/// function may answer with those of IInstitution. "At `height`" means: as it was at the end of that block.
interface IRegistry {
    enum Kind { State, Igo, Ngo, Subnational, Expert, Enterprise, Individual }

    enum Status {
        Unknown,
        Active,
        /// Keeps its seat, its keys and the right to read; every other right rests.
        Suspended,
        Left,
        Expelled
    }

    struct Weight { bytes32 name; uint128 value; }

    /// What a decision writes about a new member.
    struct Admission {
        bytes32 id;
        string name;
        Kind kind;
        /// Account it acts with.
        address account;
        /// Account that may replace a lost `account`; zero for none.
        address recovery;
        /// Rights by name, in addition to those of its kind: read 1, write 2, transact 4, propose 8, vote 16, validate 32,
        /// report 64, store 128.
        uint16 rights;
        bytes32[] classes;
        Weight[] weights;
        /// Compressed secp256k1 key of its node, 33 bytes, or empty.
        bytes consensusKey;
        /// ed25519 key of its node's network identity, or zero.
        bytes32 peerKey;
    }

    struct Member {
        bytes32 id;
        string name;
        Kind kind;
        Status status;
        address account;
        address recovery;
        /// Rights it has now: by kind or by name, not revoked, and none but `read` unless active.
        uint16 rights;
        /// Rights given and taken by name.
        uint16 granted;
        uint16 revoked;
        bytes32[] classes;
        Weight[] weights;
        /// Ethereum address of the consensus key; zero without a node.
        address consensus;
        bytes consensusKey;
        bytes32 peerKey;
    }

    struct Validator { bytes32 id; address consensus; bytes consensusKey; bytes32 peerKey; }

    event MemberAdmitted(bytes32 indexed id, address indexed account, Kind kind, string name);
    event MemberSuspended(bytes32 indexed id);
    event MemberRestored(bytes32 indexed id);
    event MemberExpelled(bytes32 indexed id);
    event MemberLeft(bytes32 indexed id);
    event RightsGranted(bytes32 indexed id, uint16 rights);
    event RightsRevoked(bytes32 indexed id, uint16 rights);
    /// Given by name no more, by an amendment of the charter; those of its kind stay.
    event RightsLapsed(bytes32 indexed id, uint16 rights);
    event MemberNamed(bytes32 indexed id, string name);
    event MemberKindSet(bytes32 indexed id, Kind kind);
    event KindRightsSet(Kind indexed kind, uint16 rights);
    event WeightSet(bytes32 indexed id, bytes32 indexed name, uint128 value);
    event ClassSet(bytes32 indexed id, bytes32 indexed class, bool belongs);
    event NodeSet(bytes32 indexed id, address indexed consensus, bytes consensusKey, bytes32 peerKey);
    event KeyRotated(bytes32 indexed id, address indexed before, address indexed account, address recovery);
    event GuestSet(address indexed account, bool welcome);

    error UnknownMember(bytes32 id);
    error AlreadyMember(bytes32 id);
    /// The member's status does not allow it.
    error WrongStatus(bytes32 id, Status status);
    /// The caller is not the member's account.
    error NotTheMember(bytes32 id, address caller);
    /// The caller is not the member's recovery account.
    error NotTheRecovery(bytes32 id, address caller);
    /// The id is that of an authority: a proposal names its proposer, a member or an authority, by id.
    error IdTaken(bytes32 id);
    /// The account is, or once was, another member's.
    error AccountTaken(address account, bytes32 id);
    /// The consensus key is, or once was, another member's.
    error ConsensusKeyTaken(address consensus, bytes32 id);
    /// The peer key is, or once was, another member's.
    error PeerKeyTaken(bytes32 peerKey, bytes32 id);
    /// Zero, an institution, a precompile, or the chain itself cannot act as a member.
    error BadAccount(address account);
    /// A node needs both a point of secp256k1 in 33 bytes and a peer key, or neither.
    error BadNodeKeys();
    error BadRights(uint16 rights);
    /// `name` is empty or longer than 128 bytes.
    error BadMemberName();
    /// More `what` than `max`.
    error TooMany(string what, uint256 max);
    /// Afterwards nobody could decide blocks by the settings of consensus: why, with the arithmetic.
    error NoValidatorLeft(string problem);
    /// Afterwards nobody could vote in any chamber: nothing could ever be decided again.
    error NoVoterLeft();
    /// Afterwards nobody could open a proposal: nothing could ever be decided again.
    error NoProposerLeft();

    // By decision of the members.

    /// Admits a member, or readmits one that left or was expelled; a weight not named becomes 0.
    function admit(Admission calldata admission) external;
    function suspend(bytes32 id) external;
    function restore(bytes32 id) external;
    function expel(bytes32 id) external;
    /// Gives rights by name; takes back their revocation.
    function grant(bytes32 id, uint16 rights) external;
    /// Takes rights by name, also those its kind has.
    function revoke(bytes32 id, uint16 rights) external;
    function setWeight(bytes32 id, bytes32 name, uint128 value) external;
    function setClass(bytes32 id, bytes32 class, bool belongs) external;
    /// Lets an account that is no member send transactions where only members may.
    function setGuest(address account, bool welcome) external;

    // By the member itself.

    /// Sets the keys of the member's node, or with empty keys removes them. Also by decision.
    function setNode(bytes32 id, bytes calldata consensusKey, bytes32 peerKey) external;
    /// The caller leaves. (Not called `leave`: Solidity reserves that word.)
    function resign() external;
    /// By the member's recovery account: replaces its account and its recovery account.
    function rotateKey(bytes32 id, address account, address recovery) external;

    // Reading.

    function memberCount() external view returns (uint256);
    /// Ids of members in the order of their first admission, whatever their status.
    function memberIds(uint256 from, uint256 count) external view returns (bytes32[] memory);
    function member(bytes32 id) external view returns (Member memory);
    /// The member that acts with `account`; zero for none. Left and expelled members act with nothing.
    function memberOf(address account) external view returns (bytes32 id);
    /// The member whose node signs with the consensus address; zero for none.
    function memberOfNode(address consensus) external view returns (bytes32 id);
    function statusOf(bytes32 id) external view returns (Status);
    function rightsOf(bytes32 id) external view returns (uint16);
    /// Whether `account` acts for a member that has all of `rights`.
    function hasRights(address account, uint16 rights) external view returns (bool);
    function weightOf(bytes32 id, bytes32 name) external view returns (uint128);
    function statusAt(bytes32 id, uint64 height) external view returns (Status);
    function rightsAt(bytes32 id, uint64 height) external view returns (uint16);
    function weightAt(bytes32 id, bytes32 name, uint64 height) external view returns (uint128);
    function kindRights(Kind kind) external view returns (uint16);
    function classNames() external view returns (bytes32[] memory);
    function weightNames() external view returns (bytes32[] memory);
    /// What the charter multiplied the weights of this name with to make them whole numbers.
    function weightScale(bytes32 name) external view returns (uint128);
    function isGuest(address account) external view returns (bool);
    /// Members whose nodes decide the next block.
    function validators() external view returns (Validator[] memory);
}
