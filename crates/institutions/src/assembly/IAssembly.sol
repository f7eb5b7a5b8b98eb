// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

/// The assembly: instruments deposited to treaties, proposals decided by ballot, and the rules by which they are.
///
/// It lives at 0x0000000000000000000000000000000000001002. Names (of members, treaties, chambers, rules) are ASCII
/// strings of up to 31 bytes in a bytes32, left-aligned and padded with zeros. Times are seconds since 1970 UTC; a date
/// is the time of its 00:00 UTC.
interface IAssembly {
    /// What a ballot says. `None` takes a ballot back; `Split` is what `ballotOf` answers where `ballotSplit` was called.
    enum Choice { None, Yes, No, Abstain, Veto, Split }

    /// When the deposit of a proposal is forfeited.
    enum Burn { Never, Veto, Rejected }

    /// One vote of a track.
    struct TrackStage {
        bytes32 chamber;
        /// 0: the chamber's.
        bytes32 rule;
        /// 0: as the chamber says.
        uint64 votingSecs;
        /// From the stage before, or from the opening, until ballots are taken.
        uint64 pauseSecs;
    }

    /// How a kind of proposal is treated.
    struct Track {
        string name;
        /// Bit i is set if it judges calls of kind i: ordinary, budget, admission, expulsion, amendment, constitutional,
        /// emergency.
        uint16 kinds;
        /// A proposal that mixes kinds is judged by the track of the highest strictness among theirs.
        uint64 strictness;
        TrackStage[] stages;
        /// Members that must sponsor a draft, besides its proposer.
        uint64 sponsors;
        /// What must be deposited. Units: wei.
        uint256 deposit;
        Burn burn;
        /// Treasury account that a forfeited deposit goes to; 0: it is burnt.
        bytes32 forfeitTo;
        uint64 draftSecs;
        uint64 discussionSecs;
        /// type(uint64).max: as the chamber of the last stage says.
        uint64 delaySecs;
        /// A ballot in the last `extensionLastSecs` that flips the outcome moves the close by `extensionBySecs`, at most
        /// `extensionTimes` times a stage; 0: never.
        uint64 extensionLastSecs;
        uint64 extensionBySecs;
        uint64 extensionTimes;
        /// Chamber that may cancel; 0: none.
        bytes32 guardian;
        /// 0: the chamber's.
        bytes32 guardianRule;
        /// From this time on it may not.
        uint64 guardianUntil;
        /// Whether ballots are sealed; not `revealSecs`: as each chamber says.
        Secrecy secret;
    }

    /// How far a proposal has come.
    enum Status {
        Unknown,
        /// Waits for sponsors or a deposit.
        Draft,
        /// Is discussed; ballots are not taken yet.
        Discussion,
        /// Open, and its electorate is being counted, some members a block. Ballots are not taken yet.
        Preparing,
        /// Ballots are taken.
        Open,
        /// Between two stages.
        Pause,
        /// Passed in every stage; the calls wait for their delay.
        Adopted,
        /// Passed, and every call was made.
        Executed,
        /// Could not be opened, or passed but a call failed and none was made; `reasonOf` says why.
        Failed,
        /// Not passed.
        Rejected,
        /// Taken back by its proposer, or stopped by the guardian.
        Cancelled,
        /// Never found its sponsors or its deposit.
        Lapsed
    }

    /// One call of a proposal, made by the agreement (0x…1000) when the proposal is enacted.
    struct Call { address target; uint256 value; bytes data; }

    /// A named electorate: active members with the right to vote that `members` names, or whose kind is in `kinds` and,
    /// if `classes` is not empty, that carry one of `classes`.
    struct Chamber {
        string name;
        /// Bit i is set for kind i of IRegistry.Kind.
        uint16 kinds;
        bytes32[] classes;
        bytes32[] members;
        bytes32 rule;
        /// How long ballots are taken.
        uint64 votingSecs;
        /// How long an adopted proposal waits before its calls are made.
        uint64 delaySecs;
        /// How its seats are filled. Unless by description, kinds, classes and members say who may stand, or bond.
        Seating seating;
        /// Whether its ballots are sealed while voting is open.
        Secrecy secret;
    }

    /// One vote of a proposal.
    struct Stage {
        bytes32 chamber;
        /// keccak256 of the canonical JSON of the rule, frozen at opening; `ruleText` returns it.
        bytes32 ruleHash;
        /// From when ballots are taken; 0 before that is known.
        uint64 opensAt;
        /// Until when; 0 before that is known.
        uint64 closesAt;
        /// When the outcome was established; 0 before.
        uint64 concludedAt;
        bool adopted;
        /// Until when sealed ballots are revealed, after the close; 0: they are not sealed, or the close is not known.
        uint64 revealsUntil;
        /// How often a late ballot has moved the close.
        uint64 extensions;
        /// keccak256 of the JSON of the why-report; 0 before the outcome.
        bytes32 reportHash;
    }

