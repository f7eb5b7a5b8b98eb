// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

/// The constitution: the charter in force, every version it had, and the rules of blocks that follow from it; who bonded what to
/// write and verify, how everyone stands, and what misconduct cost.
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
    /// What a member and those who trust it have at stake on its conduct. Amounts in wei.
    struct Stake {
        /// Its own bond.
        uint256 pledged;
        /// Its own bond and what others delegated to it.
        uint256 total;
        /// Unbonding: at stake until it is paid back.
        uint256 leaving;
        /// Rewards that are not paid yet.
        uint256 vesting;
    }

    /// What one holder (a member by its id, anyone else by its address as a word) has at stake with a candidate.
    struct Delegation {
        uint256 amount;
        /// Rewards that `claim` pays.
        uint256 rewards;
    }

    struct Unbond {
        bytes32 candidate;
        bytes32 holder;
        /// What it is worth now; a slash makes it less.
        uint256 amount;
        /// Second from which `release` pays it.
        uint64 paidAt;
        /// Delegated to this candidate then instead of paid; zero for none.
        bytes32 to;
        bool done;
    }

    /// How a member stands. Scores begin with the charter's `start`.
    struct Score {
        int64 score;
        /// Blocks written.
        uint64 written;
        /// Turns missed.
        uint64 missed;
        /// Turns missed since it last wrote.
        uint64 inARow;
    }

    /// A proved offence.
    struct Offence {
        /// 1: two votes, 2: two proposals, 3: invalid proposal, 4: invalid worked block, 5: turns missed in a row.
        uint8 kind;
        bytes32 member;
        /// Height and round that were signed for.
        uint64 height;
        uint32 round;
        /// Who brought it: an account that accused, or that of the member that wrote the block which carried it; zero: the chain
        /// counted, or the culprit brought it itself.
        address reporter;
        /// Block that punished it.
        uint64 punishedAt;
        /// Wei that were forfeited.
        uint256 forfeited;
    }

    event CharterAmended(
        uint64 indexed version, bytes32 indexed hash, bytes32 parent, uint64 activeFrom, uint256 indexed proposal
    );

    /// Consensus is by other settings from block `height` on.
    event ConsensusTurns(uint64 indexed height, string settings);
    /// `holder` put `amount` at stake on `candidate`, which has `total` behind it now.
    event Bonded(bytes32 indexed candidate, bytes32 indexed holder, uint256 amount, uint256 total);
    /// `holder` takes `amount` out; it stays at stake until `paidAt`, and goes on to candidate `to` then unless that is zero.
    event Unbonding(
        uint256 indexed id,
        bytes32 indexed candidate,
        bytes32 indexed holder,
        uint256 amount,
        uint64 paidAt,
        bytes32 to
    );
    event Released(uint256 indexed id, bytes32 indexed candidate, bytes32 indexed holder, uint256 amount);
    event Claimed(bytes32 indexed candidate, bytes32 indexed holder, address to, uint256 amount);
    /// The candidate's own bond is below the pledge: it does not write or verify until it bonds the rest.
    event PledgeShort(bytes32 indexed member, uint256 pledged, uint256 pledge);
    /// A block's accounts: `reward` was issued and `fees` were found for the member that wrote it.
    event Closed(bytes32 indexed writer, uint256 reward, uint256 fees);
    event TurnMissed(bytes32 indexed member, uint64 inARow);
    /// `cause`: write, absent, double_sign, invalid, decision.
    event StandingMoved(bytes32 indexed member, int64 by, int64 score, bytes32 indexed cause);
    /// Suspended or expelled by rule. `cause`: standing, offence.
    event Punished(bytes32 indexed member, bool expelled, bytes32 indexed cause);
    /// A rule would have taken the last member away that can decide blocks or vote; it stays. What it was spared: slash,
    /// suspension, expulsion.
    event Spared(bytes32 indexed member, bytes32 indexed what);
    event Slashed(bytes32 indexed member, uint256 bonded, uint256 leaving, uint256 vesting);
    event OffenceProved(
        bytes32 indexed key, bytes32 indexed member, uint8 kind, uint64 height, uint32 round, address reporter
    );
    /// The delegates of the term that ends at `endsAt`.
    event DelegatesChosen(bytes32[] members, uint64 endsAt);

    /// What is wrong with the changes, or with the charter they lead to, or why a running chain cannot take it over.
    error InvalidAmendment(string problem);
    /// There is no such version.
    error UnknownVersion(uint64 version);
    /// The caller acts for no member.
    error NotAMember(address who);
    /// It is no member, or has no right to validate, or is the caller itself.
    error NoCandidate(bytes32 member);
    error NothingBonded();
    /// `max` is the most that can be taken, or put in.
    error BadAmount(uint256 amount, uint256 max);
    /// The own bond would be `left`: the charter's pledge is `pledge`. Bond as much, or take out everything.
    error BelowPledge(uint256 left, uint256 pledge);
    /// The chain would have nobody left to decide blocks.
    error LastValidator(bytes32 member, string problem);
    error TooMany(string what, uint256 max);
    error UnknownUnbonding(uint256 id);
    /// It is paid at `paidAt`.
    error NotYet(uint64 paidAt);
    /// It was paid, or went on, already.
    error AlreadyReleased(uint256 id);
    error NothingToClaim();
    /// The block has its accounts already.
    error AlreadyClosed(uint64 height);
    /// The charter keeps no score of standing.
    error NoStanding();
    /// What the evidence does not show.
    error NoOffence(string problem);
    /// The key that signed is, or was, no member's.
    error Unattributed(address signer);
    /// The member had given up the key before that height.
    error KeyRetired(address signer, uint64 height);
    /// Bonds that were there then may be gone.
    error TooOld(uint64 height, uint64 oldest);
    error AlreadyPunished(bytes32 key);
    /// The evidence is about a height that no block has; the block that would punish is `current`.
    error FutureHeight(uint64 height, uint64 current);
    /// The member was punished in block `height`. What it signed until then, or signs while it is out, the chain does not punish by
    /// itself; `accuse` does.
    error Answered(bytes32 member, uint64 height);
    error UnknownOffence(uint256 index);

    // By decision of the members.

    /// Makes the changes in the text of the charter, in order, and in every setting that follows from it.
    function amend(Change[] calldata changes) external;

    /// Moves a member's score.
    function adjustStanding(bytes32 member, int64 by) external;

    // By anyone.

    /// The caller's member bonds the value of the call on its own conduct. Its own bond has to reach the charter's pledge.
    function bond() external payable;
    /// Takes `amount` out of the caller's own bond, to be released after the charter's unbonding time.
    function unbond(uint256 amount) external returns (uint256 id);
    /// Puts the value of the call at stake on another's conduct.
    function delegate(bytes32 candidate) external payable;
    function undelegate(bytes32 candidate, uint256 amount) external returns (uint256 id);
    /// As `undelegate`, and delegates to candidate `to` what is released.
    function redelegate(bytes32 candidate, bytes32 to, uint256 amount) external returns (uint256 id);
    /// Pays what was unbonded, or delegates it on. By anyone, for its holder.
    function release(uint256 id) external;
    /// Pays the caller's rewards from `candidate`.
    function claim(bytes32 candidate) external returns (uint256 amount);
    /// Punishes what `evidence` proves. Its form: crates/primitives/src/accusation.rs.
    function accuse(bytes calldata evidence) external;

    // By the chain itself.

    /// The accounts of a block: who wrote it, and whose turns before came to nothing.
    function close(address writer, address[] calldata missed) external;
    /// Punishes what `evidence` proves, which the writer of the block carried in it. Its form is that of `accuse`.
    function convict(address writer, bytes calldata evidence) external;

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
    /// The settings before a change that is under way, and the first block under the new ones; 0 if there was no change.
    function turn() external view returns (uint64 height, string memory former);
    function stakeOf(bytes32 member) external view returns (Stake memory);
    function delegationOf(bytes32 candidate, bytes32 holder) external view returns (Delegation memory);
    function unbondingOf(uint256 id) external view returns (Unbond memory);
    function unbondingCount() external view returns (uint256);
    function standingOf(bytes32 member) external view returns (Score memory);
    /// Issued as rewards, burnt as fees and forfeits, and what is owed to holders out of the constitution's balance. In wei.
    function supply() external view returns (uint256 issued, uint256 burnt, uint256 held);
    /// The delegates of the present term, and its end.
    function delegates() external view returns (bytes32[] memory members, uint64 endsAt);
    function offenceCount() external view returns (uint256);
    /// Offences in the order of their punishment, from 0.
    function offenceAt(uint256 index) external view returns (Offence memory);
}
