//! The commands: arguments here and in each module, one `run` each.

mod act;
mod bench;
mod charter;
mod clause;
mod committee;
mod decide;
mod delegate;
mod demo;
mod depositary;
mod evidence;
mod incentive;
mod init;
mod lab;
mod life;
mod mandate;
mod node;
mod proposals;
pub(crate) mod read;
mod sealed;
mod seats;
mod simulate;
mod stake;
mod up;
mod why;

pub(crate) use act::amendment;
use clap::Subcommand;

use crate::output::Outcome;

#[derive(Subcommand, Debug)]
pub(crate) enum Command {
    #[command(about = "Run the whole agreement on this machine, on real data", long_about = details::<demo::Demo>())]
    Demo(demo::Demo),
    /// Check, show or begin a charter.
    #[command(subcommand)]
    Charter(charter::Charter),
    #[command(about = "Make keys and one home per validating member", long_about = details::<init::Init>())]
    Init(init::Init),
    #[command(about = "Run a network of this machine's own", long_about = details::<up::Up>())]
    Up(up::Up),
    #[command(about = "Run one node of a network", long_about = details::<node::Node>())]
    Node(node::Node),
    #[command(about = "How a node and its network are", long_about = details::<read::Status>())]
    Status(read::Status),
    #[command(about = "The members, their rights and weights", long_about = details::<read::Members>())]
    Members(read::Members),
    #[command(about = "The proposals and how far they have come", long_about = details::<proposals::Proposals>())]
    Proposals(proposals::Proposals),
    #[command(about = "The treaties, and who deposited when", long_about = details::<read::Treaties>())]
    Treaties(read::Treaties),
    #[command(about = "What is in force for whom, on any day", long_about = details::<depositary::InForce>())]
    InForce(depositary::InForce),
    #[command(about = "The register of instruments: who filed what, and when", long_about = details::<depositary::Instruments>())]
    Instruments(depositary::Instruments),
    #[command(about = "Mandates from outside, who recorded them, and what was opened under them", long_about = details::<mandate::Mandates>())]
    Mandates(mandate::Mandates),
    /// Record a mandate from outside.
    #[command(subcommand)]
    Mandate(mandate::Mandate),
    #[command(about = "What the treasury holds", long_about = details::<read::Treasury>())]
    Treasury(read::Treasury),
    #[command(about = "Why a proposal or a treaty was decided as it was", long_about = details::<why::Why>())]
    Why(why::Why),
    #[command(about = "What a pending proposal would change", long_about = details::<simulate::Simulate>())]
    Simulate(simulate::Simulate),
    #[command(about = "The tracks of proposals", long_about = details::<life::Tracks>())]
    Tracks(life::Tracks),
    #[command(about = "What the chain will do by itself", long_about = details::<life::Agenda>())]
    Agenda(life::Agenda),
    #[command(about = "Make a proposal", long_about = details::<act::Propose>())]
    Propose(act::Propose),
    #[command(about = "Sponsor a draft", long_about = details::<life::Sponsor>())]
    Sponsor(life::Sponsor),
    #[command(about = "Pay the deposit of a draft", long_about = details::<life::PayDeposit>())]
    PayDeposit(life::PayDeposit),
    #[command(about = "Take a proposal back, or stop it as a guardian", long_about = details::<life::Cancel>())]
    Cancel(life::Cancel),
    #[command(about = "Cast, change or take back a ballot", long_about = details::<act::Ballot>())]
    Ballot(act::Ballot),
    #[command(about = "Reveal a sealed ballot", long_about = details::<sealed::Reveal>())]
    Reveal(sealed::Reveal),
    #[command(about = "Let another member's ballot count for this one", long_about = details::<delegate::Delegate>())]
    Delegate(delegate::Delegate),
    #[command(about = "Take a delegation back", long_about = details::<delegate::Undelegate>())]
    Undelegate(delegate::Undelegate),
    #[command(about = "Who delegated to whom", long_about = details::<delegate::Delegations>())]
    Delegations(delegate::Delegations),
    #[command(about = "The chambers, how their seats are filled and who has them", long_about = details::<seats::Chambers>())]
    Chambers(seats::Chambers),
    #[command(about = "Stand in the election of a chamber", long_about = details::<seats::Stand>())]
    Stand(seats::Stand),
    #[command(about = "Cast a ballot in the election of a chamber", long_about = details::<seats::Elect>())]
    Elect(seats::Elect),
    #[command(about = "Bond money on one's own conduct, or in a chamber by stake", long_about = details::<seats::Bond>())]
    Bond(seats::Bond),
    #[command(about = "Take bonded money back", long_about = details::<seats::Unbond>())]
    Unbond(seats::Unbond),
    #[command(about = "What is at stake on whose conduct", long_about = details::<incentive::Stakes>())]
    Stakes(incentive::Stakes),
    #[command(about = "Pay out rewards", long_about = details::<incentive::Claim>())]
    Claim(incentive::Claim),
    #[command(about = "Pay what was unbonded", long_about = details::<incentive::Release>())]
    Release(incentive::Release),
    #[command(about = "How members stand", long_about = details::<incentive::Standing>())]
    Standing(incentive::Standing),
    #[command(subcommand, about = "Evidence of dishonesty")]
    Evidence(evidence::EvidenceCommand),
    #[command(about = "Everything a member signed", long_about = details::<incentive::Signatures>())]
    Signatures(incentive::Signatures),
    #[command(about = "Deposit an instrument of a treaty", long_about = details::<depositary::Deposit>())]
    Deposit(depositary::Deposit),
    #[command(about = "Withdraw an instrument of a treaty", long_about = details::<depositary::Withdraw>())]
    Withdraw(depositary::Withdraw),
    #[command(about = "File declarations under a treaty", long_about = details::<depositary::Declare>())]
    Declare(depositary::Declare),
    #[command(about = "Object to a reservation", long_about = details::<depositary::Object>())]
    Object(depositary::Object),
    #[command(about = "Reject a text that would bind by silence", long_about = details::<depositary::Reject>())]
    Reject(depositary::Reject),
    #[command(about = "Texts that bind by silence", long_about = details::<depositary::Texts>())]
    Texts(depositary::Texts),
    #[command(about = "Take back a reservation, declaration, objection or rejection", long_about = details::<depositary::Retract>())]
    Retract(depositary::Retract),
    #[command(about = "Decide by a rule on a file of ballots, offline", long_about = details::<decide::Decide>())]
    Decide(decide::Decide),
    /// A clause of an article, offline: its value, or its cost.
    #[command(subcommand)]
    Clause(clause::ClauseCommand),
    /// Simulate networks under virtual time.
    #[command(subcommand)]
    Lab(lab::Lab),
    #[command(about = "Measure this machine, as ratios to its own limits", long_about = details::<bench::Bench>())]
    Bench(bench::Bench),
}

/// What `--help` of a command says at length: the words of its own type, which a variant's short line would hide.
fn details<T: clap::Args>() -> String {
    let command = T::augment_args(clap::Command::new("details"));
    let words = command.get_long_about().or(command.get_about());
    words.map(ToString::to_string).unwrap_or_default()
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
            Self::Stakes(args) => args.run(json),
            Self::Claim(args) => args.run(json),
            Self::Release(args) => args.run(json),
            Self::Standing(args) => args.run(json),
            Self::Evidence(command) => command.run(json),
            Self::Signatures(args) => args.run(json),
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
            Self::Clause(command) => command.run(json),
            Self::Lab(command) => command.run(json),
            Self::Bench(args) => args.run(json),
        }
    }
}