    /// How the seats of a chamber are filled.
    enum By {
        /// By kinds, classes and names.
        Description,
        /// Its members are elected for a term by the members of `source`.
        Election,
        /// Its members are drawn by lot for a term from those of `source`.
        Sortition,
        /// Whoever bonded at least `min` sits, and weighs in `stake` what it bonded.
        Stake
    }

    struct Seating {
        By by;
        uint64 seats;
        bytes32 source;
        uint64 termSecs;
        /// How long ballots are taken at the end of a term.
        uint64 electionSecs;
        /// Whether a ballot may name several candidates.
        bool approval;
        /// The weight that counts in an election, or in proportion to which lots fall; zero: one each.
        bytes32 weight;
        uint64 unbondingSecs;
        /// In wei.
        uint256 min;
    }

    struct Secrecy {
        /// How long ballots are revealed after the close; 0: ballots are not secret.
        uint64 revealSecs;
        /// What a ballot means that was committed and never revealed: None, No or Abstain.
        Choice unrevealed;
    }

    struct Term {
        /// From 1; 0: nobody was ever seated.
        uint64 number;
        uint64 began;
        uint64 ends;
        /// Block at whose end it began to count.
        uint64 height;
        /// What lots were drawn with; zero for an election.
        bytes32 seed;
        bytes32[] members;
    }

    struct Candidate { bytes32 member; bool withdrawn; uint256 weight; }

    struct Election {
        /// From 1; 0: there was none.
        uint64 number;
        bool open;
        uint64 closesAt;
        uint64 seats;
        /// The chamber that elects, as of the end of block `height`.
        bytes32 source;
        uint64 height;
        bytes32 weight;
        bool approval;
        /// In the order in which they stood.
        Candidate[] candidates;
    }

    struct Unbond { bytes32 chamber; bytes32 member; uint256 amount; uint64 paidAt; bool paid; }

    struct Proposal {
        Status status;
        /// The track, or the chamber that it names instead of one.
        bytes32 track;
        /// Member that proposed it.
        bytes32 proposer;
        string title;
        /// keccak256 of abi.encode(Call[]).
        bytes32 payloadHash;
        uint64 proposedAt;
        /// When the present step ends: the draft lapses, the discussion or the pause ends, ballots close, the calls fall due;
        /// 0 when nothing is awaited.
        uint64 deadline;
        /// Height of the block before the opening: the electorate and its weights are those of the end of this height; 0
        /// before the opening.
        uint64 electorateHeight;
        uint64 openedAt;
        /// When the outcome was established; 0 before.
        uint64 concludedAt;
        /// When the calls fall due; 0 unless adopted.
        uint64 executesAt;
        /// When the calls were made or failed, or the proposal was cancelled or lapsed; 0 before.
        uint64 finishedAt;
        /// Number of the present stage, or of the last one that was voted on; from 0.
        uint64 stage;
        /// Frozen at the opening; empty before.
        Stage[] stages;
        /// Kinds of its calls, as bits.
        uint16 kinds;
        /// Number of the external mandate it was opened under; 0: none.
        uint64 mandate;
        uint64 sponsorsNeeded;
        /// Members that sponsor it, besides its proposer.
        bytes32[] sponsors;
        /// Units: wei.
        uint256 depositNeeded;
        /// What is held now. Units: wei.
        uint256 depositHeld;
        /// Whose money it is.
        address depositor;
    }

    struct Treaty {
        string name;
        bytes32 ruleHash;
        /// Bit i is set if members of kind i may deposit.
        uint16 kinds;
        /// Instruments now deposited.
        uint64 deposits;
        /// Date on which the rule was met; 0 before.
        uint64 decidedOn;
        /// Date of entry into force; 0 before the rule is met.
        uint64 effectiveOn;
        /// When it entered into force; 0 before.
        uint64 inForceSince;
        /// The proposal whose amendment opened it; 0: the founding charter.
        uint256 proposal;
    }

    /// What an instrument is.
    enum InstrumentKind {
        None,
        /// Counts for nothing yet.
        Signature,
        /// The four that make a Party.
        Ratification, Acceptance, Approval, Accession,
        /// Ends what they began.
        Withdrawal,
        Reservation,
        Declaration,
        /// To a reservation.
        Objection,
        /// Of a text that binds by silence.
        Rejection
    }

