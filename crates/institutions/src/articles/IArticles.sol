// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

/// The articles: what members owe, judged by the chain itself at the end of each period, and what came of it.
///
/// It lives at 0x0000000000000000000000000000000000001005. Names are ASCII strings of up to 31 characters A-Z a-z 0-9 . _ - in a
/// bytes32, left-aligned and padded with zeros. Times are seconds since 1970-01-01 UTC. Besides the errors below, every function may
/// answer with those of IInstitution.
interface IArticles {
    /// What became of a settlement.
    /// Noticed: it becomes final at `finalAt` unless it is objected to or dismissed. Objected: it waits for a decision. Final: what it
    /// says is done. Dismissed: nothing is done. Held: a fact was missing or the clause has no value; nothing is done. Stalled: it was due
    /// to become final, but what it says takes more gas than the chain has for it; it waits for a decision.
    enum Status { None, Noticed, Objected, Final, Dismissed, Held, Stalled }

    /// An article in force, or one that was removed.
    struct Article {
        bytes32 id;
        /// keccak256 of its text as JSON, under which it lies for ever.
        bytes32 hash;
        /// Whether the charter still has it.
        bool inForce;
        /// The running period: its number, from 1, its beginning and its end.
        uint64 period;
        uint64 from;
        uint64 until;
        /// Settlements so far.
        uint64 settlements;
    }

    /// One execution of an article for one member and period.
    struct Settlement {
        uint256 id;
        bytes32 article;
        /// `hash` of the article as it was judged by.
        bytes32 hash;
        bytes32 member;
        uint64 period;
        uint64 from;
        uint64 until;
        /// When it was judged, and in which block.
        uint64 at;
        uint64 height;
        /// Noticed: when it becomes final; otherwise when it became what it is.
        uint64 finalAt;
        Status status;
        /// Everything it was computed from and gave, as JSON: facts asked and answers, definitions and values, consequences.
        string account;
        /// Why the member objects; empty unless it does.
        string objection;
    }

    event ArticleBegun(bytes32 indexed article, bytes32 indexed hash, uint64 from, uint64 until);
    event ArticleRemoved(bytes32 indexed article);
    /// The period was judged for everyone: how many owed, how many settlements came of it, and how many of those are held.
    event PeriodJudged(bytes32 indexed article, uint64 indexed period, uint64 owed, uint64 settled, uint64 held);
    /// The period could not be judged, for a reason that is the chain's and not the members': `looked` of them had been. Nothing more
    /// comes of it, and the next period begins.
    event PeriodGivenUp(bytes32 indexed article, uint64 indexed period, uint64 looked);
    event Settled(
        uint256 indexed id, bytes32 indexed article, bytes32 indexed member, uint64 period, Status status, uint64 finalAt
    );
    event Objected(uint256 indexed id, bytes32 indexed member, string reason);
    event BecameFinal(uint256 indexed id, bytes32 indexed article, bytes32 indexed member);
    /// The chain could not carry it out by itself: it waits for a decision.
    event Stalled(uint256 indexed id, bytes32 indexed article, bytes32 indexed member);
    event Dismissed(uint256 indexed id, bytes32 indexed article, bytes32 indexed member);
    /// What an article says to the world about a member.
    event Notified(uint256 indexed id, bytes32 indexed member, string words);
    /// A consequence had no effect: the member is gone, or the charter has no standing any more.
    event NoEffect(uint256 indexed id, bytes32 indexed member, string why);

    error UnknownArticle(bytes32 article);
    error UnknownSettlement(uint256 id);
    /// It is not in a status in which this can be done.
    error WrongSettlementStatus(uint256 id, Status status);
    /// Only the member it is about may object.
    error NotAboutYou(uint256 id, bytes32 member);
    /// Its notice is over: it becomes final in this block or the next.
    error NoticeOver(uint256 id, uint64 finalAt);
    error ReasonTooLong(uint256 bytesMax);
    error TooManyArticles(uint256 max);
    error ArticleTooLong(uint256 bytesMax);
    error NotDue(bytes32 what, uint256 number);

    /// Objects to a settlement about the caller before it is final: it then waits for a decision of the members.
    function object(uint256 id, string calldata reason) external;

    // By decision of the members.

    /// A settlement that is noticed, objected to or stalled is final at once, and done.
    function uphold(uint256 id) external;
    /// A settlement that is noticed, objected to or stalled is dismissed: nothing of it is done.
    function dismiss(uint256 id) external;

    // By the chain itself.

    // Articles are numbered from 0 in the order in which they were first written.

    /// Judges the period of article `number` that is over, for some more members; or makes the marks its first period begins with.
    function judge(uint256 number) external;
    /// Gives up the period of article `number` that cannot be judged, and begins the next.
    function giveUp(uint256 number) external;
    /// Makes a settlement final whose notice is over.
    function conclude(uint256 id) external;
    /// Leaves a settlement to the members that could not be made final.
    function stall(uint256 id) external;

    // Reading.

    function article(bytes32 id) external view returns (Article memory);
    function articles() external view returns (Article[] memory);
    /// The text with this hash, as JSON.
    function text(bytes32 hash) external view returns (string memory);
    function settlement(uint256 id) external view returns (Settlement memory);
    function settlementCount() external view returns (uint256);
}
