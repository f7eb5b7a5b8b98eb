//! The commands: arguments here and in each module, one `run` each.

mod act;
mod bench;
mod charter;
mod decide;
mod demo;
mod depositary;
mod init;
mod lab;
mod mandate;
mod node;
mod read;
mod simulate;
mod up;

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
    /// Open a proposal.
    Propose(act::Propose),
    /// Cast, change or take back a ballot.
    Ballot(act::Ballot),
    /// Deposit an instrument of a treaty.
    Deposit(depositary::Deposit),
    /// Withdraw an instrument of a treaty.
    Withdraw(depositary::Withdraw),
    /// File declarations under a treaty.
    Declare(depositary::Declare),
    /// Object to a reservation.
    Object(depositary::Object),
    /// Withdraw a reservation, declaration or objection.
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
            Self::Propose(args) => args.run(json),
            Self::Ballot(args) => args.run(json),
            Self::Deposit(args) => args.run(json),
            Self::Withdraw(args) => args.run(json),
            Self::Declare(args) => args.run(json),
            Self::Object(args) => args.run(json),
            Self::Retract(args) => args.run(json),
            Self::InForce(args) => args.run(json),
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