    /// How far a text that binds by silence has come.
    enum TextStatus {
        Unknown,
        /// Those it can bind are being counted, some a block.
        Counting,
        /// Rejections are taken.
        Open,
        /// Binds whoever did not reject it, each from its own day.
        Adopted,
        Rejected
    }

    /// The days of some members: the rule's own, or those of a class that has other times.
    struct TextTerm { uint64 lastDay; uint64 effectiveOn; }

    /// A text of a treaty that binds by silence.
    struct AmendingText {
        bytes32 treaty;
        TextStatus status;
        string title;
        bytes32 documentHash;
        string uri;
        bytes32 ruleHash;
        uint64 notifiedOn;
        /// 0 while it is open.
        uint64 decidedOn;
        /// How many it can bind.
        uint64 members;
        /// How many of them reject it.
        uint64 rejections;
        TextTerm[] terms;
        /// The proposal that adopted it: its calls, under its payloadHash, name the document's hash.
        uint256 proposal;
    }

    /// A reservation or declaration: its text (at most 2,048 bytes), and the keccak256 of a document, or zero.
    struct Statement { InstrumentKind kind; string text; bytes32 documentHash; }

    /// A dated legal act of a member under a treaty.
    struct Instrument {
        bytes32 treaty;
        bytes32 member;
        InstrumentKind kind;
        /// Date of filing.
        uint64 date;
        /// Of a withdrawal: from when on it works. Else 0.
        uint64 effectiveOn;
        /// From when on it no longer works; 0: it stands.
        uint64 endedOn;
        /// The instrument it is about: of a statement or withdrawal, the deposit; of an objection, the reservation. Or 0.
        uint256 subject;
        /// Of an objection: whether it opposes the entry into force between the two.
        bool opposes;
        string text;
        bytes32 documentHash;
    }

    /// The final clauses of a treaty. Delays are calendar delays such as 30d, 6mo or 1y; empty: none.
    struct Clauses {
        bool reservations;
        /// Whoever may deposit may object; else only who has deposited.
        bool membersObject;
        string objectionPeriod;
        /// In force for every member that may deposit; else for depositors.
        bool bindsAll;
        /// For who deposits after the rule is met, or (`laterOnceInForce`) once it is in force: from its deposit.
        string later;
        bool laterOnceInForce;
        /// From a notice of withdrawal to its effect.
        string notice;
        /// No notice before so long after the entry into force for that Party.
        string notBefore;
        /// Ratification, acceptance and approval take a signature first; accession does not.
        bool signatureFirst;
    }

    /// Who brings decisions from outside into the record.
    struct Authority {
        string name;
        /// Who acts for it: a member, or an account.
        bytes32 member;
        address account;
        /// Whose mandates it records; empty: anybody's.
        string issuer;
        /// Bit i is set if it may open, not decide, proposals of kind i: ordinary, budget, admission, expulsion,
        /// amendment, constitutional, emergency.
        uint16 opens;
    }

    /// A decision from outside: a law, a court order, the resolution of a body.
    struct Mandate {
        bytes32 authority;
        string title;
        /// keccak256 of the document.
        bytes32 documentHash;
        string issuer;
        /// Where the document can be fetched.
        string uri;
        uint64 recordedAt;
        /// Number of proposals opened under it; `usesOf` lists them.
        uint64 uses;
    }

    /// `member` and `account` are zero for an authority that acts no more.
    event AuthoritySet(bytes32 indexed id, bytes32 indexed member, address indexed account, uint16 opens);
    event MandateRecorded(
        uint256 indexed id, bytes32 indexed authority, string title, bytes32 documentHash, string issuer, string uri
    );
    /// A proposal was opened under a mandate.
    event MandateUsed(uint256 indexed id, uint256 indexed proposal, bytes32 indexed authority);

    event TextNotified(
        uint256 indexed id, bytes32 indexed treaty, string title, bytes32 documentHash, string uri, uint64 date
    );
    event TextCounted(uint256 indexed id, uint64 members);
    event TextConcluded(uint256 indexed id, bool adopted, uint64 decidedOn);
    /// It enters into force for the members of a term that did not reject it.
    event TextEntersIntoForce(uint256 indexed id, uint256 indexed term, uint64 effectiveOn);

