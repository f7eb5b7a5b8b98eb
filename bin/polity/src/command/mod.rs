//! The commands: arguments here and in each module, one `run` each.

mod act;
mod bench;
mod charter;
mod decide;
mod delegate;
mod demo;
mod depositary;
mod init;
mod lab;
mod life;
mod mandate;
mod node;
pub(crate) mod read;
mod sealed;
mod seats;
mod simulate;
mod up;

pub(crate) use act::amendment;
use clap::Subcommand;

use crate::output::Outcome;

#[derive(Subcommand, Debug)]
pub(crate) enum Command {
    /// Run the whole agreement on this machine, on real data.
    Demo(demo::Demo),
    /// Check, show or begin a charter.
    #[command(subcommand)]
    Charter(charter::Charter),
    /// Make keys and one home per validating member.
    Init(init::Init),
    /// Run a network of this machine's own.
    Up(up::Up),
    /// Run one node of a network.
    Node(node::Node),
    /// How a node and its network are.
    Status(read::Status),
    /// The members, their rights and weights.
    Members(read::Members),
    /// The proposals and how far they have come.
    Proposals(read::Proposals),
    /// The treaties, and who deposited when.
    Treaties(read::Treaties),
    /// What is in force for whom, on any day.
    InForce(depositary::InForce),
    /// The register of instruments: who filed what, and when.
    Instruments(depositary::Instruments),
    /// Mandates from outside, who recorded them, and what was opened under them.
    Mandates(mandate::Mandates),
    /// Record a mandate from outside.
    #[command(subcommand)]
    Mandate(mandate::Mandate),
    /// What the treasury holds.
    Treasury(read::Treasury),
    /// Why a proposal or a treaty was decided as it was.
    Why(read::Why),
    /// What a pending proposal would change.
    Simulate(simulate::Simulate),
    /// The tracks of proposals.
    Tracks(life::Tracks),
    /// What the chain will do by itself.
    Agenda(life::Agenda),
    /// Make a proposal.
    Propose(act::Propose),
    /// Sponsor a draft.
    Sponsor(life::Sponsor),
    /// Pay the deposit of a draft.
    PayDeposit(life::PayDeposit),
    /// Take a proposal back, or stop it as a guardian.
    Cancel(life::Cancel),
    /// Cast, change or take back a ballot.
    Ballot(act::Ballot),
    /// Reveal a sealed ballot.
    Reveal(sealed::Reveal),
    /// Let another member's ballot count for this one.
    Delegate(delegate::Delegate),
    /// Take a delegation back.
    Undelegate(delegate::Undelegate),
    /// Who delegated to whom.
    Delegations(delegate::Delegations),
    /// The chambers, how their seats are filled and who has them.
    Chambers(seats::Chambers),
    /// Stand in the election of a chamber.
    Stand(seats::Stand),
    /// Cast a ballot in the election of a chamber.
    Elect(seats::Elect),
    /// Bond money in a chamber by stake.
    Bond(seats::Bond),
    /// Take bonded money back.
    Unbond(seats::Unbond),
    /// Deposit an instrument of a treaty.
    Deposit(depositary::Deposit),
    /// Withdraw an instrument of a treaty.
    Withdraw(depositary::Withdraw),
    /// File declarations under a treaty.
    Declare(depositary::Declare),
    /// Object to a reservation.
    Object(depositary::Object),
    /// Reject a text that would bind by silence.
    Reject(depositary::Reject),
    /// Texts that bind by silence.
    Texts(depositary::Texts),
    /// Take back a reservation, declaration, objection or rejection.
    Retract(depositary::Retract),
    /// Decide by a rule on a file of ballots, offline.
    Decide(decide::Decide),
    /// Simulate networks under virtual time.
    #[command(subcommand)]
    Lab(lab::Lab),
    /// Measure this machine, as ratios to its own limits.
    Bench(bench::Bench),
}

impl Command {
    pub(crate) fn run(self, json: bool) -> Outcome {
        match self {
            Self::Demo(args) => args.run(json),
            Self::Charter(args) => args.run(json),
            Self::Init(args) => args.run(json),
            Self::Up(args) => args.run(json),
            Self::Node(args) => args.run(json),
            Self::Status(args) => args.run(json),
            Self::Members(args) => args.run(json),
            Self::Proposals(args) => args.run(json),
            Self::Treaties(args) => args.run(json),
            Self::Treasury(args) => args.run(json),
            Self::Why(args) => args.run(json),
            Self::Tracks(args) => args.run(json),
            Self::Agenda(args) => args.run(json),
            Self::Propose(args) => args.run(json),
            Self::Sponsor(args) => args.run(json),
            Self::PayDeposit(args) => args.run(json),
            Self::Cancel(args) => args.run(json),
            Self::Ballot(args) => args.run(json),
            Self::Reveal(args) => args.run(json),
            Self::Delegate(args) => args.run(json),
            Self::Undelegate(args) => args.run(json),
            Self::Delegations(args) => args.run(json),
            Self::Chambers(args) => args.run(json),
            Self::Stand(args) => args.run(json),
            Self::Elect(args) => args.run(json),
            Self::Bond(args) => args.run(json),
            Self::Unbond(args) => args.run(json),
            Self::Deposit(args) => args.run(json),
            Self::Withdraw(args) => args.run(json),
            Self::Declare(args) => args.run(json),
            Self::Object(args) => args.run(json),
            Self::Retract(args) => args.run(json),
            Self::InForce(args) => args.run(json),
            Self::Reject(args) => args.run(json),
            Self::Texts(args) => args.run(json),
            Self::Simulate(args) => args.run(json),
            Self::Mandates(args) => args.run(json),
            Self::Mandate(args) => args.run(json),
            Self::Instruments(args) => args.run(json),
            Self::Decide(args) => args.run(json),
            Self::Lab(command) => command.run(json),
            Self::Bench(args) => args.run(json),
        }
    }
}