    /// Every instrument, when it is filed.
    event Filed(
        uint256 indexed id, bytes32 indexed treaty, bytes32 indexed member, InstrumentKind kind, uint64 date,
        uint64 effectiveOn, uint256 subject, bool opposes, string text, bytes32 documentHash
    );
    /// An instrument that makes a Party.
    event Deposited(bytes32 indexed treaty, bytes32 indexed member, uint64 date);
    /// A notice: a Party until `effectiveOn`.
    event WithdrawalNotified(bytes32 indexed treaty, bytes32 indexed member, uint64 date, uint64 effectiveOn);
    event WithdrawalRevoked(bytes32 indexed treaty, bytes32 indexed member, uint64 date);
    /// No Party from `date` on, or its instrument is taken back.
    event Withdrawn(bytes32 indexed treaty, bytes32 indexed member, uint64 date);
    event Retracted(uint256 indexed id, bytes32 indexed treaty, bytes32 indexed member, uint64 date);
    /// The rule of the treaty is met; it will enter into force on `effectiveOn`.
    event Decided(bytes32 indexed treaty, uint64 decidedOn, uint64 effectiveOn);
    event EnteredIntoForce(bytes32 indexed treaty, uint64 decidedOn, uint64 effectiveOn);
    /// For a member that deposited later than those for whom `EnteredIntoForce` speaks.
    event EnteredIntoForceFor(bytes32 indexed treaty, bytes32 indexed member, uint64 date);

    event Proposed(
        uint256 indexed id, bytes32 indexed track, bytes32 indexed proposer, string title, bytes32 payloadHash
    );
    event Sponsored(uint256 indexed id, bytes32 indexed member, bool sponsors);
    event DepositPlaced(uint256 indexed id, address indexed from, uint256 amount);
    event DepositReturned(uint256 indexed id, address indexed to, uint256 amount);
    /// It went to an account of the treasury, or was burnt (`account` is 0).
    event DepositForfeited(uint256 indexed id, bytes32 indexed account, uint256 amount);
    /// The draft has what it needs; it opens at `opensAt`.
    event Discussed(uint256 indexed id, uint64 opensAt);
    /// Electorate, weights, rules and calls are frozen: those of the end of `electorateHeight`.
    event Opened(uint256 indexed id, uint64 electorateHeight);
    /// Ballots of a stage are taken from `opensAt` until `closesAt`.
    event StageOpened(
        uint256 indexed id, uint64 indexed stage, bytes32 indexed chamber, bytes32 ruleHash, uint64 opensAt, uint64 closesAt
    );
    /// `members` of `total` members have been looked at, over all votes; ballots are taken when all have been.
    event Prepared(uint256 indexed id, uint64 members, uint64 total);
    event BallotCast(uint256 indexed id, uint64 indexed stage, bytes32 indexed member, Choice choice);
    event BallotSplit(
        uint256 indexed id, uint64 indexed stage, bytes32 indexed member, uint16 yes, uint16 no, uint16 abstain, uint16 veto
    );
    /// A late ballot flipped the outcome; ballots are taken until `closesAt`.
    event Extended(uint256 indexed id, uint64 indexed stage, uint64 closesAt);
    /// A member of the guardian chamber is for cancelling, or no longer.
    event CancelBallot(uint256 indexed id, bytes32 indexed member, bool cancel, string reason);
    /// By its proposer, or by the chamber `by`.
    event Cancelled(uint256 indexed id, bytes32 indexed by, string reason);
    event Lapsed(uint256 indexed id);
    /// The outcome of a stage is established.
    event StageConcluded(uint256 indexed id, uint64 indexed stage, bool adopted, bytes32 reportHash);
    /// The outcome of the proposal is established. `executesAt` is 0 when rejected.
    event Concluded(uint256 indexed id, bool adopted, uint64 executesAt, bytes32 reportHash);
    event Executed(uint256 indexed id);
    event ExecutionFailed(uint256 indexed id, bytes reason);

    /// A chamber's seats are to be filled: ballots name candidates until `closesAt`.
    event ElectionOpened(bytes32 indexed chamber, uint64 election, uint64 closesAt);
    event CandidateStood(bytes32 indexed chamber, uint64 election, bytes32 indexed member);
    event CandidateWithdrew(bytes32 indexed chamber, uint64 election, bytes32 indexed member);
    event ElectionBallot(bytes32 indexed chamber, uint64 election, bytes32 indexed member, bytes32[] candidates);
    /// Nobody was elected: who sits goes on, and the election is held again.
    event NobodyElected(bytes32 indexed chamber, uint64 election);
    /// Lots will fall among the members of `source` as of the end of block `height`, with the randomness of a later block.
    event DrawAnnounced(bytes32 indexed chamber, uint64 term, bytes32 source, uint64 height);
    event DrawSeeded(bytes32 indexed chamber, uint64 term, bytes32 seed);
    /// A term begins. With fewer candidates, or members to draw from, than seats, `vacant` seats stay empty until it ends.
    event Seated(bytes32 indexed chamber, uint64 term, bytes32[] members, uint64 vacant, uint64 endsAt);
    /// The seats could not be filled; it is tried again at `again`. Who sits goes on.
    event TurnSkipped(bytes32 indexed chamber, uint64 again);
    event Bonded(bytes32 indexed chamber, bytes32 indexed member, uint256 amount, uint256 stake);
    event Unbonding(uint256 indexed id, bytes32 indexed chamber, bytes32 indexed member, uint256 amount, uint64 paidAt);
    event Released(uint256 indexed id, bytes32 indexed member, address to, uint256 amount);

    /// A sealed ballot; zero: taken back.
    event BallotCommitted(uint256 indexed id, uint64 indexed stage, bytes32 indexed member, bytes32 commitment);
    event BallotRevealed(
        uint256 indexed id, uint64 indexed stage, bytes32 indexed member, uint16 yes, uint16 no, uint16 abstain, uint16 veto
    );
    event Delegated(bytes32 indexed scope, bytes32 indexed member, bytes32 indexed to);
    event Undelegated(bytes32 indexed scope, bytes32 indexed member, bytes32 indexed from);

    event RuleSet(bytes32 indexed id, bytes32 ruleHash);
    event ChamberSet(bytes32 indexed id, bytes32 rule);
    event TrackSet(bytes32 indexed id, uint16 kinds, uint64 strictness);
    event TrackRemoved(bytes32 indexed id);
    event ConstitutionalSet(string[] paths);
    // By an amendment of the charter; open proposals keep what they opened with.
    event RuleRemoved(bytes32 indexed id);
    event ChamberRemoved(bytes32 indexed id);
    event TreatyNamed(bytes32 indexed treaty, string name);

    error NotAMember(address who);
    error NoRight(bytes32 member, string right);
    error NotInElectorate(uint256 id, bytes32 member);
    /// Nobody sits in the chamber with the right to vote.
    error EmptyElectorate(bytes32 chamber);
    error UnknownTreaty(bytes32 treaty);
    error UnknownChamber(bytes32 chamber);
    /// There is no track of this name, and no chamber.
    error UnknownTrack(bytes32 track);
    /// The calls are of a kind that `required` judges, which is stricter than `track`.
    error TrackTooMild(bytes32 track, bytes32 required);
    /// Proposals on the track are opened under an external mandate only.
    error MandateNeeded(bytes32 track);
    error InvalidTrack(string problem);
    error NotADraft(uint256 id);
    error AlreadySponsor(uint256 id, bytes32 member);
    error NotASponsor(uint256 id, bytes32 member);
    /// The track asks for `expected` wei, once and in full.
    error WrongDeposit(uint256 expected, uint256 sent);
    /// The parts sum to `sum`, not to 10,000.
    error WrongSplit(uint256 sum);
    /// The caller is not its proposer, or it is too late; and no guardian's power to cancel reaches it.
    error CannotCancel(uint256 id, bytes32 member);
    error UnknownRule(bytes32 rule);
    error UnknownProposal(uint256 id);
    error UnknownStage(uint256 id, uint256 stage);
    error KindNotAllowed(bytes32 treaty, bytes32 member);
    error AlreadyDeposited(bytes32 treaty, bytes32 member);
    error NotDeposited(bytes32 treaty, bytes32 member);
    /// The treaty is ratified, accepted or approved by those that signed it.
    error NotSigned(bytes32 treaty, bytes32 member);
    /// Ballots are sealed: commit to one.
    error Sealed(uint256 id);
    error NotSealed(uint256 id);
    /// Not what `member` committed to.
    error WrongReveal(uint256 id, bytes32 member);
    /// What it sealed is revealed and counted; a ballot is revealed once.
    error AlreadyRevealed(uint256 id, bytes32 member);
    /// There is no track and no chamber of this name.
    error UnknownScope(bytes32 scope);
    error NotDelegated(bytes32 scope, bytes32 member);
    error NotInChamber(bytes32 chamber, bytes32 member);
    /// The delegation would lead back to who makes it: from the first of these to the last, which are the same.
    error DelegationLoop(bytes32[] members);
    /// More than `max` members would stand one above the other.
    error DelegationTooLong(bytes32[] members, uint256 max);
    error NoElection(bytes32 chamber);
    error MayNotStand(bytes32 chamber, bytes32 member);
    error AlreadyStands(bytes32 chamber, bytes32 member);
    error NotACandidate(bytes32 chamber, bytes32 member);
    error NotAnElector(bytes32 chamber, bytes32 member);
    error NotByStake(bytes32 chamber);
    error MayNotBond(bytes32 chamber, bytes32 member);
    error NothingBonded();
    /// More than can be counted, or than is there.
    error BadAmount(uint256 amount, uint256 max);
    error UnknownUnbonding(uint256 id);
    error AlreadySigned(bytes32 treaty, bytes32 member);
    /// An instrument of this kind cannot be filed so.
    error WrongInstrument(InstrumentKind kind);
    error ReservationsForbidden(bytes32 treaty);
    error InvalidStatement(string problem);
    /// No notice of withdrawal before `earliest`.
    error TooEarly(bytes32 treaty, bytes32 member, uint64 earliest);
    error NoticeGiven(bytes32 treaty, bytes32 member, uint64 effectiveOn);
    error NoNotice(bytes32 treaty, bytes32 member);
    error UnknownInstrument(uint256 id);
    error NotAnAuthority(address who);
    /// No text of this treaty binds by silence.
    error NotNotified(bytes32 treaty);
    error UnknownText(uint256 id);
    error StillCounting(uint256 id);
    /// The text cannot bind this member.
    error NotBound(uint256 id, bytes32 member);
    error TooLate(uint256 id, uint64 lastDay);
    error AlreadyRejected(uint256 id, bytes32 member);
    error UnknownAuthority(bytes32 authority);
    error UnknownMandate(uint256 id);
    error NotYourMandate(uint256 id, bytes32 authority);
    error MayNotOpen(bytes32 authority);
    error WrongIssuer(string expected);
    error NotYours(uint256 id, bytes32 member);
    /// No standing reservation of another member.
    error NotObjectionable(uint256 id);
    error AlreadyObjected(uint256 id, bytes32 member);
    error ObjectionTooLate(uint256 id, uint64 until);
    error Ended(uint256 id, uint64 endedOn);
    error Closed(uint256 id);
    /// Not what the agenda has first, or not yet.
    error NotDue();
    error InvalidTitle();
    error InvalidRule(string problem);
    /// The rule counts instruments where ballots are cast, or the other way round.
    error WrongBasis(bytes32 rule);
    error InvalidChamber(string problem);
    /// More `what` than `max`.
    error TooMany(string what, uint256 max);

    // Treaties.

    /// Deposits the caller's instrument of ratification, dated with the block's date (UTC).
    function deposit(bytes32 treaty) external;
    /// Deposits an instrument of a kind that makes a Party, with its statements; or signs (declarations only).
    function depositInstrument(bytes32 treaty, InstrumentKind kind, Statement[] calldata statements) external;
    /// Withdraws it: at once while the treaty is not in force for the caller, else with the treaty's notice. What is
    /// decided stays decided.
    function withdraw(bytes32 treaty) external;
    /// Takes the notice back before it works.
    function revokeWithdrawal(bytes32 treaty) external;
    /// Files declarations of a signatory or depositor.
    function declare(bytes32 treaty, Statement[] calldata statements) external;
    /// Objects to reservation `id`; `opposes` also the entry into force between the two.
    function object(uint256 id, bool opposes, string calldata text, bytes32 documentHash) external;
    /// Withdraws a reservation, declaration, objection or rejection of the caller.
    function retract(uint256 id) external;
    /// By the chain itself, on the date of an instrument: a withdrawal works, or a later deposit enters into force.
    function takeEffect(uint256 id) external;
    /// By the chain itself, in the first block of the date.
    function enterIntoForce(bytes32 treaty) external;

    // Texts that bind by silence.

    /// Notifies a text of a treaty to those it can bind. By the agreement only.
    function notify(bytes32 treaty, string calldata title, bytes32 documentHash, string calldata uri)
        external returns (uint256 id);
    /// Rejects a text for the caller, by its last day.
    function reject(uint256 id, string calldata reason, bytes32 documentHash) external;
    /// By the chain itself: counts on, ends a term, or tells of an entry into force.
    function advanceText(uint256 id) external;
    /// By the chain itself, if that failed.
    function giveUpText(uint256 id) external;

    // Mandates.

    /// Records a decision from outside, by an authority of the charter.
    function recordMandate(string calldata title, bytes32 documentHash, string calldata issuer, string calldata uri)
        external returns (uint256 id);
    /// Opens an emergency proposal under a mandate the caller recorded. It is judged like every other.
    function proposeUnder(uint256 mandate, bytes32 track, string calldata title, Call[] calldata calls)
        external returns (uint256 id);

    // Proposals.

    /// Makes a proposal on `track`; where no track claims its calls, `track` may name a chamber. When it opens, electorate,
    /// weights, rules, calls, and the code of the accounts called are frozen.
    /// The value sent is its deposit: as much as the track asks for, or nothing and `placeDeposit` later.
    function propose(bytes32 track, string calldata title, Call[] calldata calls) external payable returns (uint256 id);
    /// The caller sponsors a draft: an active member with the right to propose.
    function sponsor(uint256 id) external;
    function unsponsor(uint256 id) external;
    /// Pays the deposit of a draft; whoever pays gets it back.
    function placeDeposit(uint256 id) external payable;
    /// The proposer takes its proposal back, before the outcome; or a member of the guardian chamber is for stopping it, which
    /// happens at once when the guardian's rule is met whatever the other guardians do.
    function cancel(uint256 id, string calldata reason) external;
    /// Takes back a guardian's `cancel`.
    function uncancel(uint256 id) external;
    /// Casts, changes or (`None`) takes back the caller's ballot in the present stage, until it closes.
    function ballot(uint256 id, Choice choice) external;
    /// The same with the weight split: parts of 10,000.
    function ballotSplit(uint256 id, uint16 yes, uint16 no, uint16 abstain, uint16 veto) external;
    /// By the chain itself, when a draft has waited long enough.
    function lapse(uint256 id) external;
    /// By the chain itself, when the discussion is over.
    function open(uint256 id) external;
    /// By the chain itself, until the electorate is counted.
    function prepare(uint256 id) external;
    /// By the chain itself, at the close of a stage, or in a block after its outcome can no longer change.
    function conclude(uint256 id) external;
    /// By the chain itself, when a pause is over.
    function resume(uint256 id) external;
    /// By the agreement, when it has made the calls.
    function markEnacted(uint256 id) external;
    /// By the chain itself, when a call failed.
    function markFailed(uint256 id, bytes calldata reason) external;

    // Sealed ballots.

    /// Commits to a ballot where ballots are sealed, in place of what was committed to before; zero takes it back. The commitment is
    /// keccak256(abi.encode(block.chainid, id, stage, member, yes, no, abstain, veto, salt)), with parts of 10,000.
    function commit(uint256 id, bytes32 commitment) external;
    /// Reveals it, between the close and the end of the reveals.
    function reveal(uint256 id, uint16 yes, uint16 no, uint16 abstain, uint16 veto, bytes32 salt) external;

    // Delegation.

    /// Lets `to` vote for the caller in `scope`, a track or a chamber, wherever the caller casts no ballot itself; on proposals that
    /// open later.
    function delegate(bytes32 scope, bytes32 to) external;
    /// Takes that back, for proposals that open later.
    function undelegate(bytes32 scope) external;

    // Seats.

    /// Stands in the open election of a chamber.
    function stand(bytes32 chamber) external;
    /// Stands no more.
    function standDown(bytes32 chamber) external;
    /// Casts, changes or (with no candidates) takes back the caller's ballot in the open election of a chamber.
    function elect(bytes32 chamber, bytes32[] calldata candidates) external;
    /// Bonds the value of the call in a chamber by stake.
    function bond(bytes32 chamber) external payable;
    /// Takes `amount` out of what the caller bonded; it is paid back after the chamber's unbonding time.
    function unbond(bytes32 chamber, uint256 amount) external returns (uint256 id);
    /// By the chain itself: opens an election or a draw of the chamber with that number, continues it, or seats who won.
    function turn(uint256 number) external;
    /// By the chain itself, when that failed.
    function skipTurn(uint256 number) external;
    /// By the chain itself: pays back what was unbonded.
    function release(uint256 id) external;

    // Reading.

    function proposalCount() external view returns (uint256);
    function proposal(uint256 id) external view returns (Proposal memory);
    function callsOf(uint256 id) external view returns (Call[] memory);
    /// EXTCODEHASH of each call's target at opening; keccak256("") for an account without code, existing or not.
    function codeHashesOf(uint256 id) external view returns (bytes32[] memory);
    /// Stage `stages.length` is the guardian's vote on cancelling. The parts are of 10,000.
    function ballotOf(uint256 id, uint256 stage, bytes32 member) external view
        returns (Choice choice, uint16 yes, uint16 no, uint16 abstain, uint16 veto);
    /// The chamber that may cancel, its vote and the end of its power; all 0 if there is none.
    function guardianOf(uint256 id) external view returns (Stage memory vote, uint64 until);
    /// The words of a stage's tally: with `ruleText` of the rule's hash and the average of past participation where the rule
    /// has a moving quorum (`averageOf`), all that the why-report is computed from.
    function tallyOf(uint256 id, uint256 stage) external view returns (uint256[] memory);
    function reasonOf(uint256 id) external view returns (bytes memory);

    function treatyIds() external view returns (bytes32[] memory);
    function treaty(bytes32 id) external view returns (Treaty memory);
    /// Date of the member's deposit; 0 without one.
    function depositOf(bytes32 treaty, bytes32 member) external view returns (uint64 date);
    function clausesOf(bytes32 treaty) external view returns (Clauses memory);
    /// Whether the treaty is in force for `member` on the day of `date`, as far as is known now.
    function isParty(bytes32 treaty, bytes32 member, uint64 date) external view returns (bool);
    function instrumentCount() external view returns (uint256);
    /// Instrument `id`, from 1 in the order of filing.
    function instrument(uint256 id) external view returns (Instrument memory);
    function instrumentsOf(bytes32 treaty, bytes32 member) external view returns (uint256[] memory);
    /// All objections ever made to reservation `id`.
    function objectionsTo(uint256 id) external view returns (uint256[] memory);
    function textCount() external view returns (uint256);
    /// Text `id`, from 1.
    function text(uint256 id) external view returns (AmendingText memory);
    /// From when on text `id` binds `member`; 0: it does not, or not yet for certain.
    function textBindsFrom(uint256 id, bytes32 member) external view returns (uint64 date);
    function authorityIds() external view returns (bytes32[] memory);
    function authority(bytes32 id) external view returns (Authority memory);
    function mandateCount() external view returns (uint256);
    /// Mandate `id`, from 1.
    function mandate(uint256 id) external view returns (Mandate memory);
    /// The mandate that proposal `id` was opened under; 0: none.
    function mandateOf(uint256 id) external view returns (uint256);
    /// Proposals opened under a mandate.
    function usesOf(uint256 mandate) external view returns (uint256[] memory);
    function treatyTallyOf(bytes32 id) external view returns (uint256[] memory);

    function ruleIds() external view returns (bytes32[] memory);
    /// Hash of the rule now called `id`; 0 for none.
    function ruleHash(bytes32 id) external view returns (bytes32);
    /// Canonical JSON of the rule with that hash, whichever proposals still use it.
    function ruleText(bytes32 hash) external view returns (string memory);
    function trackIds() external view returns (bytes32[] memory);
    function track(bytes32 id) external view returns (Track memory);
    /// The track that judges calls of this kind; 0: none, the proposer names a chamber.
    function trackOfKind(uint8 kind) external view returns (bytes32);
    /// Paths of the charter whose amendment is constitutional.
    function constitutionalPaths() external view returns (string[] memory);
    /// Average of participation that the moving quorum of a stage was frozen with, in 10,000ths, plus one; 0: the rule's start.
    function averageOf(uint256 id, uint256 stage) external view returns (uint64);
    function chamberIds() external view returns (bytes32[] memory);
    function chamber(bytes32 id) external view returns (Chamber memory);

    /// What `member` committed to in the present stage; 0: to nothing.
    function commitmentOf(uint256 id, bytes32 member) external view returns (bytes32);
    /// To whom `member` has delegated in `scope`; 0: to nobody.
    function delegateOf(bytes32 scope, bytes32 member) external view returns (bytes32);
    function delegateAt(bytes32 scope, bytes32 member, uint64 height) external view returns (bytes32);
    /// The member whose ballot counts for `member` in the present stage: itself, or the nearest above it that has cast one; 0: none.
    function carrierOf(uint256 id, bytes32 member) external view returns (bytes32);

    /// The present term of a chamber whose members are elected or drawn.
    function termOf(bytes32 chamber) external view returns (Term memory);
    /// Whether `member` had a seat of such a chamber, or enough bonded, at the end of block `height`.
    function satAt(bytes32 chamber, bytes32 member, uint64 height) external view returns (bool);
    /// The last election of a chamber.
    function electionOf(bytes32 chamber) external view returns (Election memory);
    /// What `member`'s ballot in the last election names.
    function electedBy(bytes32 chamber, bytes32 member) external view returns (bytes32[] memory);
    /// What `member` has bonded, in wei.
    function stakeOf(bytes32 chamber, bytes32 member) external view returns (uint256);
    function stakeAt(bytes32 chamber, bytes32 member, uint64 height) external view returns (uint256);
    /// What all have bonded in a chamber, in wei.
    function bondedIn(bytes32 chamber) external view returns (uint256);
    function unbondingOf(uint256 id) external view returns (Unbond memory);
}
